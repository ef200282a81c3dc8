import type { Cancel, Clock } from "../../clock.ts";
import type { SessionSlot } from "./session_slot.ts";

/** How long a replaced session stays open, for late transcripts and usage (ms). */
const DRAIN_MS = 2_000;

/** Sessions that were replaced and are still open. */
export class DrainingSessions {
  readonly #clock: Clock;
  readonly #timers = new Map<SessionSlot, Cancel>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#timers.size;
  }

  add(slot: SessionSlot): void {
    slot.drain();
    this.#timers.set(
      slot,
      this.#clock.after(DRAIN_MS, () => {
        this.#timers.delete(slot);
        slot.close();
      }),
    );
  }

  close(): void {
    for (const [slot, cancel] of this.#timers) {
      cancel();
      slot.close();
    }
    this.#timers.clear();
  }
}
