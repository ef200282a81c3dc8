import type { Cancel, Clock } from "../clock.ts";

/** The assistant is told that its time is nearly up so long before it is (ms) … */
const WARNING_MS = 30_000;
/** … in calls that may last at least this long (ms). */
const WARNED_CALL_MS = 60_000;

/** What the assistant is told then. */
const NEARLY_OVER =
  `This call will be ended in ${WARNING_MS / 1000} seconds. Bring it to a good end: finish what matters, ` +
  "and begin nothing new.";

/** Limits a call to `maxMs` from now: warns the assistant before, then says that time is over. */
export function limitTime(
  clock: Clock,
  maxMs: number,
  { warn, over }: { readonly warn: (note: string) => void; readonly over: () => void },
): Cancel {
  if (maxMs < WARNED_CALL_MS) return clock.after(maxMs, over);
  let cancel = clock.after(maxMs - WARNING_MS, () => {
    cancel = clock.after(WARNING_MS, over);
    warn(NEARLY_OVER);
  });
  return () => cancel();
}

/** How often the time on the line is counted (ms). */
const COUNTED_MS = 10_000;

/**
 * Counts the minutes of a call as they pass.
 *
 * @param use Takes minutes, and says whether they are nearly or all used up.
 * @returns stops to count.
 */
export function countMinutes(
  clock: Clock,
  use: (minutes: number) => "ok" | "warn" | "over",
  { warn, over }: { readonly warn: (note: string) => void; readonly over: () => void },
): Cancel {
  let cancel: Cancel = () => {};
  const wait = () => {
    cancel = clock.after(COUNTED_MS, () => {
      const state = use(COUNTED_MS / 60_000);
      if (state === "over") return over();
      if (state === "warn") warn("The minutes for today are nearly used up: come to an end soon.");
      wait();
    });
  };
  wait();
  return () => cancel();
}
