import type { Clock } from "../../clock.ts";

/** Limits of a session's lifetime that can be true (ms): the clocks of server and client may differ. */
const MIN_MS = 60_000;
const MAX_MS = 86_400_000;

/**
 * When a session ends, by the clock's monotonic time. Call it when `expires_at` arrives.
 *
 * @param expiresAt Seconds since 1970 by the server's clock.
 * @returns undefined if it is missing, or the clocks disagree too much to believe it.
 */
export function readSessionEnd(expiresAt: number | undefined, clock: Clock): number | undefined {
  if (expiresAt === undefined) return undefined;
  const lifetimeMs = expiresAt * 1000 - clock.wallTime();
  return lifetimeMs < MIN_MS || lifetimeMs > MAX_MS ? undefined : clock.now() + lifetimeMs;
}
