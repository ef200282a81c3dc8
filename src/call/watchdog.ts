import type { Cancel, Clock } from "../clock.ts";

/** Calls `onTimeout` once when it was not touched for `ms`. Touching sets no timer, so every frame can afford it. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onTimeout: () => void;
  #touchedAt = 0;
  #cancelTimer: Cancel | undefined;

  /** @param ms Timeout after a touch (ms). */
  constructor(clock: Clock, ms: number, onTimeout: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onTimeout = onTimeout;
  }

  /** Restarts the timeout; starts a stopped watchdog. */
  touch(): void {
    this.#touchedAt = this.#clock.now();
    this.#cancelTimer ??= this.#clock.after(this.#ms, () => this.#check());
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #check(): void {
    const left = this.#touchedAt + this.#ms - this.#clock.now();
    // Timers may fire a fraction of a millisecond early.
    this.#cancelTimer = left > 1 ? this.#clock.after(left, () => this.#check()) : undefined;
    if (!this.#cancelTimer) this.#onTimeout();
  }
}
