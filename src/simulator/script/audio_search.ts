/** Finds known speech in a recording of a call. 16-bit samples at 8 kHz. */

/** Loudness is compared in blocks of this many samples. */
const BLOCK = 160;
/** Step of the search (samples). */
const STEP = 10;
/** A shorter match, in blocks, could be chance. */
const MIN_BLOCKS = 15;
/** Allowed difference between the root mean squares of two equal blocks: relative, or absolute. */
interface Tolerance {
  readonly ratio: number;
  readonly absolute: number;
}
const SAME: Tolerance = { ratio: 0.12, absolute: 100 };
/** For blocks up to half a step apart: a loud edge of one may be missing in the other. */
const NEARLY_SAME: Tolerance = { ratio: 0.3, absolute: 800 };

/** Position of a match, and its length without a break (samples). */
export interface AudioMatch {
  readonly at: number;
  readonly length: number;
}

/**
 * Finds the first match of the beginning of `speech` at or after `from`. Compares loudness contours, which
 * survive a codec and a filter. Undefined without a match of at least 300 ms.
 */
export function findAudio(speech: Int16Array, recording: Int16Array, from = 0): AudioMatch | undefined {
  const speechEnergies = energies(speech), recordingEnergies = energies(recording);
  const contour = Array.from(
    { length: Math.floor(speech.length / BLOCK) },
    (_, i) => loudness(speechEnergies, i * BLOCK),
  );
  const start = contour.slice(0, MIN_BLOCKS);
  const mayBeAt = (at: number) =>
    start.every((level, i) => isSame(level, loudness(recordingEnergies, at + i * BLOCK), NEARLY_SAME));
  const errorAt = (at: number) =>
    start.reduce((sum, level, i) => sum + Math.abs(level - loudness(recordingEnergies, at + i * BLOCK)), 0);
  for (let at = Math.max(0, Math.floor(from)); at + start.length * BLOCK <= recording.length; at += STEP) {
    if (!mayBeAt(at)) continue;
    // The first acceptable position is usually a little early. Move on while the error shrinks.
    let best = at;
    for (let near = at; near < best + BLOCK; near++) if (errorAt(near) < errorAt(best)) best = near;
    const mismatch = contour.findIndex((level, i) =>
      !isSame(level, loudness(recordingEnergies, best + i * BLOCK), SAME)
    );
    if (mismatch >= 0 && mismatch < start.length) continue;
    return { at: best, length: mismatch < 0 ? speech.length : mismatch * BLOCK };
  }
  return undefined;
}

function isSame(one: number, other: number, { ratio, absolute }: Tolerance): boolean {
  return Math.abs(one - other) <= Math.max(absolute, ratio * Math.max(one, other));
}

/** Prefix sums of the energy: the sum of all samples before each index. */
function energies(samples: Int16Array): Float64Array {
  const sums = new Float64Array(samples.length + 1);
  for (let i = 0; i < samples.length; i++) sums[i + 1] = (sums[i] ?? 0) + (samples[i] ?? 0) ** 2;
  return sums;
}

/** The root mean square of the block at `at`; silence follows the end. */
function loudness(sums: Float64Array, at: number): number {
  const end = sums[Math.min(at + BLOCK, sums.length - 1)] ?? 0;
  return Math.sqrt((end - (sums[Math.min(at, sums.length - 1)] ?? 0)) / BLOCK);
}
