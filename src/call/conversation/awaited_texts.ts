import type { Cancel, Clock } from "../../clock.ts";

/** Items of the caller whose text must come within some time. */
export class AwaitedTexts {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onMissing: (itemId: string) => void;
  readonly #timers = new Map<string, Cancel>();

  /** @param onMissing Called if no text of an item has come after `ms`. */
  constructor(clock: Clock, ms: number, onMissing: (itemId: string) => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onMissing = onMissing;
  }

  add(itemId: string): void {
    const cancel = this.#clock.after(this.#ms, () => {
      this.#timers.delete(itemId);
      this.#onMissing(itemId);
    });
    this.#timers.set(itemId, cancel);
  }

  remove(itemId: string): void {
    this.#timers.get(itemId)?.();
    this.#timers.delete(itemId);
  }

  clear(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }
}
