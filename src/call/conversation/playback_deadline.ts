import type { Cancel, Clock } from "../../clock.ts";

/** Timeout for the first audio (ms). */
export const FIRST_AUDIO_TIMEOUT_MS = 15_000;
/** Added to the length of the unheard audio, to get the timeout for playing it (ms). */
const GRACE_MS = 2_000;

/** Progress of the playback (ms). */
export interface PlaybackProgress {
  /** Audio accepted so far. */
  readonly acceptedMs: number;
  /** The part of it that was not heard yet. */
  readonly unheardMs: number;
  /** While the playback is paused, nothing can be played. */
  readonly paused?: boolean;
}

/** Fires when awaited speech fails: no audio arrives, or received audio is not played. */
export class PlaybackDeadline {
  readonly #clock: Clock;
  readonly #progress: () => PlaybackProgress;
  readonly #onTimeout: () => void;
  #last: PlaybackProgress;
  #cancelTimer: Cancel;

  constructor(clock: Clock, progress: () => PlaybackProgress, onTimeout: () => void) {
    this.#clock = clock;
    this.#progress = progress;
    this.#onTimeout = onTimeout;
    this.#last = progress();
    this.#cancelTimer = clock.after(FIRST_AUDIO_TIMEOUT_MS, () => this.#check());
  }

  cancel(): void {
    this.#cancelTimer();
  }

  #check(): void {
    const { acceptedMs, unheardMs, paused } = this.#progress();
    const arrived = acceptedMs !== this.#last.acceptedMs;
    const played = unheardMs > 0 && unheardMs < this.#last.unheardMs;
    // What is repeated after a pause counts as heard already.
    if (!arrived && !played && !paused && !this.#last.paused) return this.#onTimeout();
    this.#last = { acceptedMs, unheardMs, ...(paused ? { paused } : {}) };
    this.#cancelTimer = this.#clock.after(unheardMs + GRACE_MS, () => this.#check());
  }
}
