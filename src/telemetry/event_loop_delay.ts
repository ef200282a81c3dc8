import type { Cancel, Clock } from "../clock.ts";

/** Interval of the measurements (ms). */
const INTERVAL_MS = 500;

/**
 * Measures the delay of a timer twice a second: for that long, no call could send or receive.
 *
 * @param observe Receives each delay (ms).
 * @returns Stops the measurements.
 */
export function measureEventLoopDelay(clock: Clock, observe: (delayMs: number) => void): Cancel {
  let cancel: Cancel;
  const measure = () => {
    const due = clock.now() + INTERVAL_MS;
    cancel = clock.after(INTERVAL_MS, () => {
      observe(clock.now() - due);
      measure();
    });
  };
  measure();
  return () => cancel();
}
