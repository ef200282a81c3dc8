import type { Clock } from "../../clock.ts";

/** Failures an address may have within a window. */
const MAX_FAILURES = 10;
/** Length of a window, and of a block (ms). */
const WINDOW_MS = 60_000;
/** Most addresses remembered: about 1 MB. In a flood of more the oldest are forgotten, never the newest. */
const MAX_ADDRESSES = 8_192;

/** Counts failures by address; ten within a minute block it for a minute. */
export class FailureLimit {
  readonly #clock: Clock;
  /** In order of `until`. */
  readonly #addresses = new Map<string, { failures: number; until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#addresses.size;
  }

  /** Milliseconds until the address may try again; 0 when it may now. */
  blockedMs(address: string): number {
    this.#forget();
    const known = this.#addresses.get(network(address));
    return known && known.failures >= MAX_FAILURES ? known.until - this.#clock.now() : 0;
  }

  failed(address: string): void {
    this.#forget();
    const key = network(address);
    const known = this.#addresses.get(key);
    const failures = (known?.failures ?? 0) + 1;
    if (known && failures < MAX_FAILURES) {
      known.failures = failures;
      return;
    }
    // A new window, or the minute of a block: it ends after all others.
    this.#addresses.delete(key);
    this.#addresses.set(key, { failures, until: this.#clock.now() + WINDOW_MS });
  }

  #forget(): void {
    for (const [key, { until }] of this.#addresses) {
      if (until > this.#clock.now() && this.#addresses.size < MAX_ADDRESSES) return;
      this.#addresses.delete(key);
    }
  }
}

/** What one user of IPv6 has is a whole /64: its first four groups. */
function network(address: string): string {
  if (!address.includes(":")) return address;
  const [left = "", right = ""] = address.split("::");
  const head = left.split(":");
  const zeros = 8 - head.length - right.split(":").length;
  return [...head, ...Array<string>(Math.max(0, zeros)).fill("0"), ...right.split(":")].slice(0, 4).join(":");
}
