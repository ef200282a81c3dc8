import type { Cancel, Clock } from "../../clock.ts";

/** Timers by name: setting one cancels the timer that had its name. */
export class NamedTimers<Name extends string> {
  readonly #clock: Clock;
  readonly #timers = new Map<Name, Cancel>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(name: Name): boolean {
    return this.#timers.has(name);
  }

  set(name: Name, ms: number, then: () => void): void {
    this.cancel(name);
    this.#timers.set(
      name,
      this.#clock.after(ms, () => {
        this.#timers.delete(name);
        then();
      }),
    );
  }

  cancel(...names: readonly Name[]): void {
    for (const name of names) {
      this.#timers.get(name)?.();
      this.#timers.delete(name);
    }
  }

  cancelAll(): void {
    this.cancel(...this.#timers.keys());
  }
}
