import { assertEquals } from "@std/assert";
import type { Happening } from "../../../src/call/call_feed.ts";
import type { CallChange, CallInProgress, LiveCall } from "../../../src/calls/live_calls.ts";
import { EventStreams } from "../../../src/http/admin/event_streams.ts";
import { LiveApi } from "../../../src/http/admin/live_api.ts";
import { EventReader } from "../../support/event_reader.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const STATE = { atMs: 7, said: [], events: [], turns: [], costUsd: 1, inputTokens: 2, outputTokens: 3 };

function live(callSid: string, turns = 0): LiveCall {
  return {
    callSid,
    from: "+15551230000",
    to: "+15559870000",
    assistant: "default",
    state: "connected",
    startedAt: "2026-01-01T00:00:00.000Z",
    turns,
    costUsd: 0,
  };
}

/** One call, CA1, that keeps what it is told to do. */
function setUp() {
  const watchers = new Set<(happening: Happening) => void>();
  const changes = new Set<(change: CallChange) => void>();
  const into = <Each>(set: Set<Each>) => (each: Each) => {
    set.add(each);
    return () => void set.delete(each);
  };
  const told: unknown[] = [];
  let works = true;
  const call: CallInProgress = {
    state: STATE,
    watch: into(watchers),
    listen: () => () => {},
    whisper: (text) => void told.push(["whisper", text]),
    hangUp: () => void told.push(["hangUp"]),
    transfer: (to) => works && told.push(["transfer", to]) > 0,
    record: (on) => works && told.push(["record", on]) > 0,
  };
  const api = new LiveApi({
    calls: {
      list: () => [live("CA0"), live("CA1")],
      watch: into(changes),
      find: (callSid) => callSid === "CA1" ? call : undefined,
    },
    destinations: () => ["sales"],
    streams: new EventStreams(new FakeClock()),
    clock: new FakeClock(),
    refused: (why) => void told.push(["refused", why]),
  });
  const request = (body: string, type = "application/json") =>
    new Request("http://localhost/", { method: "POST", headers: { "content-type": type }, body });
  return {
    api,
    told,
    request,
    happen: (happening: Happening) => watchers.forEach((watcher) => watcher(happening)),
    change: (change: CallChange) => changes.forEach((watcher) => watcher(change)),
    waiting: () => [watchers.size, changes.size],
    fail: () => works = false,
  };
}

async function answered(response: Promise<Response> | Response): Promise<[status: number, detail: unknown]> {
  const { status, body } = await response;
  return [status, body ? (await new Response(body).json()).detail : undefined];
}

Deno.test("the events of a call: its state, what happens, its own changes and not those of others, its end", async () => {
  const { api, happen, change, waiting } = setUp();
  const reader = new EventReader(api.events("CA1"));
  const now = "2026-01-01T00:00:01.000Z";
  assertEquals(await reader.event(0), ["call", { now, call: live("CA1"), ...STATE }]);
  happen({ type: "cost", data: { costUsd: 2, inputTokens: 3, outputTokens: 4 } });
  change({ type: "changed", call: live("CA0", 5) });
  change({ type: "changed", call: live("CA1", 6) });
  change({ type: "ended", call: live("CA1", 7) });
  happen({ type: "ended", data: { reason: "silence" } });
  await reader.untilOver();
  assertEquals(await reader.event(1), ["cost", { costUsd: 2, inputTokens: 3, outputTokens: 4 }]);
  assertEquals(await reader.event(2), ["changed", { ...live("CA1", 6) }]);
  assertEquals(await reader.event(3), ["ended", { reason: "silence" }]);
  assertEquals([reader.text.split("event: ").length - 1, waiting()], [4, [0, 0]]);
});

Deno.test("who goes while a call goes on is forgotten, and told nothing more", async () => {
  const { api, waiting } = setUp();
  const readers = [new EventReader(api.events("CA1")), new EventReader(api.events("CA1"))];
  assertEquals(waiting(), [2, 2]);
  await readers[0]?.cancel();
  assertEquals(waiting(), [1, 1]);
  await readers[1]?.cancel();
  assertEquals(waiting(), [0, 0]);
});

Deno.test("what is done to a call is done once, and with what was asked", async () => {
  const { api, told, request } = setUp();
  const done: [number, unknown] = [204, undefined];
  assertEquals(await answered(api.whisper("CA1", request('{"text":" be brief "}'))), done);
  assertEquals(await answered(api.hangUp("CA1")), done);
  assertEquals(await answered(api.transfer("CA1", request('{"to":"sales"}'))), done);
  assertEquals(await answered(api.transfer("CA1", request('{"to":"+15551230000"}'))), done);
  assertEquals(await answered(api.record("CA1", request('{"state":"on"}'))), done);
  assertEquals(await answered(api.record("CA1", request('{"state":"paused"}'))), done);
  assertEquals(told, [
    ["whisper", "be brief"],
    ["hangUp"],
    ["transfer", "sales"],
    ["transfer", "+15551230000"],
    ["record", true],
    ["record", false],
  ]);
});

Deno.test("what cannot be done to a call is refused with the reason, and nothing is done", async () => {
  const { api, told, request, fail } = setUp();
  fail();
  const nobody: [number, unknown] = [404, "There is no such call in progress"];
  assertEquals(await answered(api.hangUp("CA0")), nobody);
  assertEquals(await answered(api.events("CA0")), nobody);
  assertEquals(await answered(api.audio("__proto__")), nobody);
  assertEquals(await answered(api.whisper("CA0", request('{"text":"x"}'))), nobody);
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
    statuses.push((await answered(api.whisper("CA1", request(body))))[0]);
  }
  assertEquals(statuses, Array(10).fill(422));
  assertEquals(
    (await answered(api.whisper("CA1", request('{"text":"x"}', "application/x-www-form-urlencoded"))))[0],
    415,
  );
  for (const to of ["", "boss", "tel:+15551230000", "+15551230000\n", "x".repeat(101), "0900"]) {
    assertEquals((await answered(api.transfer("CA1", request(JSON.stringify({ to })))))[0], 422, to);
  }
  assertEquals((await answered(api.record("CA1", request('{"state":"off"}'))))[0], 422);
  assertEquals(told, []);
  assertEquals((await answered(api.transfer("CA1", request('{"to":"sales"}'))))[0], 409);
  assertEquals(await answered(api.record("CA1", request('{"state":"on"}'))), [
    409,
    "This call is not recorded",
  ]);
  assertEquals((await answered(api.whisper("CA1", request("x".repeat(70_000)))))[0], 413);
  assertEquals(told, [["refused", "body too large"]]);
});
