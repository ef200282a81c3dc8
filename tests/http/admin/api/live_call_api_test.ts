import { assertEquals } from "@std/assert";
import type { LiveEvent } from "../../../../src/call/call_feed.ts";
import type { CallChange } from "../../../../src/calls/live_calls.ts";
import type { CallOverview } from "../../../../src/records/call_record.ts";
import { ReaderPool } from "../../../../src/http/admin/streams/reader_pool.ts";
import { LiveCallApi } from "../../../../src/http/admin/api/live_call_api.ts";
import { EventReader } from "../../../support/event_reader.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { sampleCallInProgress, sampleOverview, sampleRecord } from "../../../support/sample_calls.ts";

function overview(callSid: string, callerTurns = 0): CallOverview {
  return sampleOverview({ callSid, state: "connected", callerTurns });
}

const TOKENS = { textIn: 3, textCached: 0, textOut: 4, audioIn: 5, audioCached: 0, audioOut: 6 };
const COSTS = { modelUsd: 2, transcriptionUsd: 0, summaryUsd: 0, carrierUsd: 0 };
const COST = { costUsd: 2, costs: COSTS, tokens: TOKENS };
const RECORD = sampleRecord({ state: "connected", costUsd: 1 });

/** One call, CA1, that records the actions on it. */
function setUp() {
  const watchers = new Set<(event: LiveEvent) => void>();
  const changes = new Set<(change: CallChange) => void>();
  const subscribeTo = <T>(set: Set<T>) => (subscriber: T) => {
    set.add(subscriber);
    return () => void set.delete(subscriber);
  };
  const actions: unknown[] = [];
  let accepts = true;
  const call = sampleCallInProgress({
    record: RECORD,
    watch: subscribeTo(watchers),
    whisper: (text) => void actions.push(["whisper", text]),
    hangUp: () => void actions.push(["hangUp"]),
    transfer: (to) => accepts && actions.push(["transfer", to]) > 0,
    setRecording: (on) => accepts && actions.push(["setRecording", on]) > 0,
  });
  const api = new LiveCallApi({
    calls: {
      list: () => [overview("CA0"), overview("CA1")],
      watch: subscribeTo(changes),
      find: (callSid) => callSid === "CA1" ? call : undefined,
    },
    destinations: () => ["sales"],
    readers: new ReaderPool(new FakeClock()),
    clock: new FakeClock(),
    onRefused: (why) => void actions.push(["refused", why]),
  });
  const request = (body: string, type = "application/json") =>
    new Request("http://localhost/", { method: "POST", headers: { "content-type": type }, body });
  return {
    api,
    actions,
    request,
    emit: (event: LiveEvent) => watchers.forEach((watcher) => watcher(event)),
    change: (change: CallChange) => changes.forEach((watcher) => watcher(change)),
    subscriptions: () => [watchers.size, changes.size],
    fail: () => accepts = false,
  };
}

async function outcomeOf(response: Promise<Response> | Response): Promise<[status: number, detail: unknown]> {
  const { status, body } = await response;
  return [status, body ? (await new Response(body).json()).detail : undefined];
}

Deno.test("LiveCallApi.events() sends the state, then this call's events, changes and end", async () => {
  const { api, emit, change, subscriptions } = setUp();
  const reader = new EventReader(api.events("CA1"));
  const now = "2026-01-01T00:00:01.000Z";
  assertEquals(await reader.event(0), ["call", { now, ...RECORD }]);
  emit({ type: "cost", data: COST });
  change({ type: "changed", call: overview("CA0", 5) });
  change({ type: "changed", call: overview("CA1", 6) });
  change({ type: "ended", call: overview("CA1", 7) });
  emit({ type: "ended", data: { endReason: "silence" } });
  await reader.untilOver();
  assertEquals(await reader.event(1), ["cost", COST]);
  assertEquals(await reader.event(2), ["changed", { ...overview("CA1", 6) }]);
  assertEquals(await reader.event(3), ["ended", { endReason: "silence" }]);
  assertEquals([reader.text.split("event: ").length - 1, subscriptions()], [4, [0, 0]]);
});

Deno.test("LiveCallApi.events() unsubscribes when the reader leaves", async () => {
  const { api, subscriptions } = setUp();
  const readers = [new EventReader(api.events("CA1")), new EventReader(api.events("CA1"))];
  assertEquals(subscriptions(), [2, 2]);
  await readers[0]?.cancel();
  assertEquals(subscriptions(), [1, 1]);
  await readers[1]?.cancel();
  assertEquals(subscriptions(), [0, 0]);
});

Deno.test("LiveCallApi actions reach the call once, with their parameters", async () => {
  const { api, actions, request } = setUp();
  const done: [number, unknown] = [204, undefined];
  assertEquals(await outcomeOf(api.whisper("CA1", request('{"text":" be brief "}'))), done);
  assertEquals(await outcomeOf(api.hangUp("CA1")), done);
  assertEquals(await outcomeOf(api.transfer("CA1", request('{"to":"sales"}'))), done);
  assertEquals(await outcomeOf(api.transfer("CA1", request('{"to":"+15551230000"}'))), done);
  assertEquals(await outcomeOf(api.record("CA1", request('{"state":"on"}'))), done);
  assertEquals(await outcomeOf(api.record("CA1", request('{"state":"paused"}'))), done);
  assertEquals(actions, [
    ["whisper", "be brief"],
    ["hangUp"],
    ["transfer", "sales"],
    ["transfer", "+15551230000"],
    ["setRecording", true],
    ["setRecording", false],
  ]);
});

Deno.test("LiveCallApi rejects invalid actions with the reason and does nothing", async () => {
  const { api, actions, request, fail } = setUp();
  fail();
  const notFound: [number, unknown] = [404, "No call in progress has this CallSid"];
  assertEquals(await outcomeOf(api.hangUp("CA0")), notFound);
  assertEquals(await outcomeOf(api.events("CA0")), notFound);
  assertEquals(await outcomeOf(api.audio("__proto__")), notFound);
  assertEquals(await outcomeOf(api.whisper("CA0", request('{"text":"x"}'))), notFound);
  const statuses: unknown[] = [];
  for (
    const body of [
      "",
      "{",
      "[]",
      "null",
      '{"text":""}',
      '{"text":1}',
      '{"text":"x","more":1}',
      '{"__proto__":{"text":"x"}}',
      `{"text":"${"x".repeat(2_001)}"}`,
      "[".repeat(60_000),
    ]
  ) {
    statuses.push((await outcomeOf(api.whisper("CA1", request(body))))[0]);
  }
  assertEquals(statuses, Array(10).fill(422));
  assertEquals(
    (await outcomeOf(api.whisper("CA1", request('{"text":"x"}', "application/x-www-form-urlencoded"))))[0],
    415,
  );
  for (const to of ["", "boss", "tel:+15551230000", "+15551230000\n", "x".repeat(101), "0900"]) {
    assertEquals((await outcomeOf(api.transfer("CA1", request(JSON.stringify({ to })))))[0], 422, to);
  }
  assertEquals((await outcomeOf(api.record("CA1", request('{"state":"off"}'))))[0], 422);
  assertEquals(actions, []);
  assertEquals((await outcomeOf(api.transfer("CA1", request('{"to":"sales"}'))))[0], 409);
  assertEquals(await outcomeOf(api.record("CA1", request('{"state":"on"}'))), [
    409,
    "This call is not recorded",
  ]);
  assertEquals((await outcomeOf(api.whisper("CA1", request("x".repeat(70_000)))))[0], 413);
  assertEquals(actions, [["refused", "body too large"]]);
});
