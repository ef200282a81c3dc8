import { assertEquals, assertThrows } from "@std/assert";
import type { CallQuery } from "../../src/records/call_list.ts";
import type { EndedCall } from "../../src/records/call_record.ts";
import type { StatsQuery } from "../../src/records/call_stats.ts";
import type { CallStore } from "../../src/records/call_store.ts";
import { asJson } from "../support/as_json.ts";
import { call, CALLER, sidOf, StoreRig, turnsOf } from "./store_rig.ts";

/** Numbers of the calls found, newest first. */
function listedNumbers(store: CallStore, query: CallQuery): number[] {
  return store.list(query).calls.map(({ callSid }) => Number(callSid.slice(2)));
}

Deno.test("CallStore lists a call without its turns, events, tokens and messages", () => {
  using rig = new StoreRig();
  const store = rig.openWith(call(1, {
    turns: turnsOf("a", "b", "c"),
    events: [{ atMs: 1, kind: "barge-in", name: "caller" }, { atMs: 2, kind: "keypad", name: "4 keys" }],
    callerTurns: 1,
    bargeIns: 1,
    summary: "All well",
  }));
  const { turns: _, events: _events, tokens: _tokens, messages: _messages, ...rest } = call(1, {
    summary: "All well",
  });
  assertEquals(asJson(store.list()), { calls: [{ ...rest, callerTurns: 1, bargeIns: 1 }] });
});

Deno.test("CallStore pages neither skip nor repeat calls with equal start times when new calls are written", () => {
  using rig = new StoreRig();
  const startedAt = call(0).startedAt;
  const store = rig.openWith(...[1, 2, 3, 4, 5, 6, 7].map((at) => call(at, at < 5 ? { startedAt } : {})));
  const first = store.list({ limit: 3 });
  store.write(call(8));
  store.flush();
  const second = store.list({ limit: 3, before: first.next });
  const third = store.list({ limit: 3, before: second.next });
  const numbers = [first, second, third].map(({ calls }) =>
    calls.map(({ callSid }) => Number(callSid.slice(2)))
  );
  assertEquals(numbers, [[7, 6, 5], [4, 3, 2], [1]]);
  assertEquals(third.next, undefined);
});

Deno.test("CallStore combines filters", () => {
  using rig = new StoreRig();
  const store = rig.openWith(
    call(1, { from: "+15550000001", endReason: "time limit" }),
    call(2, { to: "+15550000002", assistant: "support" }),
    call(3, { assistant: "support", endReason: "time limit" }),
  );
  assertEquals(listedNumbers(store, { from: "+15550000001" }), [1]);
  assertEquals(listedNumbers(store, { to: "+15550000002" }), [2]);
  assertEquals(listedNumbers(store, { assistant: "support" }), [3, 2]);
  assertEquals(listedNumbers(store, { assistant: "support", endReason: "time limit" }), [3]);
  assertEquals(listedNumbers(store, { since: call(2).startedAt }), [3, 2]);
  assertEquals(listedNumbers(store, { until: call(2).startedAt }), [1]);
  // The same time in another zone.
  assertEquals(listedNumbers(store, { since: "2026-01-01T02:03:00+02:00" }), [3]);
});

Deno.test("CallStore searches transcripts, summaries, messages and numbers", () => {
  using rig = new StoreRig();
  const store = rig.openWith(
    call(1, { turns: turnsOf("I would like my money back", "¿Cómo está la señora?") }),
    call(2, { from: "+4930123456", summary: "Wants a refund" }),
    call(3, {
      messages: [{ kind: "message", name: "Zoë", number: "1", message: "Send the brochure", urgent: false }],
    }),
  );
  assertEquals(listedNumbers(store, { search: "MONEY" }), [1]);
  assertEquals(listedNumbers(store, { search: "money bac" }), [1]);
  assertEquals(listedNumbers(store, { search: "mon back" }), []);
  assertEquals(listedNumbers(store, { search: "senora como" }), [1]);
  assertEquals(listedNumbers(store, { search: "refu" }), [2]);
  assertEquals(listedNumbers(store, { search: "zoe brochure" }), [3]);
  assertEquals(listedNumbers(store, { search: "1234" }), [2]);
  assertEquals(listedNumbers(store, { search: "+1 (555) 123" }), [3, 1]);
  assertEquals(listedNumbers(store, { search: sidOf(2) }), [2]);
  assertEquals(listedNumbers(store, { search: " " }), [3, 2, 1]);
  assertEquals(listedNumbers(store, { search: "money", from: "+4930123456" }), []);
});

Deno.test("CallStore rejects a search of more than 32 words and an offset of more than a day", () => {
  using rig = new StoreRig();
  const store = rig.openWith();
  const words = (count: number) => Array.from({ length: count }, (_, n) => `w${n}`).join(" ");
  assertEquals(store.list({ search: words(32) }).calls, []);
  assertThrows(() => store.list({ search: words(33) }), RangeError, "search has 33 words");
  assertThrows(() => store.list({ search: "x".repeat(1_001) }), RangeError, "search has 1001 characters");
  assertEquals(store.stats({ offsetMinutes: 1_440 }), []);
  for (const offsetMinutes of [1_441, -1_441, 1e15]) {
    assertThrows(() => store.stats({ offsetMinutes }), RangeError, `offsetMinutes is ${offsetMinutes}`);
  }
});

Deno.test("CallStore treats search operators as words", () => {
  using rig = new StoreRig();
  const store = rig.openWith(call(1, { turns: turnsOf("NOT a near miss OR so") }));
  for (
    const search of [
      "a OR b",
      "NOT",
      'miss"',
      "words:miss",
      "near(",
      "*",
      "'; DROP TABLE calls; --",
      "-",
      "^a",
    ]
  ) {
    store.list({ search });
  }
  assertEquals(listedNumbers(store, { search: "NOT" }), [1]);
  assertEquals(listedNumbers(store, { search: "a OR b" }), []);
  assertEquals(listedNumbers(store, { search: '"miss' }), [1]);
  assertEquals(listedNumbers(store, { search: "%" }), []);
  assertEquals(listedNumbers(store, { search: "(" }), []);
});

Deno.test("CallStore rejects an invalid query", () => {
  using rig = new StoreRig();
  const store = rig.open();
  assertThrows(() => store.list({ limit: 0 }), RangeError, "limit is 0; expected a whole number");
  assertThrows(() => store.list({ limit: 1.5 }), RangeError);
  assertThrows(() => store.list({ since: "soon" }), RangeError, '"soon" is not a time');
  assertThrows(() => store.list({ before: "1' OR 1" }), RangeError, 'expected "next" of the previous page');
  assertThrows(() => store.stats({ until: "soon" }), RangeError);
});

Deno.test("CallStore sums calls, cost, end reasons, barge-ins and latency by day and assistant", () => {
  using rig = new StoreRig();
  const turnWithLatency = (ms: number) => ({
    speaker: "assistant" as const,
    atMs: 0,
    latency: { modelMs: ms - 10, sendMs: 1, playbackMs: 9 },
  });
  const store = rig.openWith(
    call(1, { turns: Array.from({ length: 100 }, (_, at) => turnWithLatency(1_000 - 10 * at)), seconds: 60 }),
    call(2, {
      // A greeting has no latency, and one turn lacks a hop: neither counts.
      turns: [{ speaker: "assistant", atMs: 0 }, { speaker: "caller", atMs: 1 }, {
        speaker: "assistant",
        atMs: 2,
        latency: { modelMs: 1, sendMs: 1 },
      }],
      bargeIns: 1,
      seconds: 30,
      endReason: "time limit",
      carrierMinutes: 2,
    }),
    call(3, { assistant: "support" }),
    call(4, { startedAt: "2026-01-01T23:30:00Z", from: CALLER }),
  );
  const [sales, support] = store.stats();
  assertEquals(sales, {
    day: "2026-01-01",
    assistant: "sales",
    calls: 3,
    minutes: (60 + 30 + 30.5) / 60,
    carrierMinutes: 4,
    costUsd: 3 * 0.0625,
    endings: { "caller hung up": 2, "time limit": 1 },
    answers: 102,
    bargeIns: 1,
    bargeInRate: 1 / 102,
    latency: { answers: 100, p50: 500, p95: 950, p99: 990 },
  });
  assertEquals([support?.assistant, support?.bargeInRate, support?.latency], ["support", 0, undefined]);
  const shifted = store.stats({ offsetMinutes: 60 }).map((
    { day, assistant, calls },
  ) => [day, assistant, calls]);
  assertEquals(shifted, [["2026-01-02", "sales", 1], ["2026-01-01", "sales", 2], [
    "2026-01-01",
    "support",
    1,
  ]]);
  assertEquals(store.stats({ since: call(3).startedAt, until: call(4).startedAt }).length, 1);
});

Deno.test("CallStore.stats() groups calls by the days of a half-hour time zone, without days that have no calls", () => {
  using rig = new StoreRig();
  const times = [
    "2026-01-01T18:29:59.999Z",
    "2026-01-01T18:30:00Z",
    "2026-03-01T18:29:59Z",
    "2026-03-01T18:30:00Z",
  ];
  const store = rig.openWith(...times.map((startedAt, at) => call(at, { startedAt })));
  const days = (query: StatsQuery) => store.stats(query).map(({ day, calls }) => `${day} ${calls}`);
  assertEquals(days({ offsetMinutes: 330 }), [
    "2026-03-02 1",
    "2026-03-01 1",
    "2026-01-02 1",
    "2026-01-01 1",
  ]);
  assertEquals(days({ offsetMinutes: -570 }), ["2026-03-01 2", "2026-01-01 2"]);
  assertEquals(days({ since: times[1], until: times[3], offsetMinutes: 330 }), [
    "2026-03-01 1",
    "2026-01-02 1",
  ]);
});

Deno.test("CallStore.assistants() lists each assistant of the stored calls once", () => {
  using rig = new StoreRig();
  const store = rig.openWith(
    call(1),
    call(2, { assistant: "support" }),
    call(3),
    call(4, { assistant: "billing" }),
  );
  assertEquals(store.assistants(), ["billing", "sales", "support"]);
});

Deno.test("CallStore.stats() counts calls written, replaced or deleted after a day's sums were cached", async () => {
  using rig = new StoreRig();
  const store = rig.openWith(call(1), call(2, { from: "+15550001111" }));
  const query: StatsQuery = { since: "2025-12-31T23:00Z", offsetMinutes: 60 };
  const days = () => {
    const stats = store.stats(query);
    assertEquals(store.stats(query), stats, "from the cache");
    return stats.map(({ day, assistant, calls, minutes }) =>
      `${day} ${assistant} ${calls} ${minutes * 60} s`
    );
  };
  const write = (...calls: EndedCall[]) => {
    for (const each of calls) store.write(each);
    store.flush();
  };
  assertEquals(days(), ["2026-01-01 sales 2 61 s"]);
  write(call(3, { startedAt: "2026-01-01T22:59:59.999Z" }));
  assertEquals(days(), ["2026-01-01 sales 3 91.5 s"]);
  write(call(1, { seconds: 10 }));
  assertEquals(days(), ["2026-01-01 sales 3 71 s"]);
  write(
    call(4, { startedAt: "2026-01-01T23:00:00Z" }),
    call(1, { seconds: 10, assistant: "support" }),
    call(5, { seconds: 10, assistant: "support" }),
  );
  assertEquals(days(), [
    "2026-01-02 sales 1 30.5 s",
    "2026-01-01 sales 2 61 s",
    "2026-01-01 support 2 20 s",
  ]);
  rig.forget("+15550001111");
  assertEquals(days(), [
    "2026-01-02 sales 1 30.5 s",
    "2026-01-01 sales 1 30.5 s",
    "2026-01-01 support 2 20 s",
  ]);
  await store.deleteBefore("2026-01-01T00:03:00Z");
  assertEquals(days(), [
    "2026-01-02 sales 1 30.5 s",
    "2026-01-01 sales 1 30.5 s",
    "2026-01-01 support 1 10 s",
  ]);
});
