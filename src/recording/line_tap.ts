import type { Clock } from "../clock.ts";
import { HeardAudio, type Stretch } from "./heard_audio.ts";
import type { PlayoutLine } from "../playout/playout.ts";

export interface LineTapOptions {
  readonly clock: Clock;
  /** From the start of the call's first stream until now (ms). */
  readonly atMs: () => number;
}

/**
 * Passes everything on to a call's line, and lets others hear what both sides heard: who records, who listens in, who
 * watches the levels. Nothing is computed while nobody does.
 */
export class LineTap implements PlayoutLine {
  readonly #options: LineTapOptions;
  readonly #listeners = new Set<(stretch: Stretch) => void>();
  #line: PlayoutLine | undefined;
  #heard: HeardAudio | undefined;
  /** Whether there has been a line: the time of what is heard counts from its beginning. */
  #begun = false;
  #callerMuted = false;

  constructor(options: LineTapOptions) {
    this.#options = options;
  }

  /** The line that is passed on to, from now on. */
  attach(line: PlayoutLine): this {
    this.#line = line;
    // The first line's beginning is that of time, also where a busy machine was late to say so.
    const startMs = this.#begun ? this.#options.atMs() : 0;
    this.#begun = true;
    if (this.#listeners.size > 0) this.#heard ??= this.#hear(startMs);
    this.#heard?.attached();
    return this;
  }

  detach(): void {
    this.#line = undefined;
    this.#heard?.detached();
  }

  /** Hands what both sides hear to `listener`, about half a second late, until what it returned is called. */
  listen(listener: (stretch: Stretch) => void): () => void {
    this.#listeners.add(listener);
    if (this.#begun) this.#heard ??= this.#hear(this.#options.atMs());
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.end();
    };
  }

  /** Nobody listens any more, or the line is gone for good: what was held back is handed out now. */
  end(): void {
    this.#heard?.end();
    this.#heard = undefined;
  }

  /** Whether listeners hear silence instead of the caller. */
  muteCaller(muted: boolean): void {
    this.#callerMuted = muted;
    this.#heard?.muteCaller(muted);
  }

  // What passes.

  callerFrame(payload: string, timestamp: number): void {
    this.#heard?.callerFrame(payload, timestamp);
  }

  markEchoed(name: string): void {
    this.#heard?.markEchoed(name);
  }

  media(audio: Uint8Array): void {
    // First, or a mark that comes back at once is not known yet.
    this.#heard?.sent(audio);
    this.#line?.media(audio);
  }

  mark(name: string): void {
    this.#heard?.markSent(name);
    this.#line?.mark(name);
  }

  clear(): void {
    this.#heard?.cleared();
    this.#line?.clear();
  }

  get congested(): boolean {
    return this.#line?.congested ?? false;
  }

  #hear(startMs: number): HeardAudio {
    const heard = new HeardAudio(this.#options.clock, startMs, (stretch) => {
      for (const listener of this.#listeners) listener(stretch);
    });
    if (this.#callerMuted) heard.muteCaller(true);
    if (!this.#line) heard.detached();
    return heard;
  }
}
