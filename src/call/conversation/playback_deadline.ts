import type { Cancel, Clock } from "../../clock.ts";

/** Timeout for the first audio (ms). */
export const FIRST_AUDIO_TIMEOUT_MS = 15_000;
/** Timeout beyond the audio that is not heard yet (ms). */
const GRACE_MS = 2_000;

/** How far the playback is: audio accepted so far, and the part of it that was not heard (ms). */
export interface PlaybackProgress {
  readonly acceptedMs: number;
  readonly unheardMs: number;
}

/** Fires when awaited speech fails: no audio arrives, or received audio is not played. */
export class PlaybackDeadline {
  readonly #clock: Clock;
  readonly #progress: () => PlaybackProgress;
  readonly #onTimeout: () => void;
  #last: PlaybackProgress;
  #timer: Cancel;

  constructor(clock: Clock, progress: () => PlaybackProgress, onTimeout: () => void) {
    this.#clock = clock;
    this.#progress = progress;
    this.#onTimeout = onTimeout;
    this.#last = progress();
    this.#timer = clock.after(FIRST_AUDIO_TIMEOUT_MS, () => this.#check());
  }

  cancel(): void {
    this.#timer();
  }

  #check(): void {
    const { acceptedMs, unheardMs } = this.#progress();
    const arrived = acceptedMs !== this.#last.acceptedMs;
    const played = unheardMs > 0 && unheardMs < this.#last.unheardMs;
    if (!arrived && !played) return this.#onTimeout();
    this.#last = { acceptedMs, unheardMs };
    this.#timer = this.#clock.after(unheardMs + GRACE_MS, () => this.#check());
  }
}
