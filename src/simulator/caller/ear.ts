/** Hears when somebody speaks on one side of the call. */

import { decodeMulaw } from "../../audio/g711.ts";
import { BYTES_PER_MS } from "./line.ts";

/** A sample of at least this magnitude (about -42 dBFS) is speech; a line's own noise stays under it. */
const AUDIBLE = 256;
/** A silence this long ends a stretch of speech: longer than the gap between two words. */
const GAP_MS = 500;

const IS_AUDIBLE = decodeMulaw(Uint8Array.from({ length: 256 }, (_, byte) => byte))
  .map((sample) => Number(Math.abs(sample) >= AUDIBLE));

/** The places of the first and after the last audible byte, as [begin, end); undefined if all is silent. */
export function audibleSpan(mulaw: Uint8Array): [begin: number, end: number] | undefined {
  const begin = mulaw.findIndex((byte) => IS_AUDIBLE[byte] === 1);
  return begin < 0 ? undefined : [begin, mulaw.findLastIndex((byte) => IS_AUDIBLE[byte] === 1) + 1];
}

/** Follows one side of a call frame by frame; all times in ms since the stream's start, exact to a sample. */
export class Ear {
  /** Whether a stretch of speech goes on (or paused less than half a second ago). */
  speaking = false;
  /** When the last stretch of speech began; undefined until one did. */
  beganAt: number | undefined;
  /** When the last audible sample ended. */
  heardUntil: number | undefined;
  #cut = false;

  /** Hears µ-law audio that begins at `atMs`, and says whether a stretch of speech began or ended in it. */
  hear(mulaw: Uint8Array, atMs: number): "began" | "ended" | undefined {
    const span = audibleSpan(mulaw);
    if (span) this.heardUntil = atMs + span[1] / BYTES_PER_MS;
    if (!this.speaking) {
      if (!span) return;
      this.speaking = true;
      this.beganAt = atMs + span[0] / BYTES_PER_MS;
      return "began";
    }
    if (!this.#cut && this.quietMs(atMs + mulaw.length / BYTES_PER_MS) < GAP_MS) return;
    this.speaking = this.#cut = false;
    return "ended";
  }

  /** The stretch that goes on is cut off in the frame that is heard next: what comes later is another. */
  cut(): void {
    this.#cut = this.speaking;
  }

  /** How long nothing audible was heard, in ms; since the stream's start if nothing ever was. */
  quietMs(nowMs: number): number {
    return nowMs - (this.heardUntil ?? 0);
  }
}
