/** A frame of caller audio. */
export interface CallerFrame {
  /** Base64 µ-law, 8 kHz. */
  readonly payload: string;
  readonly ms: number;
}

/** The latest caller audio, up to a limit: the oldest frames are dropped first. */
export class FrameBuffer {
  readonly #limitMs: number;
  #frames: CallerFrame[] = [];
  #ms = 0;

  /** @param limitMs Maximum audio to keep (ms). */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** @returns milliseconds of older audio that were dropped. */
  push(payload: string, ms: number): number {
    this.#frames.push({ payload, ms });
    this.#ms += ms;
    return this.trim(this.#limitMs);
  }

  /** Drops the oldest frames until at most `limitMs` are left; returns the milliseconds dropped. */
  trim(limitMs: number): number {
    let dropped = 0;
    while (this.#ms > limitMs) {
      const oldest = this.#frames.shift();
      if (!oldest) break;
      this.#ms -= oldest.ms;
      dropped += oldest.ms;
    }
    return dropped;
  }

  /** Removes and returns all frames. */
  drain(): CallerFrame[] {
    this.#ms = 0;
    return this.#frames.splice(0);
  }
}
