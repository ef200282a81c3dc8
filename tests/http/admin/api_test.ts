import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { CallChange, LiveCall, LiveCalls } from "../../../src/calls/live_calls.ts";
import type { CallQuery } from "../../../src/records/call_list.ts";
import type { CallRecord } from "../../../src/records/call_record.ts";
import type { DayStats, StatsQuery } from "../../../src/records/call_stats.ts";
import { Api } from "../../../src/http/admin/api.ts";
import { EventStreams } from "../../../src/http/admin/event_streams.ts";
import { EventReader } from "../../support/event_reader.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** Calls a test makes up. */
class MadeUpCalls implements LiveCalls {
  calls: LiveCall[] = [];
  readonly watchers = new Set<(change: CallChange) => void>();

  list(): readonly LiveCall[] {
    return this.calls;
  }

  watch(watcher: (change: CallChange) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  find(): undefined {}

  tell(change: CallChange): void {
    for (const watcher of this.watchers) watcher(change);
  }
}

function call(callSid: string, more: Partial<LiveCall> = {}): LiveCall {
  const startedAt = "2026-01-01T00:00:00.000Z";
  return {
    callSid,
    assistant: "default",
    from: "+15551230000",
    to: "+15559870000",
    state: "announced",
    startedAt,
    turns: 0,
    costUsd: 0,
    ...more,
  };
}

function setUp() {
  const clock = new FakeClock();
  const calls = new MadeUpCalls();
  const streams = new EventStreams(clock);
  const outbound = { placed: () => undefined };
  return {
    clock,
    calls,
    outbound,
    streams,
    api: new Api({ calls, outbound, records: undefined, streams, clock }),
  };
}

Deno.test("/api/calls lists the calls in progress, and one is found by its CallSid", async () => {
  const { calls, api } = setUp();
  const asked = new Request("http://localhost/api/calls");
  const list = async () => await (await api.list(asked)).json();
  assertEquals(await list(), { now: "2026-01-01T00:00:01.000Z", calls: [], ended: [] });
  calls.calls = [call("CA1"), call("CA2", { from: "<script>", state: "connected" })];
  assertEquals((await list()).calls, calls.calls);
  assertEquals(await (await api.one("CA2")).json(), calls.calls[1]);
  for (const unknown of ["CA3", "", "__proto__"]) {
    const response = await api.one(unknown);
    assertEquals([response.status, response.headers.get("content-type")], [404, "application/problem+json"]);
    await response.body?.cancel();
  }
});

Deno.test("/api/events tells the calls there are, then every change, to every reader", async () => {
  const { calls, api } = setUp();
  calls.calls = [call("CA1")];
  const readers = [new EventReader(api.events()), new EventReader(api.events())];
  const changes: CallChange[] = [
    { type: "announced", call: call("CA2", { from: "two\nlines\n\nevent: x" }) },
    { type: "connected", call: call("CA2", { state: "connected" }) },
    { type: "ended", call: call("CA2", { state: "ending", reason: "caller hung up" }) },
  ];
  changes.forEach((change) => calls.tell(change));
  for (const reader of readers) {
    const state = { now: "2026-01-01T00:00:01.000Z", calls: calls.calls };
    assertEquals(await reader.event(0), ["calls", state]);
    for (const [n, change] of changes.entries()) assertEquals(await reader.event(n + 1), ["call", change]);
    await reader.cancel();
  }
});

Deno.test("a quiet event stream has a comment every 15 s", async () => {
  const { clock, api } = setUp();
  const reader = new EventReader(api.events());
  await reader.event(0);
  clock.advance(14_999);
  const before = reader.text.length;
  clock.advance(1);
  await reader.until(": still here\n\n");
  clock.advance(45_000);
  await reader.until(": still here\n\n: still here\n\n: still here\n\n: still here\n\n");
  assertEquals(reader.text.slice(before), ": still here\n\n".repeat(4));
  await reader.cancel();
});

Deno.test("an event stream ends after an hour, and leaves no timer", async () => {
  const { clock, api } = setUp();
  const reader = new EventReader(api.events());
  clock.advance(3_599_999);
  await reader.event(0);
  assertEquals(reader.over, false);
  clock.advance(1);
  await reader.untilOver();
  assertEquals(clock.pending, 0);
});

Deno.test("65 readers are one too many, until one goes", async () => {
  const { api, streams } = setUp();
  const readers = Array.from({ length: 64 }, () => new EventReader(api.events()));
  const refused = api.events();
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "10"]);
  await refused.body?.cancel();
  await readers[0]?.cancel();
  readers.push(new EventReader(api.events()));
  assertEquals(api.events().status, 503);
  streams.close();
  for (const reader of readers) await reader.untilOver();
});

Deno.test("a reader that does not read is dropped before it takes memory, and the others are not", async () => {
  const { clock, calls, api } = setUp();
  const stalled = api.events();
  const reader = new EventReader(api.events());
  const long = { type: "announced", call: call("CA1", { from: "x".repeat(10_000) }) } as const;
  for (let n = 0; n < 300; n++) {
    calls.tell(long);
    await reader.event(n + 1);
  }
  const kept = await stalled.text();
  assert(kept.length > 900_000 && kept.length < 1_100_000, `${kept.length} bytes were kept`);
  calls.tell({ type: "ended", call: call("CA9") });
  assertEquals((await reader.event(301))[0], "call");
  await reader.cancel();
  assertEquals(clock.pending, 0);
});

Deno.test("a comment does not wait for a stalled reader either", () => {
  const { clock, calls, api } = setUp();
  api.events();
  calls.tell({ type: "announced", call: call("CA1", { from: "x".repeat(1_100_000) }) });
  assertEquals(clock.pending, 2);
  clock.advance(15_000);
  assertEquals(clock.pending, 0);
});

Deno.test("closing ends every event stream and watches no longer", async () => {
  const { clock, calls, api, streams } = setUp();
  const readers = [new EventReader(api.events()), new EventReader(api.events())];
  api.close();
  streams.close();
  for (const reader of readers) await reader.untilOver();
  assertEquals([clock.pending, calls.watchers.size], [0, 0]);
});

Deno.test("over a socket: events come at once, a reader who leaves is forgotten, a server with readers stops", async () => {
  const { clock, calls, api, streams } = setUp();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    const response = api.events();
    response.headers.set("cache-control", "no-transform");
    return response;
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const first = new EventReader(await fetch(url, { headers: { "accept-encoding": "gzip" } }));
  await first.event(0);
  const timers = clock.pending;
  const second = new EventReader(await fetch(url));
  await second.event(0);
  calls.tell({ type: "connected", call: call("CA1") });
  assertStringIncludes(JSON.stringify(await first.event(1)), "CA1");
  await first.cancel();
  // The server notices when it writes to a connection that is gone, at the latest.
  await second.bell.until("the reader to be forgotten", () => {
    if (clock.pending === timers) return true;
    calls.tell({ type: "connected", call: call("CA1") });
    return false;
  });
  streams.close();
  await second.untilOver();
  await server.shutdown();
});

Deno.test("/api/calls has a page of past calls, what was asked for of them, and one is found by its CallSid", async () => {
  const { calls, outbound, streams, clock } = setUp();
  const asked: unknown[] = [];
  const day: DayStats = {
    day: "2026-01-01",
    assistant: "default",
    calls: 1,
    minutes: 2,
    carrierMinutes: 2,
    modelUsd: 0.1,
    endings: {},
    answers: 3,
    bargeIns: 0,
    bargeInRate: 0,
    latency: undefined,
  };
  const record = { callSid: "CA7", from: "<script>" };
  const records = {
    list: (query: CallQuery) => {
      asked.push(query);
      if (query.limit === 0) return Promise.reject(new RangeError("0 is no number of calls"));
      if (query.limit === 7) return Promise.reject(new Error("the disk is gone"));
      return Promise.resolve({ calls: [], next: "page two" });
    },
    get: (callSid: string) => Promise.resolve(callSid === "CA7" ? made(record) : undefined),
    stats: (query: StatsQuery) => {
      asked.push(query);
      return Promise.resolve([day]);
    },
    recording: (callSid: string) =>
      Promise.resolve(callSid === "CA7" ? { ms: 5_000, bytes: 160_044 } : undefined),
  };
  const api = new Api({ calls, outbound, records, streams, clock });
  const list = (query: string) => api.list(new Request(`http://localhost/api/calls${query}`));
  const page = await (await list("?search=one+two&assistant=&limit=3&before=x&from=%2B1&nonsense=1")).json();
  assertEquals([page.ended, page.next, page.calls], [[], "page two", []]);
  const none = { to: undefined, assistant: undefined, reason: undefined, since: undefined, until: undefined };
  assertEquals(asked.pop(), { ...none, search: "one two", from: "+1", before: "x", limit: 3 });
  const wrong = await list("?limit=0");
  assertEquals([wrong.status, (await wrong.json()).detail], [400, "0 is no number of calls"]);
  await assertRejects(() => list("?limit=7"), Error, "the disk is gone");

  assertEquals(await (await api.one("CA7")).json(), { ...made(record), recording: { ms: 5_000 } });
  assertEquals((await api.one("CA8")).status, 404);

  const stats = await api.stats(new Request("http://localhost/api/stats?since=2026-01-01&offset=-300"));
  assertEquals(await stats.json(), JSON.parse(JSON.stringify({ days: [day] })));
  assertEquals(asked.pop(), { since: "2026-01-01", until: undefined, offsetMinutes: -300 });
});

/** A record of a call, of which a test looks at no more than this. */
function made(some: Partial<CallRecord>): CallRecord {
  const tokens = { textIn: 0, textCached: 0, textOut: 0, audioIn: 0, audioCached: 0, audioOut: 0 };
  const record: CallRecord = {
    callSid: "",
    direction: "inbound",
    from: "",
    to: "",
    assistant: "",
    model: "",
    startedAt: "",
    endedAt: "",
    seconds: 0,
    reason: "",
    turns: [],
    events: [],
    tokens,
    modelUsd: 0,
    carrierMinutes: 0,
    messages: [],
  };
  return { ...record, ...some };
}
