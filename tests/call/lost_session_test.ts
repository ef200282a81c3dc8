import { assert, assertEquals, assertMatch } from "@std/assert";
import { z } from "zod";
import type { CallChange } from "../../src/calls/live_calls.ts";
import { parseObject } from "../../src/json.ts";
import type { EndedCall } from "../../src/records/call_record.ts";
import { collectDigits, transferCall } from "../../src/tools/call_tools.ts";
import { defineTool } from "../../src/tools/tool.ts";
import { CallRig, connect, MENU, SALES, slowTool, testAudio } from "../support/call_rig.ts";
import { IDLE_TIMERS } from "../support/fake_clock.ts";
import { message } from "../support/fake_socket.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

Deno.test("Session opened after a transfer gets the conversation when the previous one was lost during it", () => {
  const { rig, say, press } = connect(MENU);
  say("a1", "Your order is on its way.");
  press("0");
  rig.dropSession();
  rig.comeBack();
  rig.session.observer?.sessionReady();
  assertEquals(rig.sessions.length, 2);
  assertMatch(rig.session.known.join(), /You: Your order is on its way\./);
  assertEquals(rig.session.instructions.length, 1);
});

Deno.test("Session opened after a transfer gets the conversation when the previous one was lost before it", () => {
  const { rig, say, press } = connect(MENU);
  say("a1", "Your order is on its way.");
  rig.dropSession();
  press("0");
  rig.clock.advance(20_000);
  assertEquals(rig.sessions.length, 1, "no session opens during the transfer");
  rig.comeBack();
  rig.session.observer?.sessionReady();
  assertMatch(rig.session.known.join(), /You: Your order is on its way\./);
});

Deno.test("Hang-up before a reconnect leaves no timer and no session", () => {
  const { rig } = connect(MENU);
  rig.dropSession();
  rig.calls.endAll("caller hung up");
  rig.clock.advance(60_000);
  assertEquals([rig.sessions.length, rig.clock.pending], [1, IDLE_TIMERS]);
});

Deno.test("Next session finishes a response that the loss cut off, and the session after it does not", () => {
  const { rig, say } = connect(MENU);
  say("a1", "Hello.");
  rig.session.observer?.assistantAudio("a2", testAudio(2_000));
  rig.session.hasPendingResponse = true;
  const second = rig.replaceSession();
  assertMatch(second.instructions.join(), /^You were cut off/);
  assertEquals(second.requests[0]?.yieldsToCaller, true);
  // The caller speaks first and is answered: the requested response has lapsed.
  second.observer?.callerSpeechStarted();
  second.observer?.callerSpeechStopped();
  say("a3", "Yes?");
  rig.clock.advance(60_000);
  assertEquals(rig.replaceSession().instructions, []);
});

Deno.test("Next session answers the caller instead of finishing a response that the caller interrupted", () => {
  const { rig, say, frame } = connect(MENU);
  say("a1", "Hello.");
  rig.session.observer?.assistantAudio("a2", testAudio(2_000));
  rig.session.hasPendingResponse = true;
  rig.session.observer?.callerSpeechStarted();
  frame(7);
  const next = rig.replaceSession();
  assertEquals([next.instructions, next.firstBytes], [[], [7]]);
});

Deno.test("Tool that runs while its session is lost finishes once, and the next session reports its result", async () => {
  const order = slowTool("place_order");
  let runs = 0;
  const tool = {
    ...order.tool,
    run: (...args: Parameters<typeof order.tool.run>) => (runs++, order.tool.run(...args)),
  };
  const { rig, callFunction, say, frame } = connect({ ...MENU, tools: () => [tool] });
  say("a1", "What would you like?");
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  frame(7);
  rig.session.observer?.callerSpeechStopped({ itemId: "u1", audioMs: 20 });
  callFunction("place_order", { pizza: "large" });
  const second = rig.replaceSession();
  // Neither the caller's words nor a request makes it place the order again.
  assertEquals([second.firstBytes, second.instructions], [[], []]);
  assertMatch(
    second.known.join(),
    /place_order" with \{"pizza":"large"\}\.$/,
  );
  order.resolve("order 17");
  await settle();
  assertEquals([runs, second.functionResults], [1, [{ callId: "place_order", output: '"order 17"' }]]);
  assertEquals(second.instructions, [""]);
  say("a2", "Your order is placed.");
  // Later sessions know it, too.
  assertMatch(
    rig.replaceSession(1_000).known.join("\n"),
    /place_order" with .*\n.*result of the function "place_order" with .*: "order 17"/,
  );
});

Deno.test("Tool that finishes between two sessions has its result reported by the next one", async () => {
  const order = slowTool("place_order");
  const { rig, callFunction, say } = connect({ ...MENU, tools: () => [order.tool] });
  say("a1", "Hello.");
  rig.replaceSession();
  callFunction("place_order");
  rig.dropSession();
  order.resolve("order 17");
  await settle();
  rig.clock.advance(1_000);
  const third = rig.session;
  assertEquals(rig.sessions.length, 3);
  third.observer?.sessionReady();
  assertEquals(third.restored.at(-1), {
    type: "function result",
    callId: "place_order",
    output: '"order 17"',
  });
  assertEquals([third.functionResults, third.instructions], [[], [""]]);
});

Deno.test("Tool result sent to the lost session is sent to the next one", async () => {
  const done = defineTool({ name: "look_up", description: "", parameters: z.object({}) }, () => "found");
  const { rig, callFunction } = connect({ ...MENU, tools: () => [done] });
  callFunction("look_up");
  await settle();
  assertEquals(rig.session.functionResults.map(({ output }) => output), ['"found"']);
  const next = rig.replaceSession();
  assertEquals(next.restored, [
    { type: "function call", call: { callId: "look_up", name: "look_up", arguments: "{}" } },
    { type: "function result", callId: "look_up", output: '"found"' },
  ]);
  assertEquals(next.instructions, [""]);
});

Deno.test("Turn with a transcript is sent to the next session as text only, and counted once", () => {
  const { rig, say, frame, hangUp } = connect(MENU);
  say("a1", "Hello.");
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 100 });
  frame(7);
  rig.session.observer?.callerSpeechStopped({ itemId: "u1", audioMs: 1_900 });
  rig.session.observer?.callerTranscript("u1", "Cancel my booking, please.");
  const next = rig.replaceSession();
  assertMatch(next.known.join(), /Caller: Cancel my booking, please\.$/);
  assertEquals([next.firstBytes, next.requests.length], [[], 1]);
  say("a2", "It is cancelled.");
  const record = hangUp();
  assertEquals(record?.turns.map(({ text }) => text), [
    "Hello.",
    "Cancel my booking, please.",
    "It is cancelled.",
  ]);
  assertEquals(record?.callerTurns, 1);
});

Deno.test("Turn that the caller continues is sent to the next session as audio only, and counted once", () => {
  const { rig, frame, hangUp } = connect(MENU);
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  frame(1);
  rig.session.observer?.callerSpeechStopped({ itemId: "u1", audioMs: 20 });
  rig.session.observer?.callerTranscript("u1", "Cancel my booking.");
  rig.session.observer?.callerSpeechStarted({ itemId: "u2", audioMs: 20 });
  frame(2);
  const next = rig.replaceSession();
  assertEquals([next.firstBytes, next.known], [[1, 2], []]);
  next.observer?.callerSpeechStarted({ itemId: "v1", audioMs: 0 });
  next.observer?.callerSpeechStopped({ itemId: "v1", audioMs: 40 });
  next.observer?.callerTranscript("v1", "Cancel my booking. Please.");
  const record = hangUp();
  assertEquals([record?.turns.length, record?.callerTurns], [1, 1]);
});

Deno.test("Next session speaks without waiting for the caller only if a response was pending", async () => {
  const done = defineTool({ name: "look_up", description: "", parameters: z.object({}) }, () => "found");
  type Call = ReturnType<typeof connect> & { slow: ReturnType<typeof slowTool> };
  const cases: [name: string, happen: (call: Call) => void | Promise<void>, speaks: boolean][] = [
    ["nothing", () => {}, false],
    ["a response", ({ session }) => void (session.hasPendingResponse = true), true],
    ["a tool that a transfer stopped", ({ rig, callFunction, press }) => {
      callFunction("slow");
      press("0");
      rig.comeBack();
    }, false],
    ["a tool whose result was answered", async ({ callFunction, say }) => {
      callFunction("look_up");
      await settle();
      say("a2", "It is on its way.");
    }, false],
    ["a tool whose result was answered by the second session", async ({ rig, callFunction, say, slow }) => {
      callFunction("slow");
      rig.replaceSession();
      slow.resolve("nothing");
      await settle();
      say("a2", "I could not find it.");
    }, false],
  ];
  for (const [name, happen, speaks] of cases) {
    const slow = slowTool();
    const call = connect({ ...MENU, tools: () => [done, slow.tool] });
    call.say("a1", "Hello.");
    await happen({ ...call, slow });
    const requests = call.rig.replaceSession(1_000).instructions;
    assertEquals(requests.map((text) => text.startsWith("You were cut off")), speaks ? [true] : [], name);
  }
});

Deno.test("Digits entered while no session serves reach the next one, which responds to them", () => {
  const { rig, say, press } = connect(MENU);
  say("a1", "Please enter your number.");
  rig.dropSession();
  rig.clock.advance(0);
  rig.dropSession();
  press("4", "2", "#");
  rig.clock.advance(1_000);
  rig.session.observer?.sessionReady();
  assertMatch(rig.session.known.join("\n"), /Please enter your number\.\n.*keys: 42$/);
  assertEquals(rig.session.instructions.length, 1);
});

Deno.test("Next session gets notes at their place in the conversation", () => {
  const { rig, say, press } = connect(MENU);
  rig.session.observer?.itemAdded("a1", undefined, "assistant");
  say("a1", "Your number?");
  press("4", "2", "#");
  rig.session.observer?.itemAdded("a2", "a1", "assistant");
  say("a2", "Thank you.");
  rig.calls.find("CA1")?.whisper("Be brief.");
  const note = rig.replaceSession().known.join("\n");
  assertMatch(note, /You: Your number\?\nNote: .*keys: 42\nYou: Thank you\.\nNote: .*Be brief\.$/);
});

Deno.test("Unanswered turn is sent to each new session after two losses in a row", () => {
  const { rig, frame } = connect(MENU);
  rig.session.observer?.callerSpeechStarted();
  frame(1);
  const second = rig.replaceSession();
  frame(2);
  assertEquals(second.firstBytes, [1, 2]);
  assertEquals(rig.replaceSession(1_000).firstBytes, [1, 2]);
});

Deno.test("Greeting is repeated until the caller has heard some of it", () => {
  const rig = new CallRig({}, { greeting: "Say hello." });
  const token = rig.announce("CA1");
  rig.session.observer?.sessionReady();
  rig.session.observer?.assistantAudio("a1", testAudio(1_000));
  rig.session.observer?.assistantTranscript("a1", "Hello, this is Parley.");
  rig.dropSession();
  rig.stream("CA1", token);
  rig.session.observer?.sessionReady();
  assertEquals([rig.session.instructions, rig.session.known], [["Say hello."], []]);
  const third = rig.replaceSession();
  assertEquals([third.instructions, third.known], [["Say hello."], []]);
});

Deno.test("Greeting follows whispers sent before the stream, also after a loss", () => {
  const rig = new CallRig({}, { greeting: "Say hello." });
  const token = rig.announce("CA1");
  rig.calls.find("CA1")?.whisper("It is the mayor.");
  rig.dropSession();
  rig.calls.find("CA1")?.whisper("She is in a hurry.");
  rig.stream("CA1", token);
  rig.session.observer?.sessionReady();
  assertEquals(rig.session.instructions, ["Say hello."]);
  assertMatch(rig.session.known.join("\n"), /the mayor\.\n.*in a hurry\.$/);
});

Deno.test("Record counts a turn that was repeated to another session once", () => {
  const records: EndedCall[] = [];
  const rig = new CallRig({ onEnded: (record) => records.push(record) });
  const { socket } = rig.connect("CA1");
  const turn = (itemId: string) => {
    rig.session.observer?.callerSpeechStarted({ itemId, audioMs: 0 });
    rig.session.observer?.callerSpeechStopped({ itemId, audioMs: 100 });
  };
  turn("u1");
  rig.replaceSession();
  turn("u2");
  rig.session.observer?.callerTranscript("u2", "Are you open?");
  socket.receive(message("stop"));
  assertEquals(records.map(({ callerTurns }) => callerTurns), [1]);
  assertEquals(records[0]?.turns.map(({ text }) => text), ["Are you open?"]);
});

Deno.test("Record does not count speech during which the session was lost", () => {
  const records: EndedCall[] = [];
  const rig = new CallRig({ onEnded: (record) => records.push(record) });
  const { socket } = rig.connect("CA1");
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  rig.replaceSession();
  socket.receive(message("stop"));
  assertEquals(records.map(({ callerTurns, turns }) => [callerTurns, turns]), [[0, []]]);
});

Deno.test("Silence prompts resume after a session was lost while the caller spoke", () => {
  const { rig, say } = connect({ ...MENU, silence: { afterMs: 5_000, prompts: 1 } });
  say("a1", "Hello.");
  rig.session.observer?.callerSpeechStarted();
  const next = rig.replaceSession();
  rig.clock.advance(5_000);
  assertMatch(next.instructions.join(), /still there/);
});

Deno.test("Transfer that was announced continues when its session is lost", () => {
  const { rig, callFunction, echoMarks } = connect({
    ...MENU,
    tools: (phone) => [transferCall(phone, [SALES])],
  });
  rig.session.observer?.assistantAudio("a1", testAudio(100));
  callFunction("transfer_call", { destination: "sales" });
  rig.session.observer?.responseDone(response());
  rig.replaceSession();
  rig.clock.advance(200);
  echoMarks();
  assertEquals(rig.calls.destination("CA1")?.name, "sales");
});

Deno.test("Transfer that was not announced is cancelled when its session is lost", () => {
  const { rig, callFunction } = connect({ ...MENU, tools: (phone) => [transferCall(phone, [SALES])] });
  callFunction("transfer_call", { destination: "sales" });
  rig.replaceSession();
  rig.clock.advance(20_000);
  assertEquals(rig.calls.list()[0]?.state, "connected");
});

Deno.test("Secret is collected after its session was lost, with the caller muted until it is complete", async () => {
  const { rig, callFunction, press, frame, say } = connect({
    ...MENU,
    tools: (phone) => [collectDigits(phone, [{ name: "card", digits: 16 }])],
  });
  say("a1", "Your card number?");
  callFunction("collect_digits", { name: "card" });
  press("4", "2");
  const next = rig.replaceSession();
  press("4");
  frame(1);
  press("2", "#");
  frame(2);
  await settle();
  frame(3);
  assertEquals(next.firstBytes, [0xff, 0xff, 3]);
  assertEquals(next.functionResults.map(({ callId }) => callId), ["collect_digits"]);
});

Deno.test("Audio that arrives during a transfer is not played to a caller who comes back", () => {
  const { rig, say, press } = connect(MENU);
  say("a1", "Hello.");
  press("0");
  const { session } = rig;
  session.observer?.assistantAudio("late", testAudio(500));
  const back = rig.comeBack();
  rig.clock.advance(100);
  assertEquals(back.sent.filter((text) => parseObject(text)?.event === "media"), []);
  assert(session.cancellations > 0);
});

Deno.test("Transfer is refused during a goodbye", () => {
  const { rig } = connect(MENU);
  rig.calls.sayGoodbyes();
  assertEquals(rig.calls.list()[0]?.state, "ending");
  assertEquals(rig.calls.find("CA1")?.transfer("+15550100"), false);
});

Deno.test("Call ended by a failed response reports its end last and includes the cost of that response", () => {
  const records: EndedCall[] = [];
  const changes: CallChange[] = [];
  const rig = new CallRig({ onEnded: (record) => records.push(record) }, { billedModel: "gpt-realtime-2.1" });
  rig.connect("CA1");
  rig.calls.watch((change) => changes.push(change));
  const usage = {
    inputTokens: 1_000,
    outputTokens: 0,
    text: { input: 1_000, cached: 0, output: 0 },
    audio: { input: 0, cached: 0, output: 0 },
  };
  const failed = response({ status: "failed", reason: "server_error", hasAudio: false, usage });
  rig.session.observer?.responseDone(failed);
  rig.clock.advance(1_000);
  const { costUsd } = rig.calls.list()[0] ?? {};
  rig.session.observer?.responseDone(failed);
  assertEquals(changes.at(-1)?.type, "ended");
  assertEquals(records.map(({ endReason: reason }) => reason), ["model failed"]);
  assertEquals(records[0]?.costUsd, 2 * (costUsd ?? 0));
});

Deno.test("Caller audio reaches the model at once when a secret is complete", async () => {
  const { rig, callFunction, press, frame } = connect({
    ...MENU,
    keypad: { ...MENU.keypad, menu: new Map() },
    tools: (phone) => [collectDigits(phone, [{ name: "card", digits: 16 }])],
  });
  callFunction("collect_digits", { name: "card" });
  press(..."4242424242424242");
  await settle();
  frame(1);
  assertEquals(rig.session.firstBytes, [1]);
});

Deno.test("Hang-up during the entry of a secret whose session was lost leaves no timer", async () => {
  const { rig, callFunction, press } = connect({
    ...MENU,
    tools: (phone) => [collectDigits(phone, [{ name: "card", digits: 16 }])],
  });
  callFunction("collect_digits", { name: "card" });
  press("4");
  rig.replaceSession();
  await settle();
  rig.calls.endAll("caller hung up");
  await settle();
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("AfterPlayback ignores new speech after its session closed", () => {
  const { rig, callFunction } = connect({ ...MENU, tools: (phone) => [transferCall(phone, [SALES])] });
  callFunction("transfer_call", { destination: "sales" });
  const next = rig.replaceSession();
  next.observer?.callerSpeechStarted();
  assertEquals(next.notes, []);
});
