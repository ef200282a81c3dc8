import type { WrittenSummary } from "../../src/records/call_record.ts";
import { assertEquals, assertMatch } from "@std/assert";
import {
  collectDigits,
  endCall,
  sendDigits,
  switchLanguage,
  transferCall,
} from "../../src/tools/call_tools.ts";
import { CallRig, connect, PLAIN_ASSISTANT, SALES, slowTool, testAudio } from "../support/call_rig.ts";
import { IDLE_TIMERS } from "../support/fake_clock.ts";
import { message } from "../support/fake_socket.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

Deno.test("Hold phrase is said once while any tool runs, and silence prompts pause", async () => {
  const [first, second] = [slowTool("first"), slowTool("second")];
  const { rig, session } = connect({
    tools: () => [first.tool, second.tool],
    waiting: { afterMs: 1_500, say: "One moment." },
    silence: { afterMs: 5_000, prompts: 1 },
  });
  for (const name of ["first", "second"]) {
    session.observer?.functionCalled({ callId: name, name, arguments: "{}" });
  }
  session.observer?.responseDone(response({ hasAudio: false }));
  first.resolve("1");
  await settle();
  assertEquals(session.requests, []);
  rig.clock.advance(6_000);
  assertEquals(session.requests.length, 1, "no silence prompt while tools run");
  assertMatch(session.requests[0]?.instructions ?? "", /One moment/);
  second.resolve("2");
  await settle();
  assertEquals(session.requests.slice(1), [{
    instructions: undefined,
    onDone: undefined,
    yieldsToCaller: true,
  }]);
  rig.clock.advance(5_000);
  assertMatch(session.requests[2]?.instructions ?? "", /still there/, "silence prompts resume");
});

Deno.test("Result of a tool that finishes during a goodbye is discarded", async () => {
  const { tool, resolve } = slowTool("slow");
  const { rig, session, callFunction } = connect({ tools: () => [tool] });
  callFunction("slow");
  session.observer?.responseDone(response({ hasAudio: false }));
  rig.calls.sayGoodbyes();
  resolve("late");
  await settle();
  assertEquals([session.functionResults, session.requests.length], [[], 1]);
});

Deno.test("Goodbye of a limit is played out although end_call was pending", async () => {
  const { rig, callFunction } = connect({ tools: (phone) => [endCall(phone)], maxCallMs: 40_000 });
  rig.clock.advance(35_000);
  callFunction("end_call");
  await settle();
  rig.clock.advance(15_000);
  assertEquals(rig.summary("CA1"), undefined);
  rig.clock.advance(5_000);
  assertEquals(rig.summary("CA1")?.end_reason, "time limit");
});

Deno.test("Caller who cancels end_call causes one note to the model", async () => {
  const { rig, session, callFunction } = connect({ tools: (phone) => [endCall(phone)] });
  session.observer?.assistantAudio("bye", testAudio(2_000));
  callFunction("end_call");
  await settle();
  session.observer?.responseDone(response());
  session.observer?.callerSpeechStarted();
  session.observer?.callerSpeechStopped();
  session.observer?.callerSpeechStarted();
  assertEquals(session.notes.length, 1);
  rig.clock.advance(15_000);
  assertEquals(rig.summary("CA1"), undefined, "the timeout is cancelled too");
});

Deno.test("Answering-machine verdict during a goodbye does not interrupt it", () => {
  const { rig, session } = connect({ voicemail: { leave: "Call back." } });
  rig.calls.sayGoodbyes();
  const { cancellations: stopped } = session;
  rig.calls.reportAnsweredBy("CA1", "machine_start");
  assertEquals(session.cancellations, stopped);
  session.observer?.assistantAudio("bye", testAudio(500));
  assertEquals(session.interruptions, []);
});

Deno.test("Summary is written when it is configured and the caller spoke", async () => {
  const cases = [[true, true], [true, false], [false, true]] as const;
  for (const [summaryWanted, spoken] of cases) {
    const happened: (Promise<WrittenSummary | undefined> | undefined)[] = [];
    const { session, socket } = connect({ summary: summaryWanted }, {
      onEnded: (_, summary) => happened.push(summary),
    });
    if (spoken) session.observer?.callerSpeechStarted();
    if (spoken) session.observer?.callerSpeechStopped();
    socket.receive(message("stop"));
    assertEquals([happened.length, (await happened[0])?.text], [
      1,
      summaryWanted && spoken ? "They talked." : undefined,
    ]);
    assertEquals(session.closed, true);
  }
});

Deno.test("Log does not contain the key that was pressed", () => {
  const { rig, socket } = connect();
  socket.receive(message("dtmf", { digit: "7", track: "inbound_track" }));
  const { time: _time, ...line } = rig.lines.find(({ event }) => event === "key pressed") ?? {};
  assertEquals(line, { level: "info", event: "key pressed", call: "CA1" });
});

Deno.test("Result of a tool whose session failed before the stream reaches the next session once", async () => {
  const { tool, resolve } = slowTool("slow");
  const rig = new CallRig({}, { tools: () => [tool] });
  const token = rig.announce("CA1");
  rig.sessions[0]?.observer?.sessionReady();
  rig.sessions[0]?.observer?.functionCalled({ callId: "c", name: "slow", arguments: "{}" });
  rig.sessions[0]?.observer?.sessionFailed({ code: "gone", message: "lost" });
  rig.stream("CA1", token);
  rig.sessions[1]?.observer?.sessionReady();
  resolve("found");
  await settle();
  const { restored, functionResults } = rig.session;
  assertEquals(restored.map(({ type }) => type), ["function call"]);
  assertEquals(functionResults, [{ callId: "c", output: '"found"' }]);
});

Deno.test("Call ID that the model sends again runs its tool once and has one result", async () => {
  const { tool, resolve } = slowTool("slow");
  const { session } = connect({ tools: () => [tool] });
  const call = { callId: "c", name: "slow", arguments: "{}" };
  for (let times = 0; times < 2; times++) session.observer?.functionCalled(call);
  session.observer?.responseDone(response({ hasAudio: false }));
  resolve("found");
  await settle();
  session.observer?.functionCalled(call);
  session.observer?.responseDone(response({ hasAudio: false }));
  await settle();
  assertEquals(session.functionResults, [{ callId: "c", output: '"found"' }]);
});

Deno.test("Record's cost is the sum of all responses", () => {
  const { session, socket, records } = connect({ billedModel: "gpt-realtime-2.1" });
  const none = { input: 0, cached: 0, output: 0 };
  const audio = { input: 1_000, cached: 0, output: 500 };
  const usage = { inputTokens: 1_000, outputTokens: 500, text: none, audio };
  for (let i = 0; i < 2; i++) session.observer?.responseDone(response({ usage }));
  socket.receive(message("stop"));
  assertEquals(records.map(({ costUsd }) => costUsd.toFixed(3)), ["0.128"]);
});

Deno.test("Last of end_call and transfer_call in one response is executed", async () => {
  const { rig, session, callFunction } = connect({
    destinations: [SALES],
    tools: (phone) => [endCall(phone), transferCall(phone, [SALES])],
  });
  callFunction("end_call");
  callFunction("transfer_call", { destination: "sales" });
  await settle();
  session.observer?.responseDone(response());
  rig.clock.advance(15_000);
  assertEquals([rig.summary("CA1"), rig.calls.destination("CA1")?.name], [undefined, "sales"]);
});

Deno.test("Goodbye requested after a silent end_call yields to the caller", async () => {
  const { rig, session, callFunction } = connect({ tools: (phone) => [endCall(phone)] });
  callFunction("end_call");
  session.observer?.responseDone(response({ hasAudio: false }));
  await settle();
  assertEquals(session.requests.map(({ yieldsToCaller: lapses }) => lapses), [true]);
  // A later response changes nothing.
  session.observer?.responseDone(response({ hasAudio: false }));
  assertEquals(session.requests.length, 1);
  session.requests[0]?.onDone?.(response({ hasAudio: false }));
  assertEquals(rig.summary("CA1")?.end_reason, "assistant hung up");
});

Deno.test("Ended call leaves no timer", async () => {
  const { tool } = slowTool("slow");
  const cases: Record<string, (call: ReturnType<typeof connect>) => void> = {
    "hanging up": ({ callFunction }) => callFunction("end_call"),
    "keys": ({ socket }) => socket.receive(message("dtmf", { digit: "1", track: "inbound_track" })),
    "a secret": ({ callFunction }) => callFunction("collect_digits", { name: "pin" }),
    "silence": () => {},
    "waiting": ({ session, callFunction }) => {
      callFunction("slow");
      session.observer?.responseDone(response({ hasAudio: false }));
    },
    "a first moment": (call) => {
      call.session.observer?.assistantAudio("a", testAudio(500));
      call.play(100);
    },
  };
  for (const [name, happen] of Object.entries(cases)) {
    const call = connect({
      tools: (phone) => [tool, endCall(phone), collectDigits(phone, [{ name: "pin", digits: 4 }])],
      silence: { afterMs: 60_000, prompts: 1 },
      waiting: { afterMs: 30_000 },
      protectedMs: 5_000,
    });
    const { rig } = call;
    happen(call);
    call.socket.receive(message("stop"));
    await settle();
    assertEquals(rig.clock.pending, IDLE_TIMERS, name);
  }
});

Deno.test("Hold phrase is not said while tones are sent or digits collected", async () => {
  const tools: [string, unknown][] = [["send_digits", { digits: "1234567890" }], ["collect_digits", {
    name: "pin",
  }]];
  for (const [name, args] of tools) {
    const { rig, session } = connect({
      tools: (phone) => [sendDigits(phone), collectDigits(phone, [{ name: "pin", digits: 4 }])],
      waiting: { afterMs: 500, say: "One moment." },
    });
    session.observer?.functionCalled({ callId: "c", name, arguments: JSON.stringify(args) });
    session.observer?.responseDone(response({ hasAudio: false }));
    rig.clock.advance(1_500);
    assertEquals(session.requests, [], name);
    await settle();
  }
});

Deno.test("Key press restarts the silence prompts", () => {
  const { rig, session, socket } = connect({ silence: { afterMs: 10_000, prompts: 1 } });
  rig.clock.advance(9_000);
  socket.receive(message("dtmf", { digit: "1", track: "inbound_track" }));
  rig.clock.advance(1_500);
  assertEquals(session.requests, []);
});

Deno.test("Transfer starts after 15 s when its response never finishes", async () => {
  const { rig, session, callFunction } = connect({
    destinations: [SALES],
    tools: (phone) => [transferCall(phone, [SALES])],
  });
  callFunction("transfer_call", { destination: "sales" });
  await settle();
  rig.clock.advance(14_999);
  assertEquals(rig.calls.destination("CA1"), undefined);
  rig.clock.advance(1);
  assertEquals(rig.calls.destination("CA1")?.name, "sales");
  session.observer?.responseDone(response({ hasAudio: false }));
  assertEquals(session.requests, []);
});

Deno.test("Caller is muted while a secret is entered, and heard again afterwards", async () => {
  const { rig, session: first, callFunction, frame } = connect({
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [collectDigits(phone, [{ name: "pin", digits: 4 }]), switchLanguage(phone, ["es"])],
  });
  const SPEECH = new Uint8Array(160).fill(7).toBase64();
  callFunction("collect_digits", { name: "pin" }, "a");
  callFunction("collect_digits", { name: "pin" }, "b");
  await settle();
  frame(7);
  assertEquals(first.frames.includes(SPEECH), false, "the second secret is still being entered");
  callFunction("switch_language", { language: "es", summary: "A table" });
  const [, next] = rig.sessions;
  next?.observer?.sessionReady();
  await settle();
  frame(7);
  assertEquals(next?.frames.includes(SPEECH), false, "the secret is still being entered");
  rig.clock.advance(30_000);
  await settle();
  frame(7);
  assertEquals(next?.frames.includes(SPEECH), false, "keys of the abandoned secret may still come");
  rig.clock.advance(2_200);
  frame(7);
  assertEquals(next?.frames.at(-1), SPEECH);
});

Deno.test("Record's cost includes transcripts, and a model without a known price at the highest price", () => {
  const { rig, session, hangUp } = connect({ billedModel: "house-model" });
  session.observer?.callerTranscript("u1", "Hello", { seconds: 60 });
  const none = { input: 0, cached: 0, output: 0 };
  const usage = {
    inputTokens: 0,
    outputTokens: 1_000_000,
    text: { ...none, output: 1_000_000 },
    audio: none,
  };
  for (let i = 0; i < 2; i++) session.observer?.responseDone(response({ usage }));
  assertEquals(hangUp()?.costUsd, 0.0045 + 2 * 24);
  const warnings = rig.lines.filter(({ event }) => event === "price not known");
  assertEquals(warnings.map(({ level, model }) => [level, model]), [["warn", "house-model"]]);
});
