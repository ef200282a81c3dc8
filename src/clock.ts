/** Undoes a timer that was set; does nothing once it has fired. */
export type Cancel = () => void;

/** Time, handed in wherever code waits or measures, so that a test can hold every race still. */
export interface Clock {
  /** Milliseconds on a monotonic scale; only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970, for what other machines or people read. */
  wallTime(): number;
  /** Runs `then` once, `ms` milliseconds from now. */
  after(ms: number, then: () => void): Cancel;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};
