import type { Cancel, Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";

const DAY_MS = 86_400_000;

/**
 * Deletes calls that are older than so many days, now and once a day.
 *
 * @param deleteBefore Deletes what began before a time (ISO 8601); the CallSids of what it deleted.
 * @returns ends it.
 */
export function keepFor(
  days: number,
  deleteBefore: (time: string) => Promise<readonly string[]>,
  clock: Clock,
  log: Log,
): Cancel {
  let cancel: Cancel = () => {};
  const look = async () => {
    cancel = clock.after(DAY_MS, look);
    try {
      const deleted = await deleteBefore(new Date(clock.wallTime() - days * DAY_MS).toISOString());
      if (deleted.length > 0) log.info("old calls deleted", { calls: deleted.length });
    } catch (error) {
      log.error("old calls not deleted", { problem: error instanceof Error ? error.message : String(error) });
    }
  };
  void look();
  return () => cancel();
}
