import type { Clock } from "../../clock.ts";
import { NamedTimers } from "./named_timers.ts";

/** A successor is dialled this long before the vendor ends a session (ms), and up to the spread earlier. */
const ROLLOVER_MS = 120_000;
const ROLLOVER_SPREAD_MS = 60_000;
/** The swap waits for a quiet moment until this long before the end (ms). */
const LAST_SWAP_MS = 20_000;
const QUIET_CHECK_MS = 100;
/** Wait before another successor is dialled when one has failed (ms). */
const RETRY_MS = 2_000;

export interface PlannedSwapOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly isQuiet: () => boolean;
  /** A successor should be dialled. */
  readonly dial: (reason: "expiring" | "context") => void;
  /** The successor should serve now. */
  readonly swap: () => void;
}

/** When a session is replaced that works: before the vendor ends it, and when its context is full. */
export class PlannedSwap {
  readonly #options: PlannedSwapOptions;
  readonly #timers: NamedTimers<"dial" | "swap">;
  /** When the vendor ends the session (ms of the clock). */
  #endsAt = Infinity;

  constructor(options: PlannedSwapOptions) {
    this.#options = options;
    this.#timers = new NamedTimers(options.clock);
  }

  /** A session serves now, which the vendor ends at `endsAt` (ms of the clock), if that is known. */
  start(endsAt: number | undefined): void {
    this.stop();
    if (endsAt === undefined) return;
    const { clock, dial, random } = this.#options;
    this.#endsAt = endsAt;
    const leftMs = endsAt - clock.now();
    const inMs = Math.max(leftMs - ROLLOVER_MS - random() * ROLLOVER_SPREAD_MS, leftMs / 2);
    this.#timers.set("dial", inMs, () => dial("expiring"));
  }

  /** The successor is prepared: swaps in a quiet moment, or 20 s before the end. */
  swapWhenQuiet(): void {
    const { clock, isQuiet, swap } = this.#options;
    if (clock.now() >= this.#endsAt - LAST_SWAP_MS || isQuiet()) return swap();
    this.#timers.set("swap", QUIET_CHECK_MS, () => this.swapWhenQuiet());
  }

  /** The successor has failed; the session it should replace still serves. */
  retry(reason: "expiring" | "context"): void {
    this.#timers.set("dial", RETRY_MS, () => this.#options.dial(reason));
  }

  stop(): void {
    this.#timers.cancelAll();
    this.#endsAt = Infinity;
  }
}
