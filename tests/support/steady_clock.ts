import type { Cancel } from "../../src/clock.ts";
import { FakeClock } from "./fake_clock.ts";

/** Longest step (ms). What the parts of a call send one another arrives between two steps. */
const STEP_MS = 5;

/**
 * Follows the system clock, but stands still while the process does: a busy machine makes a test slower and leaves its
 * times as they are. All parts of a call must run on it, in one thread. It runs while timers are set.
 */
export class SteadyClock extends FakeClock {
  /** Its time per system time; 0 stops it. */
  rate: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #steppedAt = 0;

  constructor(rate = 1) {
    super();
    this.rate = rate;
    this.setWallClock(Date.now() - this.wallTime());
  }

  override after(ms: number, then: () => void): Cancel {
    // Whole milliseconds, at least one, like a system timer: a timer that is set again for a rest of 0 ms would fire forever.
    const cancel = super.after(Math.max(1, Math.ceil(ms)), then);
    if (this.#timer === undefined) {
      this.#steppedAt = performance.now();
      this.#schedule();
    }
    return () => {
      cancel();
      if (this.pending === 0) this.#stop();
    };
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#step(), 1);
  }

  #step(): void {
    const now = performance.now();
    const ms = Math.min(STEP_MS, Math.floor(this.rate * (now - this.#steppedAt)));
    if (ms > 0 || this.rate === 0) this.#steppedAt = now;
    this.advance(ms);
    this.#stop();
    if (this.pending > 0) this.#schedule();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
