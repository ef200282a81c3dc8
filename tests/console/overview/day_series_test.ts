import { assert, assertEquals } from "@std/assert";
import type { DayStats } from "../../../src/records/call_stats.ts";
import {
  assistantGroups,
  bargeInRate,
  dailySeries,
  endReasonCounts,
  lastDays,
  medianOfDays,
  stacked,
  sum,
} from "../../../src/console/overview/day_series.js";

function stats(day: string, assistant: string, changed: Partial<DayStats> = {}): DayStats {
  return {
    day,
    assistant,
    calls: 1,
    minutes: 2,
    carrierMinutes: 3,
    costUsd: 0.5,
    endings: {},
    answers: 4,
    bargeIns: 1,
    bargeInRate: 0.25,
    latency: undefined,
    ...changed,
  };
}

Deno.test("lastDays() ends today, across months and daylight-saving changes", () => {
  assertEquals(lastDays(4, new Date(2026, 2, 2, 0, 5)), [
    "2026-02-27",
    "2026-02-28",
    "2026-03-01",
    "2026-03-02",
  ]);
  const quarter = lastDays(90, new Date(2026, 10, 21, 23, 59));
  assertEquals([quarter.length, new Set(quarter).size, quarter.at(-1)], [90, 90, "2026-11-21"]);
});

Deno.test("assistantGroups() shows up to five assistants, else the four with most calls and the rest", () => {
  const of = (names: string) => [...names].map((name, at) => stats("2026-11-21", name, { calls: 10 + at }));
  assertEquals(assistantGroups(of("abcde")), { shown: ["e", "d", "c", "b", "a"], rest: [] });
  assertEquals(assistantGroups(of("abcdefg")), { shown: ["g", "f", "e", "d"], rest: ["c", "b", "a"] });
  assertEquals(assistantGroups([stats("1", "b"), stats("1", "a"), stats("2", "b")]).shown, ["b", "a"]);
});

Deno.test("dailySeries() has a value per day, and combines the rest", () => {
  const days = ["2026-11-20", "2026-11-21"];
  const series = dailySeries(
    [
      stats("2026-11-20", "a", { calls: 7 }),
      stats("2026-11-21", "b", { calls: 2 }),
      stats("2026-11-21", "c", { calls: 3 }),
      stats("2026-11-19", "a", { calls: 100 }),
    ],
    days,
    { shown: ["a"], rest: ["b", "c"] },
    (each) => sum(each, "calls"),
  );
  assertEquals(series, [[7, 0], [0, 5]]);
  assertEquals(stacked(series), [[{ from: 0, to: 7 }, { from: 0, to: 0 }], [{ from: 7, to: 7 }, {
    from: 0,
    to: 5,
  }]]);
  assertEquals(stacked([]), []);
});

Deno.test("bargeInRate() is over all responses, and undefined without responses", () => {
  const busy = stats("2026-11-21", "a", { answers: 90, bargeIns: 9 });
  const quiet = stats("2026-11-21", "b", { answers: 10, bargeIns: 10 });
  assertEquals(bargeInRate([busy, quiet]), 0.19);
  assertEquals(bargeInRate([stats("2026-11-21", "a", { answers: 0, bargeIns: 0 })]), undefined);
  assertEquals(bargeInRate([]), undefined);
});

Deno.test("endReasonCounts() counts by reason and series, the most frequent first", () => {
  const counts = endReasonCounts([
    stats("2026-11-20", "a", { endings: { silence: 1, "caller hung up": 2 } }),
    stats("2026-11-21", "a", { endings: { silence: 1 } }),
    stats("2026-11-21", "c", { endings: { silence: 4, "model failed": 2 } }),
  ], { shown: ["a", "b"], rest: ["c"] });
  assertEquals(counts, [
    { reason: "silence", bySeries: [2, 0, 4], calls: 6 },
    { reason: "caller hung up", bySeries: [2, 0, 0], calls: 2 },
    { reason: "model failed", bySeries: [0, 0, 2], calls: 2 },
  ]);
});

Deno.test("medianOfDays() weights each day by its responses", () => {
  const of = (answers: number, p50: number) =>
    stats("2026-11-21", "a", { latency: { answers, p50, p95: p50 * 2, p99: p50 * 3 } });
  assertEquals(medianOfDays([of(1, 900), of(98, 500), of(1, 100)], "p50"), 500);
  assertEquals(medianOfDays([of(1, 100), of(1, 200), of(5, 700)], "p95"), 1_400);
  assertEquals(medianOfDays([stats("2026-11-21", "a")], "p50"), undefined);
  assert(medianOfDays([of(3, 250)], "p99") === 750, "a single day");
});
