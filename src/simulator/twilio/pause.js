/** @import { Clock } from "../../clock.ts" */

/**
 * Waits `ms` milliseconds, or until the signal aborts.
 *
 * @param {Clock} clock @param {number} ms @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(clock, ms, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done);
  });
}

/** @param {AbortSignal} signal @returns {Promise<void>} Resolves when the signal aborts. */
export function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
