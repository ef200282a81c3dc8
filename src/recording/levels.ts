import { heightOf } from "./peaks.ts";
import { factsOf, placeOf } from "./recording_file.ts";

/** One value for so much sound (ms) … */
const EVERY_MS = 20;
/** … or for so many times as much, where there would be more values than these. */
const MOST_VALUES = 15_000;
/** Read at a time (values): a second and a half, and others have their turn. */
const AT_ONCE = 75;

/** How loud both sides of a recording are, for a drawing: the heights of their peaks. */
export interface Levels {
  readonly everyMs: number;
  readonly caller: readonly number[];
  readonly assistant: readonly number[];
}

/** Measures a recording, from its beginning to its end; a part of a value at the end counts as one. */
export async function levelsOf(path: string): Promise<Levels> {
  using file = await Deno.open(path, { read: true });
  const { ms } = factsOf((await file.stat()).size);
  const everyMs = EVERY_MS * Math.max(1, Math.ceil(ms / EVERY_MS / MOST_VALUES));
  const valueBytes = placeOf(everyMs) - placeOf(0);
  const samples = new Int16Array(AT_ONCE * valueBytes / Int16Array.BYTES_PER_ELEMENT);
  const bytes = new Uint8Array(samples.buffer);
  const caller: number[] = [];
  const assistant: number[] = [];
  await file.seek(placeOf(0), Deno.SeekMode.Start);
  for (let filled = await fill(file, bytes); filled > 0; filled = await fill(file, bytes)) {
    const there = samples.subarray(0, filled >> 1);
    for (let from = 0; from < there.length; from += valueBytes / Int16Array.BYTES_PER_ELEMENT) {
      const value = there.subarray(from, from + valueBytes / Int16Array.BYTES_PER_ELEMENT);
      caller.push(height(value, 0));
      assistant.push(height(value, 1));
    }
  }
  return { everyMs, caller, assistant };
}

/** Of one channel of interleaved samples. */
function height(samples: Int16Array, channel: number): number {
  let peak = 0;
  for (let at = channel; at < samples.length; at += 2) {
    const sample = samples[at] ?? 0;
    if (sample > peak) peak = sample;
    else if (-sample > peak) peak = -sample;
  }
  return heightOf(peak);
}

async function fill(file: Deno.FsFile, bytes: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < bytes.length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return filled;
}
