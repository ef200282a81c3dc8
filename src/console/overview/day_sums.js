/** Sums of calls by day and assistant, made ready for drawing. Pure. */

/** @typedef {import("../../records/call_stats.ts").DayStats} DayStats */

/** Assistants that get a place of their own in a drawing; the rest share one. */
const MOST = 5;

/**
 * Every day of the last so many, the oldest first, as `2026-11-21` here.
 *
 * @param {number} count
 * @param {Date} now
 */
export function lastDays(count, now) {
  return Array.from(
    { length: count },
    (_, at) => dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() - count + 1 + at)),
  );
}

/** @param {Date} date */
function dayOf(date) {
  const two = (part) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * Who has a place of their own, those with most calls first; `rest` are the others, if there are any.
 *
 * @param {readonly DayStats[]} stats
 */
export function assistantsOf(stats) {
  /** @type {Map<string, number>} */
  const calls = new Map();
  for (const { assistant, calls: more } of stats) calls.set(assistant, (calls.get(assistant) ?? 0) + more);
  const all = [...calls].toSorted(([a, many], [b, more]) => more - many || (a < b ? -1 : 1)).map(([name]) =>
    name
  );
  const own = all.length > MOST ? MOST - 1 : all.length;
  return { shown: all.slice(0, own), rest: all.slice(own) };
}

/**
 * What is found for each day, one row an assistant, and one more for the rest of them together.
 *
 * @template T
 * @param {readonly DayStats[]} stats
 * @param {string[]} days
 * @param {{ shown: string[], rest: string[] }} assistants
 * @param {(stats: DayStats[]) => T} found Of the sums of one day, of one assistant or of the rest.
 * @returns {T[][]}
 */
export function rows(stats, days, { shown, rest }, found) {
  const groups = [...shown.map((name) => [name]), ...(rest.length > 0 ? [rest] : [])];
  return groups.map((names) =>
    days.map((day) => found(stats.filter((each) => each.day === day && names.includes(each.assistant))))
  );
}

/**
 * @param {readonly DayStats[]} stats
 * @param {"calls" | "minutes" | "carrierMinutes" | "modelUsd" | "answers" | "bargeIns"} key
 */
export function sum(stats, key) {
  return stats.reduce((all, each) => all + each[key], 0);
}

/**
 * Barge-ins for each answer; undefined where there was none.
 *
 * @param {readonly DayStats[]} stats
 */
export function bargeInRate(stats) {
  const answers = sum(stats, "answers");
  return answers === 0 ? undefined : sum(stats, "bargeIns") / answers;
}

/**
 * How often calls ended for which reason, the most frequent first, and for each how often by assistant.
 *
 * @param {readonly DayStats[]} stats
 * @param {{ shown: string[], rest: string[] }} assistants
 * @returns {{ reason: string, calls: number, by: number[] }[]}
 */
export function endings(stats, { shown, rest }) {
  const groups = [...shown.map((name) => [name]), ...(rest.length > 0 ? [rest] : [])];
  /** @type {Map<string, number[]>} */
  const found = new Map();
  for (const { assistant, endings } of stats) {
    const group = groups.findIndex((names) => names.includes(assistant));
    for (const [reason, calls] of Object.entries(endings)) {
      const by = found.get(reason) ?? groups.map(() => 0);
      by[group] += calls;
      found.set(reason, by);
    }
  }
  return [...found].map(([reason, by]) => ({ reason, by, calls: by.reduce((all, each) => all + each, 0) }))
    .toSorted((a, b) => b.calls - a.calls || (a.reason < b.reason ? -1 : 1));
}

/**
 * A percentile of a whole time is not in those of its days. What can be said truly: the middle one of the days' values,
 * where a day counts for as many as it had answers.
 *
 * @param {readonly DayStats[]} stats
 * @param {"p50" | "p95" | "p99"} key
 * @returns {number | undefined}
 */
export function middleOf(stats, key) {
  const days = stats.flatMap(({ latency }) => latency ? [[latency[key], latency.answers]] : [])
    .toSorted(([a], [b]) => a - b);
  const half = days.reduce((all, [, answers]) => all + answers, 0) / 2;
  let before = 0;
  return days.find(([, answers]) => (before += answers) >= half)?.[0];
}

/**
 * Each row put upon the ones before: where its bar begins and ends, for each day.
 *
 * @param {number[][]} rows
 */
export function stacked(rows) {
  const tops = (rows[0] ?? []).map(() => 0);
  return rows.map((row) =>
    row.map((value, at) => {
      const from = tops[at];
      tops[at] += value;
      return { from, to: tops[at] };
    })
  );
}
