import { type Cancel, type Clock, systemClock } from "../../src/clock.ts";

/** The system clock, which counts the timers that have neither fired nor been cancelled. */
export class CountingClock implements Clock {
  pending = 0;

  now(): number {
    return systemClock.now();
  }

  wallTime(): number {
    return systemClock.wallTime();
  }

  after(ms: number, then: () => void): Cancel {
    this.pending++;
    let isPending = true;
    const settle = () => {
      if (isPending) this.pending--;
      isPending = false;
    };
    const cancel = systemClock.after(ms, () => {
      settle();
      then();
    });
    return () => {
      settle();
      cancel();
    };
  }
}
