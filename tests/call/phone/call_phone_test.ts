import { assertEquals, assertMatch } from "@std/assert";
import type { CallAssistant } from "../../../src/call/call_assistant.ts";
import { type JsonObject, parseObject } from "../../../src/json.ts";
import { collectDigits } from "../../../src/tools/call_tools.ts";
import { tool } from "../../../src/tools/tool.ts";
import { z } from "zod";
import { CallsBench } from "../../support/calls.ts";
import { IDLE_TIMERS } from "../../support/service.ts";
import { message } from "../../support/fake_socket.ts";
import { answer } from "../../support/still_session.ts";

const AUDIO = (ms: number) => new Uint8Array(ms * 8);

function connect(assistant: Partial<CallAssistant>) {
  const bench = new CallsBench({}, assistant);
  return { bench, ...bench.connect("CA1") };
}

/** Messages of one kind that were sent to Twilio. */
function sent({ socket }: ReturnType<typeof connect>, event: string): JsonObject[] {
  return socket.sent.map((text) => parseObject(text) ?? {}).filter((message) => message.event === event);
}

/** Sends the marks back of what must have been played by now. */
function echo(call: ReturnType<typeof connect>): void {
  for (const { mark } of sent(call, "mark")) call.socket.receive(message("mark", mark));
}

Deno.test("a caller who says nothing is asked, then told goodbye", () => {
  const call = connect({ silence: { afterMs: 10_000, prompts: 2 } });
  using bench = call.bench;
  const { session } = call;
  for (const asked of [1, 2]) {
    bench.clock.advance(9_999);
    assertEquals(session.asked.length, asked - 1);
    bench.clock.advance(1);
    assertMatch(session.asked[asked - 1]?.instructions ?? "", /still there/);
  }
  bench.clock.advance(10_000);
  assertMatch(session.asked[2]?.instructions ?? "", /Say goodbye/);
  session.asked[2]?.answered?.(answer());
  assertEquals(bench.summary("CA1")?.reason, "silence");
  assertEquals(bench.clock.pending, IDLE_TIMERS);
});

Deno.test("the first moment of the greeting is not interrupted; a caller who has begun by then does it after", () => {
  const call = connect({ protectedMs: 1_000 });
  using bench = call.bench;
  const { session, socket } = call;
  session.observer?.audio("greeting", AUDIO(3_000));
  bench.clock.advance(100);
  echo(call);
  session.observer?.speechStarted();
  assertEquals([sent(call, "clear").length, session.heard], [0, []]);
  for (let i = 0; i < 10; i++) {
    bench.clock.advance(100);
    echo(call);
  }
  assertEquals(sent(call, "clear").length, 1);
  assertEquals(session.heard.map(({ itemId, heardMs }) => [itemId, heardMs > 900]), [["greeting", true]]);
  socket.receive(message("stop"));
  assertEquals(bench.clock.pending, IDLE_TIMERS);
});

Deno.test("while a tool takes its time, the caller is told to wait, once", () => {
  const never = new Promise(() => {});
  const slow = tool(
    { name: "slow", description: "", parameters: z.object({}), timeoutMs: 60_000 },
    () => never,
  );
  const call = connect({ tools: () => [slow], waiting: { afterMs: 1_500, say: "One moment, please." } });
  using bench = call.bench;
  const { session, socket } = call;
  session.observer?.functionCalled({ callId: "c", name: "slow", arguments: "{}" });
  session.observer?.answered(answer({ spoke: false }));
  bench.clock.advance(1_499);
  assertEquals(session.asked, []);
  bench.clock.advance(1);
  assertMatch(session.asked[0]?.instructions ?? "", /exactly this and nothing else: One moment, please\./);
  bench.clock.advance(20_000);
  assertEquals(session.asked.length, 1);
  socket.receive(message("stop"));
  assertEquals(bench.clock.pending, IDLE_TIMERS);
});

Deno.test("a hold tone goes on until the tool is done, and is not told to the model as something heard", async () => {
  const done = Promise.withResolvers<string>();
  const slow = tool(
    { name: "slow", description: "", parameters: z.object({}), timeoutMs: 60_000 },
    () => done.promise,
  );
  const call = connect({ tools: () => [slow], waiting: { afterMs: 500 } });
  using bench = call.bench;
  const { session, socket } = call;
  session.observer?.functionCalled({ callId: "c", name: "slow", arguments: "{}" });
  session.observer?.answered(answer({ spoke: false }));
  bench.clock.advance(500);
  const first = sent(call, "media").length;
  assertEquals(first > 0, true);
  for (let i = 0; i < 40; i++) {
    bench.clock.advance(100);
    echo(call);
  }
  assertEquals(sent(call, "media").length > first, true);
  session.observer?.speechStarted();
  assertEquals([session.heard, sent(call, "clear").length], [[], 1]);
  session.observer?.speechStopped();
  done.resolve("found");
  await done.promise;
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(session.outputs, [{ callId: "c", output: '"found"' }]);
  assertEquals(bench.summary("CA1"), undefined);
  socket.receive(message("stop"));
  assertEquals(bench.summary("CA1")?.barge_ins, 0);
});

Deno.test("a remote server's tool is used when the caller presses 1, and otherwise not", () => {
  const cases: [string, string, string, boolean][] = [
    ["calendar", "book", "1", true],
    ["calendar", "book", "2", false],
  ];
  for (const [server, name, key, approved] of cases) {
    const call = connect({ approvals: new Map([["calendar", ["book"]]]) });
    using bench = call.bench;
    const { session, socket } = call;
    session.observer?.approvalAsked({ id: "a1", server, name, arguments: '{"day":"Friday"}' });
    assertMatch(session.asked[0]?.instructions ?? "", /"book"[^]*Friday[^]*press 1/);
    session.asked.at(-1)?.answered?.(answer());
    assertEquals(session.approvals, []);
    socket.receive(message("dtmf", { digit: key, track: "inbound_track" }));
    assertEquals(session.approvals, [{ id: "a1", approved }]);
    assertEquals(bench.lines.filter(({ event }) => event === "tool approval").length, 1);
    const [{ kind, ok, detail } = {}] = bench.calls.find("CA1")?.state.events ?? [];
    assertEquals([kind, ok, detail], ["keys", approved, "calendar: book"]);
  }
});

Deno.test("what a remote server was not given is refused, and nobody is asked", () => {
  for (const [server, name] of [["calendar", "delete_all"], ["other", "book"]] as const) {
    const call = connect({ approvals: new Map([["calendar", ["book"]]]) });
    using _ = call.bench;
    call.session.observer?.approvalAsked({ id: "a1", server, name, arguments: "{}" });
    assertEquals([call.session.approvals, call.session.asked], [[{ id: "a1", approved: false }], []]);
  }
});

Deno.test("a call that costs too much is warned, then ended politely; the caller's next one is not taken", async () => {
  const call = connect({ billedModel: "gpt-realtime-2.1", limits: { perCall: 0.1, perCallerDay: 0.1 } });
  using bench = call.bench;
  const { session } = call;
  const none = { input: 0, cached: 0, output: 0 };
  // 0.064 US dollars by the list price.
  const audio = { input: 1_000, cached: 0, output: 500 };
  const usage = { inputTokens: 1_000, outputTokens: 500, text: none, audio };
  session.observer?.answered(answer({ usage }));
  assertEquals([session.notes.length, session.asked.length], [0, 0]);
  session.observer?.answered(answer({ usage }));
  assertMatch(session.asked[0]?.instructions ?? "", /has to end now/);
  session.asked[0]?.answered?.(answer());
  assertEquals(bench.summary("CA1")?.reason, "spending limit");
  const next = { callSid: "CA2", from: "+15551230000", to: "+15559870000" };
  assertEquals(bench.calls.announce(next, bench.assistant), { refused: "spending limit" });
  await Promise.resolve();
});

Deno.test("minutes on the line are counted as they pass; the day's last ones end the call, and the next is not taken", () => {
  const call = connect({ minutes: { perCallerDay: 2 } });
  using bench = call.bench;
  const { session } = call;
  bench.clock.advance(90_000);
  assertEquals([session.notes, session.asked], [[], []]);
  bench.clock.advance(10_000);
  assertMatch(session.notes[0] ?? "", /nearly used up/);
  bench.clock.advance(20_000);
  assertMatch(session.asked[0]?.instructions ?? "", /time for this call is over/);
  session.asked[0]?.answered?.(answer());
  assertEquals(bench.summary("CA1")?.reason, "time limit");
  const next = { callSid: "CA2", from: "+15551230000", to: "+15559870000" };
  assertEquals(bench.calls.announce(next, bench.assistant), { refused: "spending limit" });
  const other = { ...next, from: "+15551239999" };
  assertEquals("token" in bench.calls.announce(other, bench.assistant), true);
});

Deno.test("keys are in the record of what happened, those of a secret are not", async () => {
  const call = connect({
    keypad: { pauseMs: 2_000, menu: new Map([["0", "desk"]]), secrets: new Map([["pin", 2]]) },
    destinations: [{ name: "desk", number: "+15550100", about: "", ringSeconds: 20 }],
    tools: (phone) => [collectDigits(phone, [{ name: "pin", digits: 2 }])],
  });
  using bench = call.bench;
  const press = (keys: string) => {
    for (const digit of keys) call.socket.receive(message("dtmf", { digit, track: "inbound_track" }));
  };
  press("12#");
  call.session.observer?.functionCalled({ callId: "c", name: "collect_digits", arguments: '{"name":"pin"}' });
  press("73");
  await new Promise((resolve) => setTimeout(resolve, 0));
  bench.clock.advance(5_000);
  press("0");
  const events = bench.calls.find("CA1")?.state.events ?? [];
  assertEquals(events.map(({ kind, name, detail }) => [kind, name, detail]), [
    ["keys", "12", undefined],
    ["keys", "pin", "secret"],
    ["tool", "collect_digits", undefined],
    ["keys", "0", "desk"],
  ]);
  assertEquals(JSON.stringify(events).includes("73"), false);
});
