/** Whether what was counted is what was sent. */

import type { Made } from "./attack.ts";

/** Which of the two it is depends on who came before. */
export const GUESSED = "request/bad credentials or rate limited";
/** A silent socket is waited for, unless too many are already. */
export const SILENT = "stream/no start in time or pending streams";
const EITHER: Readonly<Record<string, string>> = {
  "request/bad credentials": GUESSED,
  "request/rate limited": GUESSED,
  "stream/no start in time": SILENT,
  "stream/pending streams": SILENT,
};

/** The counters of refusals (`request/…`, `stream/…`), of frames skipped (`frame/…`) and calls ended (`ended/…`). */
export type Counters = ReadonlyMap<string, number>;

const COUNTERS: Readonly<Record<string, (labels: Record<string, string>) => string>> = {
  parley_refusals_total: ({ what, reason }) => `${what}/${reason}`,
  parley_media_frames_skipped_total: ({ reason }) => `frame/${reason}`,
  parley_calls_ended_total: ({ reason }) => `ended/${reason}`,
};

/** Reads from the text of `/metrics` what attacks add to. */
export function readCounters(text: string): Counters {
  const counters = new Map<string, number>();
  for (const [, name = "", labels = "", value] of text.matchAll(/^(\w+)\{(.*)\} (\d+)$/gm)) {
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]);
    const key = COUNTERS[name]?.(Object.fromEntries(pairs));
    if (key !== undefined) add(counters, EITHER[key] ?? key, Number(value));
  }
  return counters;
}

/** How much should have been added to a counter, and how much was. */
export interface Entry {
  readonly counter: string;
  readonly due: number;
  readonly counted: number;
}

/** Holds what was sent against what was counted meanwhile. What nobody should have added to is in it, too. */
export function settle(made: readonly Made[], before: Counters, after: Counters): Entry[] {
  const due = new Map<string, number>();
  for (const { times, counted } of made) {
    for (const [counter, each] of Object.entries(counted)) add(due, counter, each * times);
  }
  return [...new Set([...due.keys(), ...after.keys()])].sort().map((counter) => ({
    counter,
    due: due.get(counter) ?? 0,
    counted: (after.get(counter) ?? 0) - (before.get(counter) ?? 0),
  })).filter(({ due, counted }) => due + counted > 0);
}

function add(sums: Map<string, number>, key: string, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount);
}
