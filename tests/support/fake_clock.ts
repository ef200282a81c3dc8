import type { Cancel, Clock } from "../../src/clock.ts";

/** 2026-01-01T00:00:00Z, when a fake clock would have said zero. */
const START = 1_767_225_600_000;

/** A clock that stands still until a test moves it; timers fire in order of their due time. */
export class FakeClock implements Clock {
  #now = 1000;
  #timers: { due: number; then: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return START + this.#now;
  }

  after(ms: number, then: () => void): Cancel {
    const timer = { due: this.#now + Math.max(0, ms), then };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time by `ms`, firing what falls due on the way, timers set by timers included. */
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

  /** Moves time by `ms` without running any timer, as a blocked event loop would. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** How many timers are set: a closed object should leave none. */
  get pending(): number {
    return this.#timers.length;
  }
}
