import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { CallChange, LiveCalls } from "../../../../src/calls/live_calls.ts";
import type { CallOverview } from "../../../../src/records/call_record.ts";
import type { CallQuery } from "../../../../src/records/call_list.ts";
import type { DayStats, StatsQuery } from "../../../../src/records/call_stats.ts";
import { CallsApi, type CallsApiOptions } from "../../../../src/http/admin/api/calls_api.ts";
import { ReaderPool } from "../../../../src/http/admin/streams/reader_pool.ts";
import { EventReader } from "../../../support/event_reader.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import {
  sampleCallInProgress,
  sampleEndedCall,
  sampleOverview,
  sampleRecord,
} from "../../../support/sample_calls.ts";

/** Calls in progress that the test sets. */
class FakeCalls implements LiveCalls {
  calls: CallOverview[] = [];
  readonly watchers = new Set<(change: CallChange) => void>();

  list(): readonly CallOverview[] {
    return this.calls;
  }

  watch(watcher: (change: CallChange) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  find(callSid: string) {
    const call = this.calls.find((call) => call.callSid === callSid);
    return call && sampleCallInProgress({ record: sampleRecord(call) });
  }

  change(change: CallChange): void {
    for (const watcher of this.watchers) watcher(change);
  }
}

function call(callSid: string, changes: Partial<CallOverview> = {}): CallOverview {
  return sampleOverview({ callSid, ...changes });
}

const EVENTS = new Request("http://localhost/api/events");

function setUp(options: Partial<CallsApiOptions> = {}) {
  const clock = new FakeClock();
  const calls = new FakeCalls();
  const readers = new ReaderPool(clock);
  const dialer = { find: () => undefined };
  const api = new CallsApi({ calls, dialer, records: undefined, readers, clock, ...options });
  return { clock, calls, readers, api };
}

Deno.test("GET /api/calls lists calls in progress, and GET /api/calls/{sid} answers the record of one", async () => {
  const { calls, api } = setUp();
  const request = new Request("http://localhost/api/calls");
  const list = async () => await (await api.list(request)).json();
  assertEquals(await list(), { now: "2026-01-01T00:00:01.000Z", calls: [], ended: [] });
  calls.calls = [call("CA1"), call("CA2", { from: "<script>", state: "connected" })];
  assertEquals((await list()).calls, calls.calls);
  assertEquals(await (await api.get("CA2")).json(), sampleRecord(calls.calls[1]));
  for (const unknown of ["CA3", "", "__proto__"]) {
    const response = await api.get(unknown);
    assertEquals([response.status, response.headers.get("content-type")], [404, "application/problem+json"]);
    await response.body?.cancel();
  }
});

Deno.test("GET /api/events sends the calls in progress, then every change, to every reader", async () => {
  const { calls, api } = setUp();
  calls.calls = [call("CA1")];
  const readers = [new EventReader(api.events(EVENTS)), new EventReader(api.events(EVENTS))];
  const changes: CallChange[] = [
    { type: "announced", call: call("CA2", { from: "two\nlines\n\nevent: x" }) },
    { type: "connected", call: call("CA2", { state: "connected" }) },
    { type: "ended", call: call("CA2", { state: "ended", endReason: "caller hung up" }) },
  ];
  changes.forEach((change) => calls.change(change));
  for (const reader of readers) {
    const state = { now: "2026-01-01T00:00:01.000Z", calls: calls.calls };
    assertEquals(await reader.event(0), ["calls", state]);
    for (const [n, change] of changes.entries()) assertEquals(await reader.event(n + 1), ["call", change]);
    await reader.cancel();
  }
});

Deno.test("EventStream sends a keepalive comment every 15 s", async () => {
  const { clock, api } = setUp();
  const reader = new EventReader(api.events(EVENTS));
  await reader.event(0);
  clock.advance(14_999);
  const before = reader.text.length;
  clock.advance(1);
  await reader.until(": keepalive\n\n");
  clock.advance(45_000);
  await reader.until(": keepalive\n\n: keepalive\n\n: keepalive\n\n: keepalive\n\n");
  assertEquals(reader.text.slice(before), ": keepalive\n\n".repeat(4));
  await reader.cancel();
});

Deno.test("EventStream ends after an hour and leaves no timer", async () => {
  const { clock, api } = setUp();
  const reader = new EventReader(api.events(EVENTS));
  clock.advance(3_599_999);
  await reader.event(0);
  assertEquals(reader.over, false);
  clock.advance(1);
  await reader.untilOver();
  assertEquals(clock.pending, 0);
});

Deno.test("ReaderPool refuses the 65th stream until another is delivered", async () => {
  const { api, readers: pool } = setUp();
  const responses = Array.from({ length: 64 }, () => api.events(EVENTS));
  const refused = api.events(EVENTS);
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "10"]);
  await refused.body?.cancel();
  const [first, ...others] = responses.map((response) => new EventReader(response));
  await first?.cancel();
  assertEquals(api.events(EVENTS).status, 503, "its client may still hold the connection");
  if (responses[0]) pool.delivered(responses[0]);
  others.push(new EventReader(api.events(EVENTS)));
  assertEquals(api.events(EVENTS).status, 503);
  pool.close();
  for (const reader of others) await reader.untilOver();
});

Deno.test("EventStream ends for a reader that does not read, after 1 MiB, and continues for others", async () => {
  const { clock, calls, api } = setUp();
  const stalled = api.events(EVENTS);
  const reader = new EventReader(api.events(EVENTS));
  const long = { type: "announced", call: call("CA1", { from: "x".repeat(10_000) }) } as const;
  for (let n = 0; n < 300; n++) {
    calls.change(long);
    await reader.event(n + 1);
  }
  const queued = await stalled.text();
  assert(queued.length > 900_000 && queued.length < 1_100_000, `${queued.length} bytes were queued`);
  calls.change({ type: "ended", call: call("CA9") });
  assertEquals((await reader.event(301))[0], "call");
  await reader.cancel();
  assertEquals(clock.pending, 0);
});

Deno.test("EventStream ends for a stalled reader at the next keepalive", () => {
  const { clock, calls, api } = setUp();
  api.events(EVENTS);
  calls.change({ type: "announced", call: call("CA1", { from: "x".repeat(1_100_000) }) });
  assertEquals(clock.pending, 2);
  clock.advance(15_000);
  assertEquals(clock.pending, 0);
});

Deno.test("close() ends every event stream and unsubscribes", async () => {
  const { clock, calls, api, readers: pool } = setUp();
  const readers = [new EventReader(api.events(EVENTS)), new EventReader(api.events(EVENTS))];
  api.close();
  pool.close();
  for (const reader of readers) await reader.untilOver();
  assertEquals([clock.pending, calls.watchers.size], [0, 0]);
});

Deno.test("GET /api/events over a socket is not buffered, notices a reader that leaves, and lets the server stop", async () => {
  const { clock, calls, api, readers } = setUp();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    const response = api.events(EVENTS);
    response.headers.set("cache-control", "no-transform");
    return response;
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const first = new EventReader(await fetch(url, { headers: { "accept-encoding": "gzip" } }));
  await first.event(0);
  const timers = clock.pending;
  const second = new EventReader(await fetch(url));
  await second.event(0);
  calls.change({ type: "connected", call: call("CA1") });
  assertStringIncludes(JSON.stringify(await first.event(1)), "CA1");
  await first.cancel();
  // The server notices a lost connection at the latest at its next write.
  await second.changes.until("the reader to be forgotten", () => {
    if (clock.pending === timers) return true;
    calls.change({ type: "connected", call: call("CA1") });
    return false;
  });
  readers.close();
  await second.untilOver();
  await server.shutdown();
});

Deno.test("GET /api/calls passes its query to the store, and GET /api/calls/{sid} answers a stored call", async () => {
  const queries: unknown[] = [];
  const day: DayStats = {
    day: "2026-01-01",
    assistant: "default",
    calls: 1,
    minutes: 2,
    carrierMinutes: 2,
    costUsd: 0.1,
    endings: {},
    answers: 3,
    bargeIns: 0,
    bargeInRate: 0,
    latency: undefined,
  };
  const record = sampleEndedCall({ callSid: "CA7", from: "<script>" });
  const records = {
    list: (query: CallQuery) => {
      queries.push(query);
      if (query.limit === 0) return Promise.reject(new RangeError("limit is 0"));
      if (query.limit === 7) return Promise.reject(new Error("the disk is gone"));
      return Promise.resolve({ calls: [], next: "page two" });
    },
    get: (callSid: string) => Promise.resolve(callSid === "CA7" ? record : undefined),
    stats: (query: StatsQuery) => {
      queries.push(query);
      return Promise.resolve([day]);
    },
    assistants: () => Promise.resolve(["removed", "sales"]),
    recording: (callSid: string) =>
      Promise.resolve(callSid === "CA7" ? { ms: 5_000, bytes: 160_044 } : undefined),
  };
  const { api } = setUp({ records });
  const list = (query: string) => api.list(new Request(`http://localhost/api/calls${query}`));
  const page = await (await list("?search=one+two&assistant=&limit=3&before=x&from=%2B1&nonsense=1")).json();
  assertEquals([page.ended, page.next, page.calls], [[], "page two", []]);
  const none = {
    to: undefined,
    assistant: undefined,
    endReason: undefined,
    since: undefined,
    until: undefined,
  };
  assertEquals(queries.pop(), { ...none, search: "one two", from: "+1", before: "x", limit: 3 });
  const wrong = await list("?limit=0");
  assertEquals([wrong.status, (await wrong.json()).detail], [400, "limit is 0"]);
  await assertRejects(() => list("?limit=7"), Error, "the disk is gone");

  assertEquals(await (await api.get("CA7")).json(), { ...record, recording: { state: "stored", ms: 5_000 } });
  assertEquals((await api.get("CA8")).status, 404);

  const stats = await api.stats(new Request("http://localhost/api/stats?since=2026-01-01&offset=-300"));
  assertEquals(await stats.json(), JSON.parse(JSON.stringify({ days: [day] })));
  assertEquals(queries.pop(), { since: "2026-01-01", until: undefined, offsetMinutes: -300 });
  assertEquals(await (await api.assistants()).json(), { assistants: ["removed", "sales"] });
});
