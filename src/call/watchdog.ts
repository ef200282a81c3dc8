import type { Cancel, Clock } from "../clock.ts";

/** Barks once when nothing has touched it for a while. Touching is cheap enough for every frame: no timer is reset. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #bark: () => void;
  #touched = 0;
  #timer: Cancel | undefined;

  /** @param ms Longest silence allowed, in milliseconds. */
  constructor(clock: Clock, ms: number, bark: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#bark = bark;
  }

  /** Something happened; starts the watch if it was stopped. */
  touch(): void {
    this.#touched = this.#clock.now();
    this.#timer ??= this.#clock.after(this.#ms, () => this.#look());
  }

  stop(): void {
    this.#timer?.();
    this.#timer = undefined;
  }

  #look(): void {
    const left = this.#touched + this.#ms - this.#clock.now();
    // Timers may fire a fraction of a millisecond early.
    this.#timer = left > 1 ? this.#clock.after(left, () => this.#look()) : undefined;
    if (!this.#timer) this.#bark();
  }
}
