import { assert, assertEquals } from "@std/assert";
import type { CallEvent, CallRecord, Turn } from "../../../src/records/call_record.ts";
import { inOrder, lanesOf, packed, starts, turnAt, waitOf } from "../../../src/console/calls/call_lanes.js";
import { call } from "../../records/calls.ts";

const LATENCY = { modelMs: 400, sentMs: 5, heardMs: 95 };

const GREETING: Turn = {
  who: "assistant",
  text: "Hello",
  atMs: 90,
  heardMs: 1_000,
  totalMs: 1_000,
  generated: { fromMs: 100, toMs: 500 },
  played: { fromMs: 110, toMs: 1_200 },
};
const QUESTION: Turn = {
  who: "caller",
  text: "Who is it?",
  atMs: 2_400,
  spoken: { fromMs: 1_500, toMs: 2_500 },
};
const CUT: Turn = {
  who: "assistant",
  text: "It is",
  atMs: 2_880,
  heardMs: 600,
  totalMs: 4_000,
  cut: true,
  latency: LATENCY,
  generated: { fromMs: 2_900, toMs: 3_500 },
  played: { fromMs: 2_905, toMs: 3_600 },
};
const LAST: Turn = { ...GREETING, atMs: 4_900, played: { fromMs: 5_000, toMs: 6_000 } };

function lanes(turns: Turn[], events: CallEvent[] = [], changed: Partial<CallRecord> = {}) {
  return lanesOf({ ...call(1), seconds: 7, turns, events, ...changed });
}

Deno.test("lanes say who spoke, what was made, what was heard, and how long the caller waited for it", () => {
  const { spoken, generated, played, hops, approximate, totalMs } = lanes([GREETING, QUESTION, CUT]);
  assertEquals(approximate, false);
  assertEquals(totalMs, 7_000);
  assertEquals(spoken, [{ turn: 1, fromMs: 1_500, toMs: 2_500 }]);
  assertEquals(generated, [{ turn: 0, fromMs: 100, toMs: 500 }, { turn: 2, fromMs: 2_900, toMs: 3_500 }]);
  assertEquals(played, [
    { turn: 0, fromMs: 110, toMs: 1_200, lastMarkMs: 1_200 },
    { turn: 2, fromMs: 2_905, toMs: 3_600, cutToMs: 7_000, firstMarkMs: 3_000 },
  ]);
  assertEquals(hops, [
    { hop: "model", turn: 2, fromMs: 2_500, toMs: 2_900 },
    { hop: "sent", turn: 2, fromMs: 2_900, toMs: 2_905 },
    { hop: "heard", turn: 2, fromMs: 2_905, toMs: 3_000 },
  ]);
});

Deno.test("what was cut is drawn up to the next answer, never over it", () => {
  assertEquals(lanes([CUT, LAST]).played[0]?.cutToMs, 5_000);
  assertEquals(lanes([{ ...CUT, played: { fromMs: 4_500, toMs: 5_200 } }, LAST]).played[0]?.cutToMs, 5_200);
});

Deno.test("a record of old has its turns about where they were, one after the other", () => {
  const turns: Turn[] = [
    { who: "assistant", text: "Hello", atMs: 300, heardMs: 2_000, totalMs: 2_000 },
    { who: "assistant", text: "Are you there?", atMs: 900, heardMs: 1_000, totalMs: 3_000, cut: true },
    { who: "caller", text: "Yes", atMs: 3_500 },
    { who: "assistant", text: "Good", atMs: 3_900, latency: LATENCY },
  ];
  const { spoken, generated, played, approximate, hops } = lanes(turns);
  assert(approximate);
  assertEquals(spoken, [{ turn: 2, fromMs: 3_500, toMs: 3_500 }]);
  assertEquals(generated, []);
  assertEquals(played, [
    { turn: 0, fromMs: 300, toMs: 2_300 },
    { turn: 1, fromMs: 2_300, toMs: 3_300, cutToMs: 3_905 },
    { turn: 3, fromMs: 3_905, toMs: 3_905 },
  ]);
  assertEquals(hops.length, 3);
});

Deno.test("an event lasts until it is noted, and the call until everything is over", () => {
  const { events, totalMs } = lanes([], [
    { atMs: 2_000, kind: "tool", name: "book", ms: 1_500 },
    { atMs: 9_000, kind: "barge-in", name: "item_1" },
    { atMs: 100, kind: "tool", name: "early", ms: 400 },
  ]);
  assertEquals(events, [
    { event: 0, fromMs: 500, toMs: 2_000 },
    { event: 1, fromMs: 9_000, toMs: 9_000 },
    { event: 2, fromMs: 0, toMs: 100 },
  ]);
  assertEquals(totalMs, 9_000);
  assertEquals(lanesOf({ ...call(1), recording: { ms: 40_000 } }).totalMs, 40_000);
  assertEquals(lanes([], [], { seconds: 0 }).totalMs, 1_000, "a scale needs a length");
});

Deno.test("the current turn is the one that began last, also where the order is another", () => {
  const begin = starts(lanes([GREETING, QUESTION, CUT]), 3);
  assertEquals(begin, [110, 1_500, 2_905]);
  for (const [ms, turn] of [[0, undefined], [110, 0], [1_499, 0], [1_500, 1], [99_999, 2]] as const) {
    assertEquals(turnAt(begin, ms), turn, `${ms}`);
  }
  assertEquals(turnAt([3_000, 1_000], 2_000), 1);
  assertEquals(turnAt([3_000, 1_000], 3_500), 0);
});

Deno.test("an event stands before the first turn that began after it", () => {
  const events = [{ event: 0, fromMs: 9_000 }, { event: 1, fromMs: 1_600 }, { event: 2, fromMs: 50 }];
  assertEquals(inOrder([110, 1_500, 2_905], events), [
    { event: 2 },
    { turn: 0 },
    { turn: 1 },
    { event: 1 },
    { turn: 2 },
    { event: 0 },
  ]);
});

Deno.test("labels take the first row that is free, or none", () => {
  const labels = [[0, 50], [10, 60], [20, 30], [55, 70], [64, 90]].map(([from = 0, to = 0]) => ({
    from,
    to,
  }));
  assertEquals(packed(labels, 2), [0, 1, undefined, 0, 1]);
  assertEquals(packed(labels, 2, 6), [0, 1, undefined, undefined, 0]);
  assertEquals(packed(labels, 0).every((row) => row === undefined), true);
});

Deno.test("a wait is the sum of the hops that came", () => {
  assertEquals(waitOf({ latency: LATENCY }), {
    hops: [{ hop: "model", ms: 400 }, { hop: "sent", ms: 5 }, { hop: "heard", ms: 95 }],
    totalMs: 500,
  });
  assertEquals(waitOf({ latency: { sentMs: 5 } }), { hops: [{ hop: "sent", ms: 5 }], totalMs: 5 });
  assertEquals(waitOf({}), { hops: [], totalMs: 0 });
});
