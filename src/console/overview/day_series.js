/** Daily statistics as series for plots. Pure functions. */

/** @import { DayStats } from "../api_types.ts" */
/**
 * Assistants with a series each, and those that share one.
 * @typedef {{ shown: string[], rest: string[] }} AssistantGroups
 */

/** With more assistants than this, those with the fewest calls share a series. */
const MAX_SERIES = 5;

/**
 * The last `count` local days, oldest first, as `2026-11-21`.
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
  /** @type {(part: number) => string} */
  const two = (part) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * Groups the assistants, those with most calls first.
 *
 * @param {readonly DayStats[]} stats
 * @returns {AssistantGroups}
 */
export function assistantGroups(stats) {
  /** @type {Map<string, number>} */
  const calls = new Map();
  for (const { assistant, calls: more } of stats) calls.set(assistant, (calls.get(assistant) ?? 0) + more);
  const all = [...calls].toSorted(([a, callsA], [b, callsB]) => callsB - callsA || (a < b ? -1 : 1))
    .map(([name]) => name);
  const own = all.length > MAX_SERIES ? MAX_SERIES - 1 : all.length;
  return { shown: all.slice(0, own), rest: all.slice(own) };
}

/** @param {AssistantGroups} groups */
function namesOfSeries({ shown, rest }) {
  return [...shown.map((name) => [name]), ...(rest.length > 0 ? [rest] : [])];
}

/**
 * One series of daily values per assistant, and one for the rest together.
 *
 * @template Value
 * @param {readonly DayStats[]} stats
 * @param {readonly string[]} days
 * @param {AssistantGroups} groups
 * @param {(stats: DayStats[]) => Value} valueOf Called with the statistics of one day and series.
 * @returns {Value[][]}
 */
export function dailySeries(stats, days, groups, valueOf) {
  const byDay = Map.groupBy(stats, ({ day }) => day);
  return namesOfSeries(groups).map((names) =>
    days.map((day) => valueOf((byDay.get(day) ?? []).filter(({ assistant }) => names.includes(assistant))))
  );
}

/**
 * @param {readonly DayStats[]} stats
 * @param {"calls" | "minutes" | "carrierMinutes" | "costUsd" | "answers" | "bargeIns"} key
 */
export function sum(stats, key) {
  return stats.reduce((total, each) => total + each[key], 0);
}

/**
 * Barge-ins per response; undefined without responses.
 *
 * @param {readonly DayStats[]} stats
 */
export function bargeInRate(stats) {
  const answers = sum(stats, "answers");
  return answers === 0 ? undefined : sum(stats, "bargeIns") / answers;
}

/** @typedef {{ reason: string, calls: number, bySeries: number[] }} EndReasonCount */

/**
 * Calls per end reason, the most frequent first, in total and by series.
 *
 * @param {readonly DayStats[]} stats
 * @param {AssistantGroups} groups
 * @returns {EndReasonCount[]}
 */
export function endReasonCounts(stats, groups) {
  const series = namesOfSeries(groups);
  /** @type {Map<string, number[]>} */
  const counts = new Map();
  for (const { assistant, endings } of stats) {
    const own = series.findIndex((names) => names.includes(assistant));
    for (const [reason, calls] of Object.entries(endings)) {
      const bySeries = counts.get(reason) ?? series.map(() => 0);
      counts.set(reason, bySeries.map((count, at) => at === own ? count + calls : count));
    }
  }
  return [...counts]
    .map(([reason, bySeries]) => ({ reason, bySeries, calls: bySeries.reduce((a, b) => a + b, 0) }))
    .toSorted((a, b) => b.calls - a.calls || (a.reason < b.reason ? -1 : 1));
}

/**
 * The median of the daily percentiles, each day weighted by its responses. The percentile of the whole
 * period cannot be computed from those of its days.
 *
 * @param {readonly DayStats[]} stats
 * @param {"p50" | "p95" | "p99"} percentile
 * @returns {number | undefined}
 */
export function medianOfDays(stats, percentile) {
  const days = stats.flatMap(({ latency }) =>
    latency ? [{ ms: latency[percentile], answers: latency.answers }] : []
  ).toSorted((a, b) => a.ms - b.ms);
  const half = days.reduce((total, { answers }) => total + answers, 0) / 2;
  let before = 0;
  return days.find(({ answers }) => (before += answers) >= half)?.ms;
}

/**
 * Stacks series. Returns the start and end of the bar of each value.
 *
 * @param {readonly (readonly number[])[]} series
 * @returns {{ from: number, to: number }[][]}
 */
export function stacked(series) {
  /** @type {number[]} */
  const tops = [];
  return series.map((values) =>
    values.map((value, at) => {
      const from = tops[at] ?? 0;
      tops[at] = from + value;
      return { from, to: from + value };
    })
  );
}
