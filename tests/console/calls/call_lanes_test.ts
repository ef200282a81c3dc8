import { assert, assertEquals } from "@std/assert";
import type { CallEvent, EndedCall, Turn } from "../../../src/records/call_record.ts";
import {
  callLanes,
  interleaveEvents,
  packLabels,
  turnAt,
  turnLatency,
  turnStarts,
} from "../../../src/console/calls/call_lanes.js";
import { sampleEndedCall } from "../../support/sample_calls.ts";

const LATENCY = { modelMs: 400, sendMs: 5, playbackMs: 95 };

const GREETING: Turn = {
  speaker: "assistant",
  text: "Hello",
  atMs: 90,
  heardMs: 1_000,
  totalMs: 1_000,
  generated: { fromMs: 100, toMs: 500 },
  played: { fromMs: 110, toMs: 1_200 },
};
const QUESTION: Turn = {
  speaker: "caller",
  text: "Who is it?",
  atMs: 2_400,
  spoken: { fromMs: 1_500, toMs: 2_500 },
};
const INTERRUPTED: Turn = {
  speaker: "assistant",
  text: "It is",
  atMs: 2_880,
  heardMs: 600,
  totalMs: 4_000,
  interrupted: true,
  latency: LATENCY,
  generated: { fromMs: 2_900, toMs: 3_500 },
  played: { fromMs: 2_905, toMs: 3_600 },
};
const LAST: Turn = { ...GREETING, atMs: 4_900, played: { fromMs: 5_000, toMs: 6_000 } };

function lanes(turns: Turn[], events: CallEvent[] = [], changed: Partial<EndedCall> = {}) {
  return callLanes(sampleEndedCall({ seconds: 7, turns, events, ...changed }));
}

Deno.test("callLanes() returns what was spoken, generated and played, and the latency hops", () => {
  const { spoken, generated, played, hops, approximate, totalMs } = lanes([GREETING, QUESTION, INTERRUPTED]);
  assertEquals(approximate, false);
  assertEquals(totalMs, 7_000);
  assertEquals(spoken, [{ turn: 1, fromMs: 1_500, toMs: 2_500 }]);
  assertEquals(generated, [{ turn: 0, fromMs: 100, toMs: 500 }, { turn: 2, fromMs: 2_900, toMs: 3_500 }]);
  assertEquals(played, [
    { turn: 0, fromMs: 110, toMs: 1_200, lastMarkMs: 1_200 },
    { turn: 2, fromMs: 2_905, toMs: 3_600, unheardToMs: 7_000, firstMarkMs: 3_000 },
  ]);
  assertEquals(hops, [
    { hop: "model", turn: 2, fromMs: 2_500, toMs: 2_900 },
    { hop: "send", turn: 2, fromMs: 2_900, toMs: 2_905 },
    { hop: "playback", turn: 2, fromMs: 2_905, toMs: 3_000 },
  ]);
});

Deno.test("callLanes() ends the unheard rest of an interrupted response at the next response", () => {
  assertEquals(lanes([INTERRUPTED, LAST]).played[0]?.unheardToMs, 5_000);
  assertEquals(
    lanes([{ ...INTERRUPTED, played: { fromMs: 4_500, toMs: 5_200 } }, LAST]).played[0]?.unheardToMs,
    5_200,
  );
});

Deno.test("callLanes() estimates the places of turns in a record without spoken and played", () => {
  const turns: Turn[] = [
    { speaker: "assistant", text: "Hello", atMs: 300, heardMs: 2_000, totalMs: 2_000 },
    {
      speaker: "assistant",
      text: "Are you there?",
      atMs: 900,
      heardMs: 1_000,
      totalMs: 3_000,
      interrupted: true,
    },
    { speaker: "caller", text: "Yes", atMs: 3_500 },
    { speaker: "assistant", text: "Good", atMs: 3_900, latency: LATENCY },
  ];
  const { spoken, generated, played, approximate, hops } = lanes(turns);
  assert(approximate);
  assertEquals(spoken, [{ turn: 2, fromMs: 3_500, toMs: 3_500 }]);
  assertEquals(generated, []);
  assertEquals(played, [
    { turn: 0, fromMs: 300, toMs: 2_300 },
    { turn: 1, fromMs: 2_300, toMs: 3_300, unheardToMs: 3_905 },
    { turn: 3, fromMs: 3_905, toMs: 3_905 },
  ]);
  assertEquals(hops.length, 3);
});

Deno.test("callLanes() ends each event at its recorded time, and covers the whole call", () => {
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
  assertEquals(callLanes(sampleEndedCall({ recording: { state: "stored", ms: 40_000 } })).totalMs, 40_000);
  assertEquals(lanes([], [], { seconds: 0 }).totalMs, 1_000, "a scale of no length");
});

Deno.test("turnAt() returns the turn that started last, also out of order", () => {
  const starts = turnStarts(lanes([GREETING, QUESTION, INTERRUPTED]), 3);
  assertEquals(starts, [110, 1_500, 2_905]);
  for (const [ms, turn] of [[0, undefined], [110, 0], [1_499, 0], [1_500, 1], [99_999, 2]] as const) {
    assertEquals(turnAt(starts, ms), turn, `${ms}`);
  }
  assertEquals(turnAt([3_000, 1_000], 2_000), 1);
  assertEquals(turnAt([3_000, 1_000], 3_500), 0);
});

Deno.test("interleaveEvents() puts an event before the first turn that started after it", () => {
  const events = [{ event: 0, fromMs: 9_000 }, { event: 1, fromMs: 1_600 }, { event: 2, fromMs: 50 }];
  assertEquals(interleaveEvents([110, 1_500, 2_905], events), [
    { event: 2 },
    { turn: 0 },
    { turn: 1 },
    { event: 1 },
    { turn: 2 },
    { event: 0 },
  ]);
});

Deno.test("packLabels() assigns the first free row, or none", () => {
  const labels = [[0, 50], [10, 60], [20, 30], [55, 70], [64, 90]].map(([from = 0, to = 0]) => ({
    from,
    to,
  }));
  assertEquals(packLabels(labels, 2), [0, 1, undefined, 0, 1]);
  assertEquals(packLabels(labels, 2, 6), [0, 1, undefined, undefined, 0]);
  assertEquals(packLabels(labels, 0).every((row) => row === undefined), true);
});

Deno.test("turnLatency() is the sum of the measured hops", () => {
  assertEquals(turnLatency({ latency: LATENCY }), {
    hops: [{ hop: "model", ms: 400 }, { hop: "send", ms: 5 }, { hop: "playback", ms: 95 }],
    totalMs: 500,
  });
  assertEquals(turnLatency({ latency: { sendMs: 5 } }), { hops: [{ hop: "send", ms: 5 }], totalMs: 5 });
  assertEquals(turnLatency({}), { hops: [], totalMs: 0 });
});
