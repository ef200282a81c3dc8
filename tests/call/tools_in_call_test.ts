import { assertEquals, assertMatch } from "@std/assert";
import { z } from "zod";
import type { CallAssistant } from "../../src/call/call_assistant.ts";
import type { CallsOptions } from "../../src/calls/calls.ts";
import type { CallRecord } from "../../src/call/record.ts";
import { parseObject } from "../../src/json.ts";
import {
  collectDigits,
  endCall,
  sendDigits,
  switchLanguage,
  transferCall,
} from "../../src/tools/call_tools.ts";
import { tool } from "../../src/tools/tool.ts";
import { CallsBench, PLAIN_ASSISTANT } from "../support/calls.ts";
import { message } from "../support/fake_socket.ts";
import { IDLE_TIMERS } from "../support/service.ts";
import { answer, StillSession } from "../support/still_session.ts";

const SALES = { name: "sales", about: "", number: "+15550100", ringSeconds: 20 };
const AUDIO = (ms: number) => new Uint8Array(ms * 8);
/** Lets promises that are settled run what waits for them. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

function connect(assistant: Partial<CallAssistant> = {}, options: Partial<CallsOptions> = {}) {
  const bench = new CallsBench(options, assistant);
  return { bench, ...bench.connect("CA1") };
}

type Connected = ReturnType<typeof connect>;

/** How many messages of one kind Twilio was sent. */
function sent({ socket }: Pick<Connected, "socket">, event: string): number {
  return socket.sent.filter((text) => parseObject(text)?.event === event).length;
}

/** So much time passes (ms), in which the caller hears what they are sent. */
function playAll({ bench, socket }: Connected, ms: number): void {
  for (let passed = 0; passed < ms; passed += 100) {
    bench.clock.advance(100);
    for (const text of socket.sent) {
      const { event, mark } = parseObject(text) ?? {};
      if (event === "mark") socket.receive(message("mark", mark));
    }
  }
}

/** A tool that is done when the test says so. */
function slow(name: string) {
  const done = Promise.withResolvers<string>();
  const made = tool(
    { name, description: "", parameters: z.object({}), timeoutMs: 60_000 },
    () => done.promise,
  );
  return { made, resolve: done.resolve };
}

Deno.test("the caller is told to wait as long as any tool runs", async () => {
  const [first, second] = [slow("first"), slow("second")];
  const { bench, session } = connect({
    tools: () => [first.made, second.made],
    waiting: { afterMs: 1_500, say: "One moment." },
    silence: { afterMs: 5_000, prompts: 1 },
  });
  using _ = bench;
  for (const name of ["first", "second"]) {
    session.observer?.functionCalled({ callId: name, name, arguments: "{}" });
  }
  session.observer?.answered(answer({ spoke: false }));
  first.resolve("1");
  await settle();
  assertEquals(session.asked, []);
  bench.clock.advance(6_000);
  assertEquals(session.asked.length, 1, "nobody is asked whether they are still there meanwhile");
  assertMatch(session.asked[0]?.instructions ?? "", /One moment/);
  second.resolve("2");
  await settle();
  assertEquals(session.asked.slice(1), [{ instructions: undefined, answered: undefined, lapses: true }]);
  bench.clock.advance(5_000);
  assertMatch(session.asked[2]?.instructions ?? "", /still there/, "silence counts again");
});

Deno.test("a tool that is done during a goodbye is told to nobody", async () => {
  const { made, resolve } = slow("slow");
  const { bench, session } = connect({ tools: () => [made] });
  using _ = bench;
  session.observer?.functionCalled({ callId: "c", name: "slow", arguments: "{}" });
  session.observer?.answered(answer({ spoke: false }));
  bench.calls.sayGoodbyes();
  resolve("late");
  await settle();
  assertEquals([session.outputs, session.asked.length], [[], 1]);
});

Deno.test("the goodbye of a limit is heard out, whatever end_call was about to do", async () => {
  const { bench, session } = connect({ tools: (phone) => [endCall(phone)], maxMs: 40_000 });
  using _ = bench;
  bench.clock.advance(35_000);
  session.observer?.functionCalled({ callId: "c", name: "end_call", arguments: "{}" });
  await settle();
  bench.clock.advance(15_000);
  assertEquals(bench.summary("CA1"), undefined);
  bench.clock.advance(5_000);
  assertEquals(bench.summary("CA1")?.reason, "time limit");
});

Deno.test("a caller who calls a goodbye off is told of it once", async () => {
  const { bench, session } = connect({ tools: (phone) => [endCall(phone)] });
  using _ = bench;
  session.observer?.audio("bye", AUDIO(2_000));
  session.observer?.functionCalled({ callId: "c", name: "end_call", arguments: "{}" });
  await settle();
  session.observer?.answered(answer());
  session.observer?.speechStarted();
  session.observer?.speechStopped();
  session.observer?.speechStarted();
  assertEquals(session.notes.length, 1);
  bench.clock.advance(15_000);
  assertEquals(bench.summary("CA1"), undefined, "the cap is gone as well");
});

Deno.test("a machine's verdict during a goodbye does not cut it", () => {
  const { bench, session } = connect({ voicemail: { leave: "Call back." } });
  using _ = bench;
  bench.calls.sayGoodbyes();
  const { stopped } = session;
  bench.calls.answeredBy("CA1", "machine_start");
  assertEquals(session.stopped, stopped);
  session.observer?.audio("bye", AUDIO(500));
  assertEquals(session.heard, []);
});

Deno.test("a call is summed up where the owner wants it and something was said", async () => {
  const cases = [[true, true], [true, false], [false, true]] as const;
  for (const [wanted, spoken] of cases) {
    const told: (Promise<string | undefined> | undefined)[] = [];
    const { bench, session, socket } = connect({ summary: wanted }, {
      ended: (_, summary) => told.push(summary),
    });
    using _ = bench;
    if (spoken) session.observer?.speechStopped();
    socket.receive(message("stop"));
    assertEquals([told.length, await told[0]], [1, wanted && spoken ? "They talked." : undefined]);
    assertEquals(session.closed, true);
  }
});

Deno.test("which key was pressed is not logged", () => {
  const { bench, socket } = connect();
  using _ = bench;
  socket.receive(message("dtmf", { digit: "7", track: "inbound_track" }));
  const { time: _time, ...line } = bench.lines.find(({ event }) => event === "key pressed") ?? {};
  assertEquals(line, { level: "info", event: "key pressed", call: "CA1" });
});

Deno.test("what the caller did not hear of one language is heard; what its tools come to, nobody hears", async () => {
  const { made, resolve } = slow("slow");
  const call = connect({
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [made, switchLanguage(phone, ["es"])],
    silence: { afterMs: 5_000, prompts: 1 },
    waiting: { afterMs: 4_000, say: "One moment." },
  });
  using bench = call.bench;
  const { session } = call;
  session.observer?.audio("bye", AUDIO(500));
  session.observer?.functionCalled({ callId: "c", name: "slow", arguments: "{}" });
  const args = JSON.stringify({ language: "es", summary: "A table" });
  session.observer?.functionCalled({ callId: "d", name: "switch_language", arguments: args });
  const next = bench.sessions[1];
  next?.observer?.ready();
  resolve("found");
  await settle();
  assertEquals([session.closed, next?.outputs, next?.asked.length], [true, [], 1]);
  assertEquals(sent(call, "clear"), 0);
  next?.observer?.audio("hola", AUDIO(500));
  next?.observer?.answered(answer());
  playAll(call, 2_000);
  bench.clock.advance(5_000);
  assertMatch(next?.asked[1]?.instructions ?? "", /still there/);
});

Deno.test("a caller who spoke to one language does not interrupt the other by that", () => {
  const call = connect({
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [switchLanguage(phone, ["es"])],
    protectedMs: 500,
  });
  using bench = call.bench;
  call.session.observer?.speechStarted();
  const args = JSON.stringify({ language: "es", summary: "A table" });
  call.session.observer?.functionCalled({ callId: "d", name: "switch_language", arguments: args });
  const next = bench.sessions[1];
  next?.observer?.ready();
  next?.observer?.audio("hola", AUDIO(2_000));
  playAll(call, 1_000);
  assertEquals([next?.heard, sent(call, "clear")], [[], 0]);
});

Deno.test("a greeting that cannot be interrupted at first goes on where the caller is silent", () => {
  const call = connect({ protectedMs: 500 });
  using _ = call.bench;
  call.session.observer?.audio("greeting", AUDIO(2_000));
  playAll(call, 1_000);
  assertEquals([call.session.heard, sent(call, "clear")], [[], 0]);
});

Deno.test("what a tool comes to whose session failed before the call came is not told to the next one", async () => {
  const { made, resolve } = slow("slow");
  using bench = new CallsBench({}, { tools: () => [made] });
  const token = bench.announce("CA1");
  bench.sessions[0]?.observer?.ready();
  bench.sessions[0]?.observer?.functionCalled({ callId: "c", name: "slow", arguments: "{}" });
  bench.sessions[0]?.observer?.failed({ code: "gone", message: "lost" });
  bench.stream("CA1", token);
  bench.sessions[1]?.observer?.ready();
  resolve("found");
  await settle();
  assertEquals(bench.sessions[1]?.outputs, []);
});

Deno.test("what a call cost is the sum of its answers", () => {
  const records: CallRecord[] = [];
  const { bench, session, socket } = connect({ billedModel: "gpt-realtime-2.1" }, {
    ended: (record) => records.push(record),
  });
  using _ = bench;
  const none = { input: 0, cached: 0, output: 0 };
  const audio = { input: 1_000, cached: 0, output: 500 };
  const usage = { inputTokens: 1_000, outputTokens: 500, text: none, audio };
  for (let i = 0; i < 2; i++) session.observer?.answered(answer({ usage }));
  socket.receive(message("stop"));
  assertEquals(records.map(({ costUsd }) => costUsd.toFixed(3)), ["0.128"]);
});

Deno.test("of end_call and transfer_call in one answer, the last one counts", async () => {
  const { bench, session } = connect({
    destinations: [SALES],
    tools: (phone) => [endCall(phone), transferCall(phone, [SALES])],
  });
  using _ = bench;
  session.observer?.functionCalled({ callId: "c", name: "end_call", arguments: "{}" });
  const args = JSON.stringify({ destination: "sales" });
  session.observer?.functionCalled({ callId: "d", name: "transfer_call", arguments: args });
  await settle();
  session.observer?.answered(answer());
  bench.clock.advance(15_000);
  assertEquals([bench.summary("CA1"), bench.calls.destination("CA1")?.name], [undefined, "sales"]);
});

Deno.test("a goodbye that has to be asked for gives way to a caller who speaks", async () => {
  const { bench, session } = connect({ tools: (phone) => [endCall(phone)] });
  using _ = bench;
  session.observer?.functionCalled({ callId: "c", name: "end_call", arguments: "{}" });
  session.observer?.answered(answer({ spoke: false }));
  await settle();
  assertEquals(session.asked.map(({ lapses }) => lapses), [true]);
  // The answer of another turn is none to this.
  session.observer?.answered(answer({ spoke: false }));
  assertEquals(session.asked.length, 1);
  session.asked[0]?.answered?.(answer({ spoke: false }));
  assertEquals(bench.summary("CA1")?.reason, "assistant hung up", "a goodbye nobody says is not waited for");
});

Deno.test("a call that is over leaves no timer of what the assistant was doing", async () => {
  const { made } = slow("slow");
  const cases: Record<string, (call: ReturnType<typeof connect>) => void> = {
    "hanging up": ({ session }) =>
      session.observer?.functionCalled({ callId: "c", name: "end_call", arguments: "{}" }),
    "keys": ({ socket }) => socket.receive(message("dtmf", { digit: "1", track: "inbound_track" })),
    "a secret": ({ session }) =>
      session.observer?.functionCalled({ callId: "c", name: "collect_digits", arguments: '{"name":"pin"}' }),
    "silence": () => {},
    "waiting": ({ session }) => {
      session.observer?.functionCalled({ callId: "c", name: "slow", arguments: "{}" });
      session.observer?.answered(answer({ spoke: false }));
    },
    "a first moment": (call) => {
      call.session.observer?.audio("a", AUDIO(500));
      playAll(call, 100);
    },
  };
  for (const [name, happen] of Object.entries(cases)) {
    const call = connect({
      tools: (phone) => [made, endCall(phone), collectDigits(phone, [{ name: "pin", digits: 4 }])],
      silence: { afterMs: 60_000, prompts: 1 },
      waiting: { afterMs: 30_000 },
      protectedMs: 5_000,
    });
    using bench = call.bench;
    happen(call);
    call.socket.receive(message("stop"));
    await settle();
    assertEquals(bench.clock.pending, IDLE_TIMERS, name);
  }
});

Deno.test("keys that are sent or awaited are not waited for with a phrase", async () => {
  const tools: [string, unknown][] = [["send_digits", { digits: "1234567890" }], ["collect_digits", {
    name: "pin",
  }]];
  for (const [name, args] of tools) {
    const { bench, session } = connect({
      tools: (phone) => [sendDigits(phone), collectDigits(phone, [{ name: "pin", digits: 4 }])],
      waiting: { afterMs: 500, say: "One moment." },
    });
    using _ = bench;
    session.observer?.functionCalled({ callId: "c", name, arguments: JSON.stringify(args) });
    session.observer?.answered(answer({ spoke: false }));
    bench.clock.advance(1_500);
    assertEquals(session.asked, [], name);
    await settle();
  }
});

Deno.test("a key is a sign of life", () => {
  const { bench, session, socket } = connect({ silence: { afterMs: 10_000, prompts: 1 } });
  using _ = bench;
  bench.clock.advance(9_000);
  socket.receive(message("dtmf", { digit: "1", track: "inbound_track" }));
  bench.clock.advance(1_500);
  assertEquals(session.asked, []);
});

Deno.test("a key decides one approval, and the model goes on; digits of a secret decide none", async () => {
  const { bench, session, socket } = connect({
    approvals: new Map([["calendar", ["book"]]]),
    keypad: { pauseMs: 2_000, menu: new Map(), secrets: new Map([["pin", 2]]) },
    tools: (phone) => [collectDigits(phone, [{ name: "pin", digits: 2 }])],
  });
  using _ = bench;
  const press = (digit: string) => socket.receive(message("dtmf", { digit, track: "inbound_track" }));
  const ask = (id: string) => {
    session.observer?.approvalAsked({ id, server: "calendar", name: "book", arguments: "x".repeat(50_000) });
    session.asked.at(-1)?.answered?.(answer());
  };
  session.observer?.functionCalled({ callId: "c", name: "collect_digits", arguments: '{"name":"pin"}' });
  ask("a1");
  ask("a2");
  assertEquals(
    (session.asked[0]?.instructions?.length ?? 0) < 1_500,
    true,
    "the model need not read it all out",
  );
  press("1");
  press("1");
  assertEquals(session.approvals, []);
  await settle();
  assertEquals(session.outputs, [{ callId: "c", output: '{"entered":true}' }]);
  bench.clock.advance(2_000);
  session.asked.length = 0;
  press("1");
  assertEquals(session.approvals, [{ id: "a1", approved: true }]);
  assertEquals(session.asked, [{ instructions: undefined, answered: undefined, lapses: true }]);
  press("9");
  press("1");
  assertEquals(session.approvals.slice(1), [{ id: "a2", approved: false }]);
});

Deno.test("keys that were heard leave the assistant as easy to interrupt as before", async () => {
  const call = connect({ tools: (phone) => [sendDigits(phone)] });
  using _ = call.bench;
  call.session.observer?.functionCalled({ callId: "c", name: "send_digits", arguments: '{"digits":"1"}' });
  await settle();
  playAll(call, 500);
  await settle();
  assertEquals(call.session.outputs, [{ callId: "c", output: '{"sent":"1"}' }]);
  call.session.observer?.audio("a", AUDIO(2_000));
  playAll(call, 300);
  call.session.observer?.speechStarted();
  assertEquals(sent(call, "clear"), 1);
});

Deno.test("keys that are heard during the first moment of the greeting do not end that moment", async () => {
  const call = connect({ tools: (phone) => [sendDigits(phone)], protectedMs: 3_000 });
  using _ = call.bench;
  call.session.observer?.audio("a", AUDIO(100));
  call.session.observer?.functionCalled({ callId: "c", name: "send_digits", arguments: '{"digits":"1"}' });
  call.session.observer?.audio("b", AUDIO(4_000));
  call.session.observer?.speechStarted();
  for (let i = 0; i < 10; i++) {
    playAll(call, 100);
    await settle();
  }
  assertEquals([call.session.outputs.length, sent(call, "clear")], [1, 0]);
});

Deno.test("only the first words are protected", () => {
  const call = connect({ protectedMs: 500 });
  using _ = call.bench;
  call.session.observer?.audio("a", AUDIO(600));
  playAll(call, 700);
  call.session.observer?.audio("b", AUDIO(1_000));
  playAll(call, 100);
  call.session.observer?.speechStarted();
  assertEquals(sent(call, "clear"), 1);
});

Deno.test("end_call is called off though the words cannot be interrupted", async () => {
  const call = connect({ tools: (phone) => [endCall(phone)], protectedMs: 5_000 });
  using _ = call.bench;
  call.session.observer?.audio("bye", AUDIO(1_000));
  call.session.observer?.functionCalled({ callId: "c", name: "end_call", arguments: "{}" });
  await settle();
  call.session.observer?.answered(answer());
  playAll(call, 100);
  call.session.observer?.speechStarted();
  playAll(call, 2_000);
  assertEquals([call.bench.summary("CA1"), sent(call, "clear")], [undefined, 0]);
});

Deno.test("an answer that never ends is waited for 15 s, then the caller is passed on, and told no more", async () => {
  const { bench, session } = connect({
    destinations: [SALES],
    tools: (phone) => [transferCall(phone, [SALES])],
  });
  using _ = bench;
  const args = JSON.stringify({ destination: "sales" });
  session.observer?.functionCalled({ callId: "c", name: "transfer_call", arguments: args });
  await settle();
  bench.clock.advance(14_999);
  assertEquals(bench.calls.destination("CA1"), undefined);
  bench.clock.advance(1);
  assertEquals(bench.calls.destination("CA1")?.name, "sales");
  session.observer?.answered(answer({ spoke: false }));
  assertEquals(session.asked, []);
});

/** A session that keeps what it hears. */
class Ear extends StillSession {
  readonly frames: string[] = [];
  override appendAudio(payload = ""): void {
    this.frames.push(payload);
  }
}

Deno.test("the model hears nothing while a secret is entered, and the caller again after, whatever became of it", async () => {
  const ears: Ear[] = [];
  using bench = new CallsBench({
    openSession: (options, observer) => {
      const ear = new Ear(observer, options);
      ears.push(ear);
      return ear;
    },
  }, {
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [collectDigits(phone, [{ name: "pin", digits: 4 }]), switchLanguage(phone, ["es"])],
  });
  const token = bench.announce("CA1");
  const [first] = ears;
  first?.observer?.ready();
  const socket = bench.stream("CA1", token);
  let timestamp = 0;
  const speak = () => socket.receive(message("media", { timestamp: `${timestamp += 20}`, payload: "AAAA" }));
  const collect = (callId: string) =>
    first?.observer?.functionCalled({ callId, name: "collect_digits", arguments: '{"name":"pin"}' });
  collect("a");
  collect("b");
  await settle();
  speak();
  assertEquals(
    first?.frames.includes("AAAA"),
    false,
    "the second one goes on when it has ended the first one",
  );
  const args = JSON.stringify({ language: "es", summary: "A table" });
  first?.observer?.functionCalled({ callId: "c", name: "switch_language", arguments: args });
  ears[1]?.observer?.ready();
  await settle();
  speak();
  assertEquals(ears[1]?.frames.includes("AAAA"), false, "keys of the one that was given up may still come");
  bench.clock.advance(2_200);
  speak();
  assertEquals(ears[1]?.frames.at(-1), "AAAA");
});
