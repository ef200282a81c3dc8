/** Compares the service's counters with the results of the attacks. */

import type { AttackResult } from "./attack.ts";

/** Earlier requests decide which of the two applies. */
export const BAD_CREDENTIALS_OR_LIMITED = "request/bad credentials or rate limited";
/** A silent socket times out, or is refused when too many are pending. */
export const NO_START_OR_PENDING = "stream/no start in time or pending streams";
/** A body that does not arrive times out, or gives way to a newer one when too many are open. */
export const SLOW_OR_TOO_MANY_BODIES = "request/body too slow or too many bodies";
const EITHER: Readonly<Record<string, string>> = {
  "request/bad credentials": BAD_CREDENTIALS_OR_LIMITED,
  "request/rate limited": BAD_CREDENTIALS_OR_LIMITED,
  "request/body too slow": SLOW_OR_TOO_MANY_BODIES,
  "request/too many bodies": SLOW_OR_TOO_MANY_BODIES,
  "stream/no start in time": NO_START_OR_PENDING,
  "stream/pending streams": NO_START_OR_PENDING,
};

/** Counters of refusals (`request/…`, `stream/…`), skipped frames (`frame/…`) and ended calls (`ended/…`). */
export type Counters = ReadonlyMap<string, number>;

const COUNTERS: Readonly<Record<string, (labels: Record<string, string>) => string>> = {
  parley_refusals_total: ({ kind, reason }) => `${kind}/${reason}`,
  parley_media_frames_skipped_total: ({ reason }) => `frame/${reason}`,
  parley_calls_ended_total: ({ reason }) => `ended/${reason}`,
};

/** Reads these counters from the text of `/metrics`. */
export function readCounters(text: string): Counters {
  const counters = new Map<string, number>();
  for (const [, name = "", labels = "", value] of text.matchAll(/^(\w+)\{(.*)\} (\d+)$/gm)) {
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]);
    const key = COUNTERS[name]?.(Object.fromEntries(pairs));
    if (key !== undefined) add(counters, EITHER[key] ?? key, Number(value));
  }
  return counters;
}

/** Expected and actual increment of a counter. */
export interface CounterComparison {
  readonly counter: string;
  readonly expected: number;
  readonly counted: number;
}

/** Compares the expected with the actual increments; includes counters that no attack should have incremented. */
export function compareCounters(
  results: readonly AttackResult[],
  before: Counters,
  after: Counters,
): CounterComparison[] {
  const expected = new Map<string, number>();
  for (const { times, counted } of results) {
    for (const [counter, each] of Object.entries(counted)) add(expected, counter, each * times);
  }
  return [...new Set([...expected.keys(), ...after.keys()])].sort().map((counter) => ({
    counter,
    expected: expected.get(counter) ?? 0,
    counted: (after.get(counter) ?? 0) - (before.get(counter) ?? 0),
  })).filter(({ expected, counted }) => expected + counted > 0);
}

function add(sums: Map<string, number>, key: string, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount);
}
