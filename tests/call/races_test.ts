import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CallAssistant } from "../../src/call/call_assistant.ts";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { tool } from "../../src/tools/tool.ts";
import { endCall, sendDigits, switchLanguage, transferCall } from "../../src/tools/call_tools.ts";
import { z } from "zod";
import { CallsBench, PLAIN_ASSISTANT } from "../support/calls.ts";
import { message } from "../support/fake_socket.ts";
import { answer } from "../support/still_session.ts";

const AUDIO = (ms: number) => new Uint8Array(ms * 8);
const SALES = { name: "sales", number: "+15550100", about: "", ringSeconds: 20 };
function connect(assistant: Partial<CallAssistant>) {
  const bench = new CallsBench({}, assistant);
  return { bench, ...bench.connect("CA1") };
}
type C = { socket: { sent: string[]; receive(s: string): void } };
function sent({ socket }: C, event: string): JsonObject[] {
  return socket.sent.map((text) => parseObject(text) ?? {}).filter((m) => m.event === event);
}
const echoed = new WeakMap<object, number>();
function echo(call: C) {
  const marks = sent(call, "mark");
  for (const { mark } of marks.slice(echoed.get(call.socket) ?? 0)) {
    call.socket.receive(message("mark", mark));
  }
  echoed.set(call.socket, marks.length);
}
const MENU = { pauseMs: 2000, menu: new Map([["0", "sales"]]), secrets: new Map() };
const press = (call: C, digit: string) =>
  call.socket.receive(message("dtmf", { track: "inbound_track", digit }));
const tick = () => new Promise((r) => setTimeout(r, 5));

Deno.test("menu key during the goodbye of end_call: call must not be ended while it rings", async () => {
  const call = connect({ tools: (phone) => [endCall(phone)], destinations: [SALES], keypad: MENU });
  using bench = call.bench;
  const { session } = call;
  session.observer?.audio("bye", AUDIO(3000));
  session.observer?.functionCalled({ callId: "c", name: "end_call", arguments: "{}" });
  session.observer?.answered(answer({ spoke: true }));
  bench.clock.advance(500);
  press(call, "0");
  assertEquals(bench.calls.destination("CA1")?.name, "sales");
  bench.clock.advance(15_000); // rings
  await tick();
  assertEquals(bench.summary("CA1")?.reason, undefined);
  assert(bench.calls.transferFailed("CA1", "no-answer"), "caller cannot come back");
});

Deno.test("transfer_call pending + menu key; caller back at once; must not be passed on again by the old cap", () => {
  const call = connect({
    tools: (phone) => [transferCall(phone, [SALES])],
    destinations: [SALES],
    keypad: MENU,
  });
  using bench = call.bench;
  call.session.observer?.audio("i", AUDIO(3000));
  call.session.observer?.functionCalled({
    callId: "c",
    name: "transfer_call",
    arguments: '{"destination":"sales"}',
  });
  call.session.observer?.answered(answer({ spoke: true }));
  bench.clock.advance(500);
  press(call, "0");
  const token = bench.calls.transferFailed("CA1", "busy") ?? "";
  bench.stream("CA1", token);
  bench.clock.advance(14_600);
  assertEquals(bench.calls.destination("CA1"), undefined);
});

Deno.test("digits and a hold tone: tone ends, digits go on, barge-in works afterwards", async () => {
  const slow = tool(
    { name: "slow", description: "", parameters: z.object({}), timeoutMs: 60_000 },
    () => new Promise(() => {}),
  );
  const call = connect({ tools: (phone) => [sendDigits(phone), slow], waiting: { afterMs: 1500 } });
  using bench = call.bench;
  const { session } = call;
  session.observer?.functionCalled({
    callId: "c1",
    name: "send_digits",
    arguments: '{"digits":"1234567890123456789012345"}',
  }); // 5 s
  session.observer?.functionCalled({ callId: "c2", name: "slow", arguments: "{}" });
  session.observer?.answered(answer({ spoke: false }));
  for (let i = 0; i < 25; i++) {
    bench.clock.advance(100);
    echo(call);
  }
  session.observer?.speechStarted(); // an IVR speaks, a caller coughs
  session.observer?.speechStopped();
  const cleared = sent(call, "clear").length;
  for (let i = 0; i < 60; i++) {
    bench.clock.advance(100);
    echo(call);
  }
  await tick();
  const output = session.outputs.map(({ output }) => output);
  bench.clock.advance(60_000);
  await tick();
  session.observer?.audio("x", AUDIO(5000));
  bench.clock.advance(300);
  echo(call);
  session.observer?.speechStarted();
  const barged = session.heard.filter(({ itemId }) => itemId === "x").length;
  assertEquals({ cleared, output, barged }, {
    cleared: 0,
    output: ['{"sent":"1234567890123456789012345"}'],
    barged: 1,
  });
});

Deno.test("an approval is not decided after its session is gone", () => {
  const call = connect({
    tools: (phone) => [switchLanguage(phone, ["es"])],
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    approvals: new Map([["cal", ["book"]]]),
    destinations: [SALES],
    keypad: MENU,
  });
  using bench = call.bench;
  call.session.observer?.approvalAsked({ id: "a1", server: "cal", name: "book", arguments: "{}" });
  call.session.asked.at(-1)?.answered?.(answer());
  call.session.observer?.functionCalled({
    callId: "c",
    name: "switch_language",
    arguments: '{"language":"es","summary":"s"}',
  });
  const second = bench.sessions[1];
  second?.observer?.ready();
  press(call, "0");
  assertEquals({ approvals: second?.approvals, to: bench.calls.destination("CA1")?.name }, {
    approvals: [],
    to: "sales",
  });
});

Deno.test("a key pressed before the caller was asked approves nothing", () => {
  const call = connect({ approvals: new Map([["cal", ["book"]]]) });
  using bench = call.bench;
  call.session.observer?.audio("q", AUDIO(1000)); // "press 1 for English" is being heard
  call.session.observer?.approvalAsked({ id: "a1", server: "cal", name: "book", arguments: "{}" });
  bench.clock.advance(100);
  press(call, "1");
  assertEquals(call.session.approvals, []);
});

Deno.test("a key pressed during a goodbye approves nothing", () => {
  const call = connect({ approvals: new Map([["cal", ["book"]]]), maxMs: 50_000 });
  using bench = call.bench;
  call.session.observer?.approvalAsked({ id: "a1", server: "cal", name: "book", arguments: "{}" });
  call.session.asked.at(-1)?.answered?.(answer());
  bench.clock.advance(50_000);
  press(call, "1");
  assertEquals(call.session.approvals, []);
});

Deno.test("a call that was taken by somebody else is not waited for by a drain", () => {
  const call = connect({ destinations: [SALES], keypad: MENU });
  using bench = call.bench;
  press(call, "0");
  bench.calls.destination("CA1"); // after-stream
  bench.calls.transferAnswered("CA1");
  assertEquals(bench.calls.unasked, 0);
});

Deno.test("the spending limit reached by an answer that was cut by a menu key does not undo the transfer", () => {
  const call = connect({
    destinations: [SALES],
    keypad: MENU,
    billedModel: "gpt-realtime-2.1",
    limits: { perCall: 0.000001 },
  });
  using bench = call.bench;
  press(call, "0");
  const text = { input: 1000, cached: 0, output: 1000 };
  call.session.observer?.answered(
    answer({ status: "cancelled", usage: { inputTokens: 2000, outputTokens: 2000, text, audio: text } }),
  );
  assertEquals([bench.calls.destination("CA1")?.name, bench.summary("CA1")?.reason], ["sales", undefined]);
});

Deno.test("the time limit does not undo a transfer Twilio has not asked for yet", () => {
  const call = connect({ destinations: [SALES], keypad: MENU, maxMs: 50_000 });
  using bench = call.bench;
  bench.clock.advance(49_900);
  press(call, "0");
  bench.clock.advance(200);
  assertEquals([bench.calls.destination("CA1")?.name, bench.summary("CA1")?.reason], ["sales", undefined]);
});

Deno.test("end_call in the goodbye of a limit does not change why the call ended", () => {
  const call = connect({
    tools: (phone) => [endCall(phone), transferCall(phone, [SALES])],
    destinations: [SALES],
    maxMs: 50_000,
  });
  using bench = call.bench;
  const { session } = call;
  bench.clock.advance(50_000);
  session.observer?.audio("bye", AUDIO(200));
  session.observer?.functionCalled({ callId: "c", name: "end_call", arguments: "{}" });
  session.observer?.answered(answer());
  session.asked.at(-1)?.answered?.(answer());
  bench.clock.advance(300);
  echo(call);
  bench.clock.advance(300);
  assertEquals(bench.summary("CA1")?.reason, "time limit");
});

Deno.test("transfer_call in the goodbye of a limit passes nobody on", () => {
  const call = connect({
    tools: (phone) => [transferCall(phone, [SALES])],
    destinations: [SALES],
    maxMs: 50_000,
  });
  using bench = call.bench;
  const { session } = call;
  bench.clock.advance(50_000);
  session.observer?.audio("bye", AUDIO(200));
  session.observer?.functionCalled({
    callId: "c",
    name: "transfer_call",
    arguments: '{"destination":"sales"}',
  });
  session.observer?.answered(answer());
  session.asked.at(-1)?.answered?.(answer());
  bench.clock.advance(300);
  echo(call);
  bench.clock.advance(300);
  assertEquals([bench.calls.destination("CA1"), bench.summary("CA1")?.reason], [undefined, "time limit"]);
});

Deno.test("after a language switch the second turn still knows the summary", () => {
  const call = connect({
    tools: (phone) => [switchLanguage(phone, ["es"])],
    languages: new Map([["es", PLAIN_ASSISTANT]]),
  });
  using bench = call.bench;
  call.session.observer?.functionCalled({
    callId: "c",
    name: "switch_language",
    arguments: '{"language":"es","summary":"order 4711 is late"}',
  });
  const second = bench.sessions[1];
  second?.observer?.ready();
  assertMatch([...second?.notes ?? [], second?.options?.instructions].join(), /4711/);
});

Deno.test("message left on a voicemail when session is not ready: no apology", () => {
  using bench = new CallsBench({}, { voicemail: { leave: "hi" } });
  const token = bench.announce("CA1");
  bench.stream("CA1", token);
  bench.calls.answeredBy("CA1", "machine_end_beep");
  bench.clock.advance(1000);
  assertEquals(bench.calls.ending("CA1")?.explained ?? true, true);
});

Deno.test("what the summary costs is counted", async () => {
  const day: number[] = [];
  const call = connect({ billedModel: "gpt-realtime-2.1", summary: true });
  using bench = call.bench;
  const text = { input: 100_000, cached: 0, output: 1000 };
  call.session.closeWithText = (_i, done) =>
    done({ text: "t", usage: { inputTokens: 200_000, outputTokens: 2_000, text, audio: text } });
  let record: unknown;
  const meter = bench.calls;
  void meter;
  void day;
  call.session.observer?.speechStarted();
  call.session.observer?.speechStopped();
  call.socket.receive(message("stop"));
  await tick();
  // the next call of the same caller, limited to less than that summary cost
  const answer2 = bench.calls.announce({ callSid: "CA2", from: "+15551230000", to: "+1" }, {
    ...bench.assistant,
    limits: { perCallerDay: 0.01 },
  });
  void record;
  assert("refused" in answer2, "the summary was free");
});

Deno.test("a note given before the session is ready is not lost", () => {
  using bench = new CallsBench({}, { maxMs: 60_000 });
  const t = bench.announce("CA1");
  bench.stream("CA1", t);
});
