/** Measurements of audio. */

import { convertRate } from "../../src/audio/convert_rate.ts";

/** The level of samples (dB full scale). */
export function levelDb(samples: ArrayLike<number>): number {
  let power = 0;
  for (let i = 0; i < samples.length; i++) power += (samples[i] ?? 0) ** 2;
  return 10 * Math.log10(power / samples.length + 1e-12);
}

/** The level of one frequency in samples (dB full scale). */
export function toneDb(samples: ArrayLike<number>, hertz: number, rate: number): number {
  let real = 0, imaginary = 0;
  for (let i = 0; i < samples.length; i++) {
    real += (samples[i] ?? 0) * Math.cos(2 * Math.PI * hertz * i / rate);
    imaginary += (samples[i] ?? 0) * Math.sin(2 * Math.PI * hertz * i / rate);
  }
  return 20 * Math.log10(2 * Math.hypot(real, imaginary) / samples.length + 1e-9);
}

/** Sample rate of the comparison (Hz): at 8 kHz, the two ends can differ by a fraction of a sample. */
const FINE = 48_000;
const LINE = 8_000;
/**
 * The coarse search compares this many samples of the line, one in {@linkcode SEARCH_STEP}; it may be off by
 * SEARCH_ERROR.
 */
const SEARCH_SAMPLES = 4_000;
const SEARCH_STEP = 5;
const SEARCH_ERROR = 4;

/**
 * The position of `part` in `whole`, both at 8 kHz, and their normalised correlation there: 1 means equal apart from
 * the level.
 */
export function find(part: Float32Array, whole: Float32Array): { at: number; similarity: number } {
  const { at } = bestMatch(
    part.subarray(0, SEARCH_SAMPLES),
    whole.subarray(0, whole.length - part.length + SEARCH_SAMPLES),
    SEARCH_STEP,
  );
  const there = whole.subarray(Math.max(0, at - SEARCH_ERROR), at + part.length + SEARCH_ERROR);
  return { at, similarity: bestMatch(resample(part, LINE, FINE), resample(there, LINE, FINE)).similarity };
}

/** Converts samples to another rate. */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  const pcm = convertRate(Int16Array.from(samples, (sample) => sample * 32_767), from, to);
  return Float32Array.from(pcm, (sample) => sample / 32_767);
}

function bestMatch(part: Float32Array, whole: Float32Array, each = 1): { at: number; similarity: number } {
  let best = { at: 0, similarity: 0 };
  for (let at = 0; at <= whole.length - part.length; at++) {
    const similarity = correlation(part, whole, at, each);
    if (similarity > best.similarity) best = { at, similarity };
  }
  return best;
}

/** Normalised correlation of `part` with `whole` from `at` on, of one sample in `each`. */
function correlation(part: Float32Array, whole: Float32Array, at: number, each: number): number {
  let product = 0, powerA = 1e-12, powerB = 1e-12;
  for (let i = 0; i < part.length; i += each) {
    const a = part[i] as number, b = whole[at + i] as number;
    product += a * b;
    powerA += a * a;
    powerB += b * b;
  }
  return product / Math.sqrt(powerA * powerB);
}
