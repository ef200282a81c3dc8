import { decodeMulaw } from "../audio/g711.js";
import { BYTES_PER_MS } from "../audio/line_format.js";
import type { AudioQueue } from "./audio_queue.ts";

/** Default of what is repeated at least (ms), and its maximum. */
export const OVERLAP_MS = 300;
/** Length of the audio before it that is searched for a pause (ms). */
const SEARCH_MS = 150;
/** Audio to keep before the position heard (bytes). */
export const KEEP_BYTES = (OVERLAP_MS + SEARCH_MS) * BYTES_PER_MS;
/** Length of the quiet part to find, and the step of the search (ms). */
const WINDOW_MS = 20;
const STEP_MS = 5;

/**
 * Where to resume: the quietest 20 ms of the 150 ms that end `overlapMs` before the position heard. Moves the queue's place.
 *
 * @param start Where the item that was heard begins: nothing before it is repeated.
 */
export function resumePosition(queue: AudioQueue, heard: number, start: number, overlapMs: number): number {
  const latest = Math.max(start, queue.start, heard - overlapMs * BYTES_PER_MS);
  const earliest = Math.max(start, queue.start, latest - SEARCH_MS * BYTES_PER_MS);
  queue.seek(earliest);
  return earliest + quietestPart(queue.read(latest - earliest));
}

/** Where the quietest 20 ms of µ-law audio begin (bytes): the last of several that are equal; the end if it is shorter. */
function quietestPart(audio: Uint8Array): number {
  const samples = decodeMulaw(audio);
  const window = WINDOW_MS * BYTES_PER_MS;
  let quietest = Infinity, place = audio.length;
  for (let start = audio.length - window; start >= 0; start -= STEP_MS * BYTES_PER_MS) {
    const loudness = samples.subarray(start, start + window).reduce(
      (sum, sample) => sum + Math.abs(sample),
      0,
    );
    if (loudness >= quietest) continue;
    quietest = loudness;
    place = start;
  }
  return place;
}
