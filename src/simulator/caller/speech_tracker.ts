/** Detects by level when one side of a call speaks. */

import { decodeMulaw } from "../../audio/g711.js";
import { BYTES_PER_MS } from "../../audio/line_format.js";

/** A sample of at least this magnitude (about -42 dBFS) is speech; line noise stays below it. */
const AUDIBLE = 256;
/** A silence this long (ms) ends an utterance; the gap between two words is shorter. */
const GAP_MS = 500;

const IS_AUDIBLE = decodeMulaw(Uint8Array.from({ length: 256 }, (_, byte) => byte))
  .map((sample) => Number(Math.abs(sample) >= AUDIBLE));

/** Index of the first audible byte and the index after the last one; undefined if all are silent. */
export function audibleSpan(mulaw: Uint8Array): [begin: number, end: number] | undefined {
  const begin = mulaw.findIndex((byte) => IS_AUDIBLE[byte] === 1);
  return begin < 0 ? undefined : [begin, mulaw.findLastIndex((byte) => IS_AUDIBLE[byte] === 1) + 1];
}

/** Follows one side of a call frame by frame. Times are ms since the stream's start, exact to a sample. */
export class SpeechTracker {
  /** Whether an utterance is in progress; a pause of less than 500 ms does not end it. */
  speaking = false;
  /** Start of the last utterance; undefined before the first. */
  startedAtMs: number | undefined;
  /** End of the last audible sample. */
  audibleUntilMs: number | undefined;
  #interrupted = false;

  /** Processes µ-law audio that begins at `atMs`; returns whether an utterance started or stopped in it. */
  process(mulaw: Uint8Array, atMs: number): "started" | "stopped" | undefined {
    const span = audibleSpan(mulaw);
    if (span) this.audibleUntilMs = atMs + span[1] / BYTES_PER_MS;
    if (!this.speaking) {
      if (!span) return;
      this.speaking = true;
      this.startedAtMs = atMs + span[0] / BYTES_PER_MS;
      return "started";
    }
    if (!this.#interrupted && this.silentMs(atMs + mulaw.length / BYTES_PER_MS) < GAP_MS) return;
    this.speaking = this.#interrupted = false;
    return "stopped";
  }

  /** Ends the current utterance in the next frame. Later audio is a new utterance. */
  interrupt(): void {
    this.#interrupted = this.speaking;
  }

  /** Silence up to `nowMs` (ms), counted from the stream's start before the first sound. */
  silentMs(nowMs: number): number {
    return nowMs - (this.audibleUntilMs ?? 0);
  }
}
