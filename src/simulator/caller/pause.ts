import type { Clock } from "../../clock.ts";

/** Waits `ms` milliseconds, or until the signal. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  const abort = () => resolve();
  signal.addEventListener("abort", abort, { once: true });
  return promise.finally(() => {
    cancel();
    signal.removeEventListener("abort", abort);
  });
}
