/** Samples of a telephone call: 8 kHz, from -1 to 1. */

import { encodeMulaw } from "../../src/audio/g711.js";
import { LINE_RATE } from "../../src/audio/line_format.js";

const WINDOW = LINE_RATE / 100;
/** A window this far below the loudest one is a pause (dB). */
const PAUSE_DB = 25;

/** Root mean square of what is not a pause, in dB below full scale. */
export function activeLevelDb(samples: Float32Array): number {
  const powers: number[] = [];
  for (let at = 0; at + WINDOW <= samples.length; at += WINDOW) {
    powers.push(samples.subarray(at, at + WINDOW).reduce((sum, sample) => sum + sample * sample, 0) / WINDOW);
  }
  const least = Math.max(...powers) * 10 ** (-PAUSE_DB / 10);
  const active = powers.filter((power) => power >= least);
  return 10 * Math.log10(active.reduce((sum, power) => sum + power, 0) / active.length);
}

/** The same sound at this level (dB below full scale). */
export function atLevel(samples: Float32Array, levelDb: number): Float32Array {
  const gain = 10 ** ((levelDb - activeLevelDb(samples)) / 20);
  return samples.map((sample) => sample * gain);
}

/** The sound without the silence in front of it and behind it. */
export function trimmed(samples: Float32Array): Float32Array {
  const loud = samples.reduce((max, sample) => Math.max(max, Math.abs(sample)), 0) / 50;
  const isLoud = (sample: number) => Math.abs(sample) > loud;
  return samples.slice(Math.max(0, samples.findIndex(isLoud)), samples.findLastIndex(isLoud) + 1);
}

/** Steady noise of a line, as long as `length`. */
export function lineNoise(length: number, levelDb: number, random: () => number): Float32Array {
  const amplitude = 10 ** (levelDb / 20) * Math.sqrt(3);
  return Float32Array.from({ length }, () => (random() * 2 - 1) * amplitude);
}

/** Adds `sound` to `track` from sample `at` on. */
export function mixInto(track: Float32Array, sound: Float32Array, at: number): void {
  for (let i = 0; i < sound.length && at + i < track.length; i++) {
    track[at + i] = (track[at + i] ?? 0) + (sound[i] ?? 0);
  }
}

export function toMulaw(samples: Float32Array): Uint8Array {
  return encodeMulaw(
    Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767)),
  );
}

export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
