import { messageOf } from "../error_message.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";

const DAY_MS = 86_400_000;

/**
 * Deletes calls older than `days` days, now and once a day.
 *
 * @param deleteBefore Deletes the calls that started before an ISO 8601 time; returns their CallSids.
 * @returns a function that stops it.
 */
export function startRetention(
  days: number,
  deleteBefore: (time: string) => Promise<readonly string[]>,
  clock: Clock,
  log: Log,
): Cancel {
  let cancel: Cancel = () => {};
  const run = async () => {
    cancel = clock.after(DAY_MS, run);
    try {
      const deleted = await deleteBefore(new Date(clock.wallTime() - days * DAY_MS).toISOString());
      if (deleted.length > 0) log.info("old calls deleted", { calls: deleted.length });
    } catch (error) {
      log.error("old calls not deleted", { problem: messageOf(error) });
    }
  };
  void run();
  return () => cancel();
}
