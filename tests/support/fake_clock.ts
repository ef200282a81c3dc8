import type { Cancel, Clock } from "../../src/clock.ts";

/** Timers of a service without calls: one measures the delay of the event loop. */
export const IDLE_TIMERS = 1;

/** Wall time at the clock's zero: 2026-01-01T00:00:00Z. */
const START = 1_767_225_600_000;

/** A clock that moves only when a test advances it. Timers fire in the order they are due. */
export class FakeClock implements Clock {
  #now = 1000;
  #wallOffset = 0;
  #timers: { due: number; then: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return START + this.#now + this.#wallOffset;
  }

  after(ms: number, then: () => void): Cancel {
    const timer = { due: this.#now + Math.max(0, ms), then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time by `ms`, and fires the timers that become due, including those set by timers. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers
        .filter((timer) => timer.due <= end)
        .reduce<{ due: number; then: () => void } | undefined>(
          (a, b) => !a || b.due < a.due ? b : a,
          undefined,
        );
      if (!next) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.due);
      next.then();
    }
    this.#now = end;
  }

  /** Moves time by `ms` without firing timers, like a blocked event loop. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** Sets the system clock by `ms`, forward or (negative) back, without moving time. */
  setWallClock(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Number of timers set; a closed object should leave none. */
  get pending(): number {
    return this.#timers.length;
  }
}
