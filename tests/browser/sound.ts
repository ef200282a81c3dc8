/** What sound is measured with here. */

import { convertRate } from "../../src/audio/mod.ts";

/** The level of samples (dB below full scale). */
export function levelDb(samples: ArrayLike<number>): number {
  let power = 0;
  for (let i = 0; i < samples.length; i++) power += (samples[i] ?? 0) ** 2;
  return 10 * Math.log10(power / samples.length + 1e-12);
}

/** The level of one tone in samples (dB below a full one). */
export function toneDb(samples: ArrayLike<number>, hertz: number, rate: number): number {
  let real = 0, imaginary = 0;
  for (let i = 0; i < samples.length; i++) {
    real += (samples[i] ?? 0) * Math.cos(2 * Math.PI * hertz * i / rate);
    imaginary += (samples[i] ?? 0) * Math.sin(2 * Math.PI * hertz * i / rate);
  }
  return 20 * Math.log10(2 * Math.hypot(real, imaginary) / samples.length + 1e-9);
}

/** What is compared is compared at this rate: the clocks on both ends are not in step with each other. */
const FINE = 48_000;
const LINE = 8_000;
/** So much of a sound tells where it is (samples of the line), each so manyth of it; and so far it may be off then. */
const TELLING = 4_000;
const EACH = 5;
const OFF = 4;

/** Where `part` lies in `whole`, both at 8 kHz, and how alike they are there: 1 is the same but for loudness. */
export function find(part: Float32Array, whole: Float32Array): { at: number; alike: number } {
  const { at } = best(
    part.subarray(0, TELLING),
    whole.subarray(0, whole.length - part.length + TELLING),
    EACH,
  );
  const there = whole.subarray(Math.max(0, at - OFF), at + part.length + OFF);
  return { at, alike: best(converted(part, LINE, FINE), converted(there, LINE, FINE)).alike };
}

/** The same sound at another rate. */
export function converted(samples: Float32Array, from: number, to: number): Float32Array {
  const pcm = convertRate(Int16Array.from(samples, (sample) => sample * 32_767), from, to);
  return Float32Array.from(pcm, (sample) => sample / 32_767);
}

function best(part: Float32Array, whole: Float32Array, each = 1): { at: number; alike: number } {
  let found = { at: 0, alike: 0 };
  for (let at = 0; at <= whole.length - part.length; at++) {
    const alike = likeness(part, whole, at, each);
    if (alike > found.alike) found = { at, alike };
  }
  return found;
}

/** How alike a sound is to what lies at a place of another; each so manyth sample is looked at. */
function likeness(part: Float32Array, whole: Float32Array, at: number, each: number): number {
  let product = 0, powerA = 1e-12, powerB = 1e-12;
  for (let i = 0; i < part.length; i += each) {
    const a = part[i] as number, b = whole[at + i] as number;
    product += a * b;
    powerA += a * a;
    powerB += b * b;
  }
  return product / Math.sqrt(powerA * powerB);
}
