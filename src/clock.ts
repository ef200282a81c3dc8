/** Cancels a timer. Does nothing once it has fired. */
export type Cancel = () => void;

/** A source of time and timers. It is injected, so that tests control every race. */
export interface Clock {
  /** Monotonic time (ms), without a defined origin. */
  now(): number;
  /** Wall-clock time: milliseconds since 1970, for people and other systems. */
  wallTime(): number;
  /** Calls `then` once after `ms` milliseconds. */
  after(ms: number, then: () => void): Cancel;
}

/** The system clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or when the signal aborts. */
export async function wait(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  const abort = () => resolve();
  signal?.addEventListener("abort", abort, { once: true });
  await promise;
  signal?.removeEventListener("abort", abort);
  cancel();
}
