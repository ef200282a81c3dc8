/** Finds in what a caller heard what was said to it. 8 kHz samples. */

const BLOCK = 160;
/** So many samples from one place that is tried to the next; they follow one another closer where it fits. */
const STEP = 10;
/** What is heard for less is not told from something else. */
const LEAST_BLOCKS = 15;
/** How far the loudness (root mean square) of two blocks that sound the same may differ: by this part of it, or so much. */
interface Tolerance {
  readonly part: number;
  readonly least: number;
}
const SAME: Tolerance = { part: 0.12, least: 100 };
/** While they may be half a step apart: what is loud at the edge of one may be missing in the other. */
const NEARLY_SAME: Tolerance = { part: 0.3, least: 800 };

/** Where something was heard, and for how long without a break; samples. */
export interface Hearing {
  readonly at: number;
  readonly length: number;
}

/**
 * Finds the first place from `from` on where the beginning of `said` was heard, by how its loudness rises and falls; it
 * may have been through a codec and a filter. Undefined: it was heard nowhere, or for less than 300 ms.
 */
export function findHeard(said: Int16Array, recording: Int16Array, from = 0): Hearing | undefined {
  const ours = energies(said), theirs = energies(recording);
  const wanted = Array.from({ length: Math.floor(said.length / BLOCK) }, (_, i) => loudness(ours, i * BLOCK));
  const start = wanted.slice(0, LEAST_BLOCKS);
  const mayBeAt = (at: number) =>
    start.every((one, i) => isSame(one, loudness(theirs, at + i * BLOCK), NEARLY_SAME));
  const offAt = (at: number) =>
    start.reduce((sum, one, i) => sum + Math.abs(one - loudness(theirs, at + i * BLOCK)), 0);
  for (let at = Math.max(0, Math.floor(from)); at + start.length * BLOCK <= recording.length; at += STEP) {
    if (!mayBeAt(at)) continue;
    // The first place that will do is mostly a little early: as long as it gets better, it is further on.
    let best = at;
    for (let near = at; near < best + BLOCK; near++) if (offAt(near) < offAt(best)) best = near;
    const other = wanted.findIndex((one, i) => !isSame(one, loudness(theirs, best + i * BLOCK), SAME));
    if (other >= 0 && other < start.length) continue;
    return { at: best, length: other < 0 ? said.length : other * BLOCK };
  }
  return undefined;
}

function isSame(one: number, other: number, { part, least }: Tolerance): boolean {
  return Math.abs(one - other) <= Math.max(least, part * Math.max(one, other));
}

/** The energy of all samples before each. */
function energies(samples: Int16Array): Float64Array {
  const sums = new Float64Array(samples.length + 1);
  for (const [i, sample] of samples.entries()) sums[i + 1] = (sums[i] ?? 0) + sample * sample;
  return sums;
}

/** How loud the block from `at` on is; what lies beyond the end is silent. */
function loudness(sums: Float64Array, at: number): number {
  const end = sums[Math.min(at + BLOCK, sums.length - 1)] ?? 0;
  return Math.sqrt((end - (sums[Math.min(at, sums.length - 1)] ?? 0)) / BLOCK);
}
