import type { Cancel, Clock } from "../clock.ts";

/** Time between two looks at the event loop (ms). */
const INTERVAL_MS = 500;

/** Tells again and again how late (ms) a timer fires: for that long, no call could send or receive anything. */
export function watchEventLoop(clock: Clock, late: (ms: number) => void): Cancel {
  let cancel: Cancel;
  const wait = () => {
    const due = clock.now() + INTERVAL_MS;
    cancel = clock.after(INTERVAL_MS, () => {
      late(clock.now() - due);
      wait();
    });
  };
  wait();
  return () => cancel();
}
