/** Sounds that no package has, made of noise: throat clearing, keyboard, door. */

import { LINE_RATE } from "../../src/audio/line_format.js";

interface Burst {
  /** Start, rise, and time constant of the decay (ms). */
  readonly atMs: number;
  readonly riseMs: number;
  readonly decayMs: number;
  readonly level: number;
}

/** Noise bursts through a resonance, `ms` long. @param hertz The resonance; @param narrow 0 (wide) to 1. */
function bursts(
  ms: number,
  { hertz, narrow, random }: {
    readonly hertz: number;
    readonly narrow: number;
    readonly random: () => number;
  },
  parts: readonly Burst[],
): Float32Array {
  const samples = new Float32Array(ms * LINE_RATE / 1_000);
  const angle = 2 * Math.PI * hertz / LINE_RATE;
  let last = 0, beforeLast = 0;
  for (let i = 0; i < samples.length; i++) {
    const atMs = i * 1_000 / LINE_RATE;
    const envelope = parts.reduce((sum, { atMs: start, riseMs, decayMs, level }) => {
      const since = atMs - start;
      if (since < 0) return sum;
      return sum + level * Math.min(1, since / riseMs) * Math.exp(-Math.max(0, since - riseMs) / decayMs);
    }, 0);
    const next = (random() * 2 - 1) * envelope + 2 * narrow * Math.cos(angle) * last -
      narrow ** 2 * beforeLast;
    samples[i] = next;
    beforeLast = last;
    last = next;
  }
  return samples;
}

/** Two hoarse bursts: "ahem". */
export function throatClearing(random: () => number): Float32Array {
  return bursts(600, { hertz: 700, narrow: 0.93, random }, [
    { atMs: 0, riseMs: 30, decayMs: 90, level: 0.7 },
    { atMs: 280, riseMs: 25, decayMs: 110, level: 1 },
  ]);
}

export function doorSlam(random: () => number): Float32Array {
  return bursts(500, { hertz: 350, narrow: 0.97, random }, [
    { atMs: 0, riseMs: 2, decayMs: 70, level: 1 },
    { atMs: 60, riseMs: 2, decayMs: 60, level: 0.4 },
  ]);
}

/** Six strokes in a second. */
export function keyboard(random: () => number): Float32Array {
  const strokes = [0, 170, 310, 490, 640, 830];
  return bursts(
    1_000,
    { hertz: 2_400, narrow: 0.8, random },
    strokes.map((atMs) => ({
      atMs,
      riseMs: 1,
      decayMs: 12,
      level: 1,
    })),
  );
}
