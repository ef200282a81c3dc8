import { BoundedMap } from "../../../bounded_map.ts";
import type { Clock } from "../../../clock.ts";
import { networkOf } from "../../address.ts";

/** Failures within a window that block an address. */
const MAX_FAILURES = 10;
/** Length of the window, and of a block (ms). */
const WINDOW_MS = 60_000;
/** Maximum number of addresses kept (about 1 MB). A flood evicts the oldest. */
const MAX_ADDRESSES = 8_192;

/** Counts failures by IP address; after ten within a minute, the address is over the limit for a minute. */
export class FailureLimit {
  readonly #clock: Clock;
  /** Ordered by `until` (ms of the clock). */
  readonly #addresses = new BoundedMap<string, { failures: number; until: number }>(MAX_ADDRESSES);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of addresses kept. */
  get size(): number {
    return this.#addresses.size;
  }

  /** Milliseconds until the address is below the limit; 0 when it is now. */
  blockedMs(address: string): number {
    this.#deleteExpired();
    const entry = this.#addresses.get(networkOf(address));
    return entry && entry.failures >= MAX_FAILURES ? entry.until - this.#clock.now() : 0;
  }

  addFailure(address: string): void {
    this.#deleteExpired();
    const key = networkOf(address);
    const entry = this.#addresses.get(key);
    const failures = (entry?.failures ?? 0) + 1;
    if (entry && failures < MAX_FAILURES) {
      entry.failures = failures;
      return;
    }
    // A new window or a block ends last, so it moves to the end of the map.
    this.#addresses.set(key, { failures, until: this.#clock.now() + WINDOW_MS });
  }

  #deleteExpired(): void {
    for (const [key, { until }] of this.#addresses) {
      if (until > this.#clock.now()) return;
      this.#addresses.delete(key);
    }
  }
}
