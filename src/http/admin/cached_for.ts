import type { Clock } from "../../clock.ts";

/**
 * Does something that takes long: not again before so many milliseconds after its end, and not twice at a time. Whoever
 * asks in between gets what it came to; what failed may be tried again at once.
 */
export function recently<Result>(
  work: () => Promise<Result>,
  ms: number,
  clock: Clock,
): () => Promise<Result> {
  let last: Promise<Result> | undefined;
  /** Until then `last` is good enough; not known while it is at work. */
  let until = Infinity;
  return () => {
    if (last && clock.now() < until) return last;
    until = Infinity;
    last = work();
    last.then(() => until = clock.now() + ms, () => last = undefined);
    return last;
  };
}
