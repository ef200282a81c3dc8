import { BYTES_PER_MS } from "../../audio/line_format.js";

/** A frame of caller audio. */
export interface CallerFrame {
  /** Base64 µ-law, 8 kHz. */
  readonly payload: string;
  readonly ms: number;
}

/** A frame at its position: ms since the call's first frame, filled gaps included. */
export interface PlacedFrame extends CallerFrame {
  readonly atMs: number;
}

/** The latest caller audio, without gaps, up to a limit: the oldest frames are dropped first. Nothing is removed by reading. */
export class CallerAudioBuffer {
  readonly #limitMs: number;
  readonly #frames: PlacedFrame[] = [];
  /** Frames removed so far: the number of the first frame kept. */
  #removed = 0;
  #endMs = 0;

  /** @param limitMs Maximum audio to keep (ms). */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Start of the audio kept. */
  get startMs(): number {
    return this.#frames[0]?.atMs ?? this.#endMs;
  }

  /** End of the audio pushed so far. */
  get endMs(): number {
    return this.#endMs;
  }

  /** @returns milliseconds of older audio that were dropped. */
  push(payload: string, ms: number): number {
    this.#frames.push({ payload, ms, atMs: this.#endMs });
    this.#endMs += ms;
    const before = this.startMs;
    while (this.#endMs - this.startMs > this.#limitMs) this.#remove(1);
    return this.startMs - before;
  }

  /**
   * The frames from the first one that ends after `positionMs`. Frames pushed while they are read follow; frames dropped
   * meanwhile are left out.
   */
  *from(positionMs: number): Generator<PlacedFrame> {
    let index = this.#frames.length;
    // Backwards: a reader that keeps up is at the last frame.
    while (index > 0 && endOf(this.#frames[index - 1]) > positionMs) index--;
    for (let number = this.#removed + index;; number++) {
      number = Math.max(number, this.#removed);
      const frame = this.#frames[number - this.#removed];
      if (!frame) return;
      yield frame;
    }
  }

  /** Removes the frames that end at or before `beforeMs`. */
  release(beforeMs: number): void {
    let count = 0;
    while (count < this.#frames.length && endOf(this.#frames[count]) <= beforeMs) count++;
    if (count > 0) this.#remove(count);
  }

  #remove(count: number): void {
    if (count === 1) this.#frames.shift();
    else this.#frames.splice(0, count);
    this.#removed += count;
  }
}

function endOf(frame: PlacedFrame | undefined): number {
  return frame ? frame.atMs + frame.ms : 0;
}

/** Milliseconds of µ-law in a base64 text, without decoding it. */
export function payloadMs(payload: string): number {
  const padding = payload.endsWith("==") ? 2 : payload.endsWith("=") ? 1 : 0;
  return (payload.length / 4 * 3 - padding) / BYTES_PER_MS;
}

/** Base64 of µ-law silence, 0xFF. */
export function silentPayload(ms: number): string {
  const bytes = Math.round(ms * BYTES_PER_MS);
  return "////".repeat(Math.floor(bytes / 3)) + ["", "/w==", "//8="][bytes % 3];
}
