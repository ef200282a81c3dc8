import type { Clock } from "../../clock.ts";

/** Wait before each attempt to reconnect (ms). When all attempts were made within the window, there are no more. */
const WAITS_MS = [0, 1_000, 3_000];
const WINDOW_MS = 60_000;

/** Failures after which another session may work: network and server errors, and the vendor's time limit. */
const RECOVERABLE = new Set(["closed", "connect", "not_ready", "overloaded", "session_expired"]);

/**
 * Decides whether a lost model session is replaced.
 *
 * @returns a function to call with the code of each failure. It returns how long to wait before reconnecting (ms), or
 * undefined to give up.
 */
export function createReconnectPolicy(clock: Clock): (code: string) => number | undefined {
  let losses: number[] = [];
  return (code) => {
    if (!RECOVERABLE.has(code)) return undefined;
    const now = clock.now();
    losses = losses.filter((at) => now - at < WINDOW_MS);
    const waitMs = WAITS_MS[losses.length];
    losses.push(now);
    return waitMs;
  };
}
