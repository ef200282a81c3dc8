import type { Clock } from "../../../clock.ts";

/**
 * Caches the result of slow work. Concurrent calls share one run, and its result is reused for `ms` after
 * it finished. A failed run is not cached.
 *
 * @param ms How long a result is reused (ms).
 */
export function cachedFor<Result>(
  work: () => Promise<Result>,
  ms: number,
  clock: Clock,
): () => Promise<Result> {
  let last: Promise<Result> | undefined;
  /** Infinity while a run is in progress (ms of the clock). */
  let expires = Infinity;
  return () => {
    if (last && clock.now() < expires) return last;
    expires = Infinity;
    last = work();
    last.then(() => expires = clock.now() + ms, () => last = undefined);
    return last;
  };
}
