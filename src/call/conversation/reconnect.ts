import type { Clock } from "../../clock.ts";

/** Wait before each attempt to reconnect (ms). After this many attempts within the window, the session is given up. */
const WAITS_MS = [0, 1_000, 3_000];
const WINDOW_MS = 60_000;

/** Failures that may not happen again: of the network, of the server, and the end of the vendor's session limit. */
const RECOVERABLE = new Set(["closed", "connect", "not_ready", "overloaded", "session_expired"]);

/** Decides whether a lost model session is replaced. */
export class ReconnectPolicy {
  readonly #clock: Clock;
  #losses: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns how long to wait before reconnecting (ms); undefined to give up. */
  waitAfterLoss(code: string): number | undefined {
    if (!RECOVERABLE.has(code)) return undefined;
    const now = this.#clock.now();
    this.#losses = this.#losses.filter((at) => now - at < WINDOW_MS);
    const wait = WAITS_MS[this.#losses.length];
    this.#losses.push(now);
    return wait;
  }
}
