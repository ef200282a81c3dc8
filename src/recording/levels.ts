import { peakHeight } from "./peaks.ts";
import { fileOffset, recordingInfo } from "./recording_file.ts";

/** Audio per value (ms). */
const EVERY_MS = 20;
/** Maximum number of values (5 minutes). In longer recordings, each value covers a multiple of {@linkcode EVERY_MS}. */
const MAX_VALUES = 15_000;
/** Values read at a time: 1.5 s, so that other work of the thread runs in between. */
const BATCH_VALUES = 75;

/** The waveforms of both sides of a recording: peak heights from 0 to 255, one for each `everyMs`. */
export interface Levels {
  readonly everyMs: number;
  readonly caller: readonly number[];
  readonly assistant: readonly number[];
}

/** Measures a whole recording file. An incomplete value at the end counts as one. */
export async function measureLevels(path: string): Promise<Levels> {
  using file = await Deno.open(path, { read: true });
  const { ms } = recordingInfo((await file.stat()).size);
  const everyMs = EVERY_MS * Math.max(1, Math.ceil(ms / EVERY_MS / MAX_VALUES));
  const valueBytes = fileOffset(everyMs) - fileOffset(0);
  const samples = new Int16Array(BATCH_VALUES * valueBytes / Int16Array.BYTES_PER_ELEMENT);
  const bytes = new Uint8Array(samples.buffer);
  const caller: number[] = [];
  const assistant: number[] = [];
  await file.seek(fileOffset(0), Deno.SeekMode.Start);
  for (let filled = await fill(file, bytes); filled > 0; filled = await fill(file, bytes)) {
    const audio = samples.subarray(0, filled >> 1);
    for (let from = 0; from < audio.length; from += valueBytes / Int16Array.BYTES_PER_ELEMENT) {
      const value = audio.subarray(from, from + valueBytes / Int16Array.BYTES_PER_ELEMENT);
      caller.push(channelHeight(value, 0));
      assistant.push(channelHeight(value, 1));
    }
  }
  return { everyMs, caller, assistant };
}

/** The peak height of one channel of interleaved samples. */
function channelHeight(samples: Int16Array, channel: number): number {
  let peak = 0;
  for (let at = channel; at < samples.length; at += 2) {
    const sample = samples[at] ?? 0;
    if (sample > peak) peak = sample;
    else if (-sample > peak) peak = -sample;
  }
  return peakHeight(peak);
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
