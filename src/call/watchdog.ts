import type { Cancel, Clock } from "../clock.ts";

/** Fires once when it has not been touched for a while. Touching sets no timer, so it is cheap enough for every frame. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onTimeout: () => void;
  #touchedAt = 0;
  #timer: Cancel | undefined;

  /** @param ms Timeout after a touch (ms). */
  constructor(clock: Clock, ms: number, onTimeout: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onTimeout = onTimeout;
  }

  /** Restarts the time, and starts a stopped watchdog. */
  touch(): void {
    this.#touchedAt = this.#clock.now();
    this.#timer ??= this.#clock.after(this.#ms, () => this.#check());
  }

  stop(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  #check(): void {
    const left = this.#touchedAt + this.#ms - this.#clock.now();
    // Timers may fire a fraction of a millisecond early.
    this.#timer = left > 1 ? this.#clock.after(left, () => this.#check()) : undefined;
    if (!this.#timer) this.#onTimeout();
  }
}
