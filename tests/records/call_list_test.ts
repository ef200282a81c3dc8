import { assertEquals, assertThrows } from "@std/assert";
import type { CallQuery } from "../../src/records/call_list.ts";
import type { CallStore } from "../../src/records/call_store.ts";
import { ANN, call, plain, said, Shelf, sidOf } from "./calls.ts";

/** Numbers of the calls that are found. */
function found(store: CallStore, query: CallQuery): number[] {
  return store.list(query).calls.map(({ callSid }) => Number(callSid.slice(2)));
}

Deno.test("a list says of each call what there is to say in one line", () => {
  using shelf = new Shelf();
  const store = shelf.filled(call(1, {
    turns: said("a", "b", "c"),
    events: [{ atMs: 1, kind: "barge-in", name: "caller" }, { atMs: 2, kind: "keys", name: "4 keys" }],
    summary: "All well",
  }));
  const { turns: _, events: _events, tokens: _tokens, messages: _messages, ...rest } = call(1, {
    summary: "All well",
  });
  assertEquals(plain(store.list()), { calls: [{ ...rest, turns: 3, bargeIns: 1 }] });
});

Deno.test("pages join without a gap, also among calls of the same moment and while new ones come", () => {
  using shelf = new Shelf();
  const startedAt = call(0).startedAt;
  const store = shelf.filled(...[1, 2, 3, 4, 5, 6, 7].map((at) => call(at, at < 5 ? { startedAt } : {})));
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

Deno.test("filters hold together", () => {
  using shelf = new Shelf();
  const store = shelf.filled(
    call(1, { from: "+15550000001", reason: "time limit" }),
    call(2, { to: "+15550000002", assistant: "support" }),
    call(3, { assistant: "support", reason: "time limit" }),
  );
  assertEquals(found(store, { from: "+15550000001" }), [1]);
  assertEquals(found(store, { to: "+15550000002" }), [2]);
  assertEquals(found(store, { assistant: "support" }), [3, 2]);
  assertEquals(found(store, { assistant: "support", reason: "time limit" }), [3]);
  assertEquals(found(store, { since: call(2).startedAt }), [3, 2]);
  assertEquals(found(store, { until: call(2).startedAt }), [1]);
  // The same moment, as another zone writes it.
  assertEquals(found(store, { since: "2026-01-01T02:03:00+02:00" }), [3]);
});

Deno.test("searches in what was said, summed up and left as a message, and in numbers", () => {
  using shelf = new Shelf();
  const store = shelf.filled(
    call(1, { turns: said("I would like my money back", "¿Cómo está la señora?") }),
    call(2, { from: "+4930123456", summary: "Wants a refund" }),
    call(3, { messages: [{ name: "Zoë", number: "1", message: "Send the brochure", urgent: false }] }),
  );
  assertEquals(found(store, { search: "MONEY" }), [1]);
  assertEquals(found(store, { search: "money bac" }), [1]);
  assertEquals(found(store, { search: "mon back" }), []);
  assertEquals(found(store, { search: "senora como" }), [1]);
  assertEquals(found(store, { search: "refu" }), [2]);
  assertEquals(found(store, { search: "zoe brochure" }), [3]);
  assertEquals(found(store, { search: "1234" }), [2]);
  assertEquals(found(store, { search: "+1 (555) 123" }), [3, 1]);
  assertEquals(found(store, { search: sidOf(2) }), [2]);
  assertEquals(found(store, { search: " " }), [3, 2, 1]);
  assertEquals(found(store, { search: "money", from: "+4930123456" }), []);
});

Deno.test("a search is words, whatever it looks like", () => {
  using shelf = new Shelf();
  const store = shelf.filled(call(1, { turns: said("NOT a near miss OR so") }));
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
  assertEquals(found(store, { search: "NOT" }), [1]);
  assertEquals(found(store, { search: "a OR b" }), []);
  assertEquals(found(store, { search: '"miss' }), [1]);
  assertEquals(found(store, { search: "%" }), []);
  assertEquals(found(store, { search: "(" }), []);
});

Deno.test("a query that means nothing is refused", () => {
  using shelf = new Shelf();
  const store = shelf.open();
  assertThrows(() => store.list({ limit: 0 }), RangeError, "0 is no number of calls");
  assertThrows(() => store.list({ limit: 1.5 }), RangeError);
  assertThrows(() => store.list({ since: "soon" }), RangeError, '"soon" is no time');
  assertThrows(() => store.list({ before: "1' OR 1" }), RangeError, "is no page of the list");
  assertThrows(() => store.stats({ until: "soon" }), RangeError);
});

Deno.test("sums by day and assistant: calls, money, endings, barge-ins, percentiles", () => {
  using shelf = new Shelf();
  const answer = (ms: number) => ({
    who: "assistant" as const,
    atMs: 0,
    latency: { modelMs: ms - 10, sentMs: 1, heardMs: 9 },
  });
  const store = shelf.filled(
    call(1, { turns: Array.from({ length: 100 }, (_, at) => answer(1_000 - 10 * at)), seconds: 60 }),
    call(2, {
      // A greeting answers nobody, and one hop is missing: neither counts.
      turns: [{ who: "assistant", atMs: 0 }, { who: "caller", atMs: 1 }, {
        who: "assistant",
        atMs: 2,
        latency: { modelMs: 1, sentMs: 1 },
      }],
      events: [{ atMs: 3, kind: "barge-in", name: "caller" }],
      seconds: 30,
      reason: "time limit",
      carrierMinutes: 2,
    }),
    call(3, { assistant: "support" }),
    call(4, { startedAt: "2026-01-01T23:30:00Z", from: ANN }),
  );
  const [sales, support] = store.stats();
  assertEquals(sales, {
    day: "2026-01-01",
    assistant: "sales",
    calls: 3,
    minutes: (60 + 30 + 30.5) / 60,
    carrierMinutes: 4,
    modelUsd: 3 * 0.0625,
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
