import type { Clock } from "../../clock.ts";

/** Waits before a lost session is dialled again (ms); after so many tries within a minute it is given up. */
const WAITS_MS = [0, 1_000, 3_000];
const WINDOW_MS = 60_000;

/** Losses that may not happen again: the network's, the server's, and the end of the vendor's hour. */
const RECOVERABLE = new Set(["closed", "dial", "not_ready", "overloaded", "session_expired"]);

/** Whether a model session that was lost is worth another. */
export class Reconnect {
  readonly #clock: Clock;
  #losses: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long to wait before dialling again (ms); undefined when that is no use. */
  afterLoss(code: string): number | undefined {
    if (!RECOVERABLE.has(code)) return undefined;
    const now = this.#clock.now();
    this.#losses = this.#losses.filter((at) => now - at < WINDOW_MS);
    const wait = WAITS_MS[this.#losses.length];
    this.#losses.push(now);
    return wait;
  }
}
