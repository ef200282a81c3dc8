import type { Clock } from "../clock.ts";
import type { PlayoutLine } from "../playout/playout.ts";
import { AudioAligner, type AudioSlice } from "./audio_aligner.ts";

/**
 * A call's line with taps: passes everything to the line, and both sides of the audio to listeners (the recorder, the live
 * monitor, the level meter). Does nothing more while there are no listeners.
 */
export class LineTap implements PlayoutLine {
  readonly #clock: Clock;
  readonly #atMs: () => number;
  readonly #listeners = new Set<(slice: AudioSlice) => void>();
  #line: PlayoutLine | undefined;
  #aligner: AudioAligner | undefined;
  /** Whether there has been a line. The timeline starts with the first one. */
  #started = false;
  #callerMuted = false;

  /** @param atMs Returns the time since the call's first stream started (ms). */
  constructor(clock: Clock, atMs: () => number) {
    this.#clock = clock;
    this.#atMs = atMs;
  }

  /** Sets the line. */
  attach(line: PlayoutLine): this {
    this.#line = line;
    // The timeline starts with the first line, even if a busy machine reports the line late.
    const startMs = this.#started ? this.#atMs() : 0;
    this.#started = true;
    if (this.#listeners.size > 0) this.#aligner ??= this.#createAligner(startMs);
    this.#aligner?.streamStarted();
    return this;
  }

  detach(): void {
    this.#line = undefined;
    this.#aligner?.streamLost();
  }

  /**
   * Passes both sides of the audio to `listener`, about half a second late.
   *
   * @returns a function that removes the listener.
   */
  listen(listener: (slice: AudioSlice) => void): () => void {
    this.#listeners.add(listener);
    if (this.#started) this.#aligner ??= this.#createAligner(this.#atMs());
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.end();
    };
  }

  /** Passes the remaining audio to the listeners and stops, because the last listener left or the call ended. */
  end(): void {
    this.#aligner?.end();
    this.#aligner = undefined;
  }

  /** Starts or stops replacing the caller's audio by silence for listeners. */
  muteCaller(muted: boolean): void {
    this.#callerMuted = muted;
    this.#aligner?.muteCaller(muted);
  }

  callerFrame(payload: string, timestamp: number): void {
    this.#aligner?.callerFrame(payload, timestamp);
  }

  markEchoed(name: string): void {
    this.#aligner?.markEchoed(name);
  }

  media(audio: Uint8Array): void {
    // Before the line: its mark may return at once.
    this.#aligner?.audioSent(audio);
    this.#line?.media(audio);
  }

  mark(name: string): void {
    this.#aligner?.markSent(name);
    this.#line?.mark(name);
  }

  clear(): void {
    this.#aligner?.clearSent();
    this.#line?.clear();
  }

  get congested(): boolean {
    return this.#line?.congested ?? false;
  }

  #createAligner(startMs: number): AudioAligner {
    const aligner = new AudioAligner(this.#clock, startMs, (slice) => {
      for (const listener of this.#listeners) listener(slice);
    });
    if (this.#callerMuted) aligner.muteCaller(true);
    if (!this.#line) aligner.streamLost();
    return aligner;
  }
}
