import { assert, assertEquals, assertMatch } from "@std/assert";
import { z } from "zod";
import type { CallAssistant } from "../../src/assistants/call_assistant.ts";
import type { CallChange } from "../../src/calls/live_calls.ts";
import type { EndedCall } from "../../src/records/call_record.ts";
import { parseObject } from "../../src/json.ts";
import { collectDigits, switchLanguage, transferCall } from "../../src/tools/call_tools.ts";
import { defineTool } from "../../src/tools/tool.ts";
import { CallRig, connect, PLAIN_ASSISTANT, SALES, slowTool, testAudio } from "../support/call_rig.ts";
import { message } from "../support/fake_socket.ts";
import { settle } from "../support/wait_until.ts";
import { response, type StillSession } from "../support/still_session.ts";
import { IDLE_TIMERS } from "../support/fake_clock.ts";

const KEYPAD = { pauseMs: 2_000, menu: new Map([["0", "sales"]]), secrets: new Map([["card", 16]]) };

/** A call whose caller can press 0 for a transfer. */
function connectWithMenu(assistant: Partial<CallAssistant> = {}) {
  const call = connect({ destinations: [SALES], keypad: KEYPAD, ...assistant });
  const { rig, echoMarks } = call;
  /** The assistant says something, and the caller hears it. */
  const say = (itemId: string, text: string) => {
    rig.session.observer?.assistantAudio(itemId, testAudio(100));
    rig.session.observer?.assistantTranscript(itemId, text);
    rig.session.observer?.responseDone(response());
    rig.clock.advance(300);
    echoMarks();
  };
  return { ...call, say };
}

/** First byte of each caller frame a session was given. */
const framesOf = ({ frames }: StillSession) => frames.map((payload) => Uint8Array.fromBase64(payload)[0]);
const requestsOf = ({ requests }: StillSession) => requests.map(({ instructions }) => instructions ?? "");

Deno.test("Session opened after a transfer is given the conversation when the last one was lost meanwhile", () => {
  const { rig, say, press } = connectWithMenu();
  using _ = rig;
  say("a1", "Your order is on its way.");
  press("0");
  rig.dropSession();
  rig.stream("CA1", rig.calls.transferFailed("CA1", "busy") ?? "");
  assertEquals(rig.sessions.length, 2);
  assertMatch(rig.session.notes.join(), /You: Your order is on its way\./);
  assertEquals(requestsOf(rig.session).length, 1);
});

Deno.test("Session opened after a transfer is given the conversation when there was none at its start", () => {
  const { rig, say, press } = connectWithMenu();
  using _ = rig;
  say("a1", "Your order is on its way.");
  rig.dropSession();
  press("0");
  rig.clock.advance(20_000);
  assertEquals(rig.sessions.length, 1, "no session opens during the transfer");
  rig.stream("CA1", rig.calls.transferFailed("CA1", "busy") ?? "");
  assertMatch(rig.session.notes.join(), /You: Your order is on its way\./);
});

Deno.test("Hang-up before a reconnect leaves no timer and no session", () => {
  const { rig } = connectWithMenu();
  using _ = rig;
  rig.dropSession();
  rig.calls.endAll("caller hung up");
  rig.clock.advance(60_000);
  assertEquals([rig.sessions.length, rig.clock.pending], [1, IDLE_TIMERS]);
});

Deno.test("Interrupted response is finished once after a loss, and not again after a later one", () => {
  const { rig, say } = connectWithMenu();
  using _ = rig;
  say("a1", "Hello.");
  rig.session.observer?.assistantAudio("a2", testAudio(2_000));
  rig.session.hasPendingResponse = true;
  const second = rig.replaceSession();
  assertMatch(requestsOf(second).join(), /^You were cut off/);
  assertEquals(second.requests[0]?.yieldsToCaller, true);
  // The caller speaks first and is answered: the requested response has lapsed.
  second.observer?.callerSpeechStarted();
  second.observer?.callerSpeechStopped();
  say("a3", "Yes?");
  rig.clock.advance(60_000);
  assertEquals(requestsOf(rig.replaceSession()), []);
});

Deno.test("Response the caller interrupted is not finished by the next session, which answers the caller", () => {
  const { rig, say, frame } = connectWithMenu();
  using _ = rig;
  say("a1", "Hello.");
  rig.session.observer?.assistantAudio("a2", testAudio(2_000));
  rig.session.hasPendingResponse = true;
  rig.session.observer?.callerSpeechStarted();
  frame(7);
  const next = rig.replaceSession();
  assertEquals([requestsOf(next), framesOf(next)], [[], [7]]);
});

Deno.test("Tool that runs while its session is lost finishes once, and the next session speaks of its result", async () => {
  const order = slowTool("place_order");
  let runs = 0;
  const tool = {
    ...order.tool,
    run: (...args: Parameters<typeof order.tool.run>) => (runs++, order.tool.run(...args)),
  };
  const { rig, say, frame } = connectWithMenu({ tools: () => [tool] });
  using _ = rig;
  say("a1", "What would you like?");
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  frame(7);
  rig.session.observer?.callerSpeechStopped({ itemId: "u1", audioMs: 20 });
  rig.session.observer?.functionCalled({ callId: "c", name: "place_order", arguments: '{"pizza":"large"}' });
  const second = rig.replaceSession();
  // Neither the caller's words nor a request makes it place the order again.
  assertEquals([framesOf(second), requestsOf(second)], [[], []]);
  assertMatch(
    second.notes.join(),
    /place_order" with \{"pizza":"large"\}\. It still runs: do not call it again/,
  );
  order.resolve("order 17");
  await settle();
  assertEquals([runs, second.functionResults], [1, []]);
  assertMatch(second.notes.at(-1) ?? "", /place_order" with .* Its result: "order 17"/);
  assertEquals(requestsOf(second), [""]);
  say("a2", "Your order is placed.");
  // Later sessions know it, too.
  assertMatch(rig.replaceSession(1_000).notes.join(), /Its result: "order 17"/);
});

Deno.test("Tool that finishes between two sessions makes the next one speak of its result", async () => {
  const order = slowTool("place_order");
  const { rig, say } = connectWithMenu({ tools: () => [order.tool] });
  using _ = rig;
  say("a1", "Hello.");
  rig.replaceSession();
  rig.session.observer?.functionCalled({ callId: "c", name: "place_order", arguments: "{}" });
  rig.dropSession();
  order.resolve("order 17");
  await settle();
  rig.clock.advance(1_000);
  const third = rig.session;
  assertEquals(rig.sessions.length, 3);
  assertMatch(third.notes.join(), /Its result: "order 17"/);
  assertMatch(requestsOf(third).join(), /Do not call a function again/);
});

Deno.test("Tool result sent to the lost session is sent to the next one", async () => {
  const done = defineTool({ name: "look_up", description: "", parameters: z.object({}) }, () => "found");
  const { rig } = connectWithMenu({ tools: () => [done] });
  using _ = rig;
  rig.session.observer?.functionCalled({ callId: "c", name: "look_up", arguments: "{}" });
  await settle();
  assertEquals(rig.session.functionResults.map(({ output }) => output), ['"found"']);
  const next = rig.replaceSession();
  assertMatch(next.notes.join(), /look_up" with \{\}\. Its result: "found"/);
  assertMatch(requestsOf(next).join(), /^You were cut off/);
});

Deno.test("MCP call of a lost session is noted with an unknown outcome", () => {
  const { rig, events } = connectWithMenu();
  using _ = rig;
  rig.session.observer?.mcpCallStarted({ id: "m", server: "shop", name: "pay", inResponse: false });
  const next = rig.replaceSession();
  assertMatch(next.notes.join(), /"pay" of "shop", and its outcome is unknown/);
  assertEquals(events().filter(({ kind }) => kind === "tool").map(({ name, ok }) => [name, ok]), [[
    "shop: pay",
    false,
  ]]);
});

Deno.test("Turn with text is sent once to the next session, and counted once", () => {
  const { rig, say, frame, hangUp } = connectWithMenu();
  using _ = rig;
  say("a1", "Hello.");
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 100 });
  frame(7);
  rig.session.observer?.callerSpeechStopped({ itemId: "u1", audioMs: 1_900 });
  rig.session.observer?.callerTranscript("u1", "Cancel my booking, please.");
  const next = rig.replaceSession();
  assertMatch(next.notes.join(), /Caller: Cancel my booking, please\.$/);
  assertEquals([framesOf(next), next.requests.length], [[], 1]);
  say("a2", "It is cancelled.");
  const record = hangUp();
  assertEquals(record?.turns.map(({ text }) => text), [
    "Hello.",
    "Cancel my booking, please.",
    "It is cancelled.",
  ]);
  assertEquals(record?.callerTurns, 1);
});

Deno.test("Turn the caller continues is given to the next session as audio only, and counted once", () => {
  const { rig, frame, hangUp } = connectWithMenu();
  using _ = rig;
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  frame(1);
  rig.session.observer?.callerSpeechStopped({ itemId: "u1", audioMs: 20 });
  rig.session.observer?.callerTranscript("u1", "Cancel my booking.");
  rig.session.observer?.callerSpeechStarted({ itemId: "u2", audioMs: 20 });
  frame(2);
  const next = rig.replaceSession();
  assertEquals([framesOf(next), next.notes], [[1, 2], []]);
  next.observer?.callerSpeechStarted({ itemId: "v1", audioMs: 0 });
  next.observer?.callerSpeechStopped({ itemId: "v1", audioMs: 40 });
  next.observer?.callerTranscript("v1", "Cancel my booking. Please.");
  const record = hangUp();
  assertEquals([record?.turns.length, record?.callerTurns], [1, 1]);
});

Deno.test("Next session stays silent about a tool that a transfer stopped", () => {
  const { rig, say, press } = connectWithMenu({ tools: () => [slowTool("look_up").tool] });
  using _ = rig;
  say("a1", "Hello.");
  rig.session.observer?.functionCalled({ callId: "c", name: "look_up", arguments: "{}" });
  press("0");
  rig.stream("CA1", rig.calls.transferFailed("CA1", "busy") ?? "");
  assertEquals(requestsOf(rig.replaceSession()), []);
});

Deno.test("Next session speaks by itself when the last was lost with a response pending", () => {
  const { rig, say } = connectWithMenu();
  using _ = rig;
  say("a1", "Please enter your number.");
  rig.session.hasPendingResponse = true;
  assertMatch(requestsOf(rig.replaceSession()).join(), /^You were cut off/);
});

Deno.test("Next session stays silent when nothing was pending", () => {
  const { rig, say } = connectWithMenu();
  using _ = rig;
  say("a1", "Hello.");
  assertEquals(requestsOf(rig.replaceSession()), []);
});

Deno.test("Digits entered without a session reach the next one, which responds to them", () => {
  const { rig, say, press } = connectWithMenu();
  using _ = rig;
  say("a1", "Please enter your number.");
  rig.dropSession();
  rig.clock.advance(0);
  rig.dropSession();
  press("4", "2", "#");
  rig.clock.advance(1_000);
  rig.session.observer?.sessionReady();
  assertMatch(rig.session.notes.join(), /Please enter your number\.\n.*keys: 42$/);
  assertEquals(requestsOf(rig.session).length, 1);
});

Deno.test("Next session is given notes at their place in the conversation", () => {
  const { rig, say, press } = connectWithMenu();
  using _ = rig;
  rig.session.observer?.itemAdded("a1", undefined, "assistant");
  say("a1", "Your number?");
  press("4", "2", "#");
  rig.session.observer?.itemAdded("a2", "a1", "assistant");
  say("a2", "Thank you.");
  rig.calls.find("CA1")?.whisper("Be brief.");
  const note = rig.replaceSession().notes.join();
  assertMatch(note, /You: Your number\?\nNote: .*keys: 42\nYou: Thank you\.\nNote: .*Be brief\.$/);
});

Deno.test("Unanswered turn is given to each session after two losses in a row", () => {
  const { rig, frame } = connectWithMenu();
  using _ = rig;
  rig.session.observer?.callerSpeechStarted();
  frame(1);
  const second = rig.replaceSession();
  frame(2);
  assertEquals(framesOf(second), [1, 2]);
  assertEquals(framesOf(rig.replaceSession(1_000)), [1, 2]);
});

Deno.test("Speech over a protected greeting counts as unanswered", () => {
  const { rig, echoMarks, frame } = connectWithMenu({ protectedMs: 5_000 });
  using _ = rig;
  rig.session.observer?.assistantAudio("a1", testAudio(1_000));
  rig.clock.advance(200);
  echoMarks();
  rig.session.observer?.callerSpeechStarted();
  frame(1);
  rig.session.observer?.assistantAudio("a1", testAudio(1_000));
  frame(2);
  assertEquals(framesOf(rig.replaceSession()), [1, 2]);
});

Deno.test("Greeting is repeated until the caller has heard some of it", () => {
  using rig = new CallRig({}, { greeting: "Say hello." });
  const token = rig.announce("CA1");
  rig.session.observer?.sessionReady();
  rig.session.observer?.assistantAudio("a1", testAudio(1_000));
  rig.session.observer?.assistantTranscript("a1", "Hello, this is Parley.");
  rig.dropSession();
  rig.stream("CA1", token);
  assertEquals([requestsOf(rig.session), rig.session.notes], [["Say hello."], []]);
  const third = rig.replaceSession();
  assertEquals([requestsOf(third), third.notes], [["Say hello."], []]);
});

Deno.test("Greeting follows whispers that came before the caller, also after a loss", () => {
  using rig = new CallRig({}, { greeting: "Say hello." });
  const token = rig.announce("CA1");
  rig.calls.find("CA1")?.whisper("It is the mayor.");
  rig.dropSession();
  rig.calls.find("CA1")?.whisper("She is in a hurry.");
  rig.stream("CA1", token);
  assertEquals(requestsOf(rig.session), ["Say hello."]);
  assertMatch(rig.session.notes.join(), /the mayor\.\n.*in a hurry\.$/);
});

Deno.test("Record counts a turn once that was repeated to another session", () => {
  const records: EndedCall[] = [];
  using rig = new CallRig({ onEnded: (record) => records.push(record) });
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

Deno.test("Record does not count speech that was cut off by a loss", () => {
  const records: EndedCall[] = [];
  using rig = new CallRig({ onEnded: (record) => records.push(record) });
  const { socket } = rig.connect("CA1");
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  rig.replaceSession();
  socket.receive(message("stop"));
  assertEquals(records.map(({ callerTurns, turns }) => [callerTurns, turns]), [[0, []]]);
});

Deno.test("Silence prompts resume after a session was lost while the caller spoke", () => {
  const { rig, say } = connectWithMenu({ silence: { afterMs: 5_000, prompts: 1 } });
  using _ = rig;
  say("a1", "Hello.");
  rig.session.observer?.callerSpeechStarted();
  const next = rig.replaceSession();
  rig.clock.advance(5_000);
  assertMatch(requestsOf(next).join(), /still there/);
});

Deno.test("Transfer that was announced continues when its session is lost", () => {
  const { rig, echoMarks } = connectWithMenu({ tools: (phone) => [transferCall(phone, [SALES])] });
  using _ = rig;
  rig.session.observer?.assistantAudio("a1", testAudio(100));
  const call = { callId: "c", name: "transfer_call", arguments: '{"destination":"sales"}' };
  rig.session.observer?.functionCalled(call);
  rig.session.observer?.responseDone(response());
  rig.replaceSession();
  rig.clock.advance(200);
  echoMarks();
  assertEquals(rig.calls.destination("CA1")?.name, "sales");
});

Deno.test("Transfer that was not announced is cancelled when its session is lost", () => {
  const { rig } = connectWithMenu({ tools: (phone) => [transferCall(phone, [SALES])] });
  using _ = rig;
  const call = { callId: "c", name: "transfer_call", arguments: '{"destination":"sales"}' };
  rig.session.observer?.functionCalled(call);
  rig.replaceSession();
  rig.clock.advance(20_000);
  assertEquals(rig.calls.list()[0]?.state, "connected");
});

Deno.test("Secret whose session was lost is collected, with the caller muted until then", async () => {
  const { rig, press, frame, say } = connectWithMenu({
    tools: (phone) => [collectDigits(phone, [{ name: "card", digits: 16 }])],
  });
  using _ = rig;
  say("a1", "Your card number?");
  rig.session.observer?.functionCalled({
    callId: "c",
    name: "collect_digits",
    arguments: '{"name":"card"}',
  });
  press("4", "2");
  const next = rig.replaceSession();
  press("4");
  frame(1);
  press("2", "#");
  frame(2);
  await settle();
  frame(3);
  assertEquals(framesOf(next), [0xff, 0xff, 3]);
  assertMatch(next.notes.at(-1) ?? "", /collect_digits" with .* Its result: /);
});

Deno.test("Audio that arrives during a transfer is not played to a caller who comes back", () => {
  const { rig, say, press } = connectWithMenu();
  using _ = rig;
  say("a1", "Hello.");
  press("0");
  const { session } = rig;
  session.observer?.assistantAudio("late", testAudio(500));
  const back = rig.stream("CA1", rig.calls.transferFailed("CA1", "busy") ?? "");
  rig.clock.advance(100);
  assertEquals(back.sent.filter((text) => parseObject(text)?.event === "media"), []);
  assert(session.cancellations > 0);
});

Deno.test("Transfer is refused during a goodbye", () => {
  const { rig } = connectWithMenu();
  using _ = rig;
  rig.calls.sayGoodbyes();
  assertEquals(rig.calls.list()[0]?.state, "ending");
  assertEquals(rig.calls.find("CA1")?.transfer("+15550100"), false);
});

Deno.test("Call that ends with a failed response reports its end last, and that response's cost", () => {
  const records: EndedCall[] = [];
  const changes: CallChange[] = [];
  using rig = new CallRig({ onEnded: (record) => records.push(record) }, { billedModel: "gpt-realtime-2.1" });
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

Deno.test("Next session stays silent about a tool whose result was given", async () => {
  const done = defineTool({ name: "look_up", description: "", parameters: z.object({}) }, () => "found");
  const { rig, say } = connectWithMenu({ tools: () => [done] });
  using _ = rig;
  rig.session.observer?.functionCalled({ callId: "c", name: "look_up", arguments: "{}" });
  await settle();
  assertEquals(rig.session.functionResults.length, 1);
  say("a1", "It is on its way.");
  assertEquals(requestsOf(rig.replaceSession()), []);
});

Deno.test("Second next session stays silent about a tool whose result was answered", async () => {
  const lookUp = slowTool("look_up");
  const { rig, say } = connectWithMenu({ tools: () => [lookUp.tool] });
  using _ = rig;
  say("a1", "One moment.");
  rig.session.observer?.functionCalled({ callId: "c", name: "look_up", arguments: "{}" });
  rig.replaceSession();
  lookUp.resolve("nothing");
  await settle();
  say("a2", "I could not find it.");
  assertEquals(requestsOf(rig.replaceSession(1_000)), []);
});

Deno.test("Turn from before a language switch or a transfer is not given to the next session", () => {
  const { rig, frame, press } = connectWithMenu({
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [switchLanguage(phone, ["es"])],
  });
  using _ = rig;
  const turn = (value: number) => {
    rig.session.observer?.callerSpeechStarted();
    frame(value);
    rig.session.observer?.callerSpeechStopped();
  };
  turn(1);
  const args = JSON.stringify({ language: "es", summary: "A table" });
  rig.session.observer?.functionCalled({ callId: "c", name: "switch_language", arguments: args });
  assertEquals(rig.sessions.length, 2);
  rig.session.observer?.sessionReady();
  turn(2);
  press("0");
  rig.dropSession();
  rig.stream("CA1", rig.calls.transferFailed("CA1", "busy") ?? "");
  rig.session.observer?.sessionReady();
  assertEquals(rig.sessions.map(framesOf), [[1], [2], []]);
});

Deno.test("Caller is heard at once when a secret is complete", async () => {
  const { rig, press, frame } = connectWithMenu({
    keypad: { ...KEYPAD, menu: new Map() },
    tools: (phone) => [collectDigits(phone, [{ name: "card", digits: 16 }])],
  });
  using _ = rig;
  rig.session.observer?.functionCalled({
    callId: "c",
    name: "collect_digits",
    arguments: '{"name":"card"}',
  });
  press(..."4242424242424242");
  await settle();
  frame(1);
  assertEquals(framesOf(rig.session), [1]);
});

Deno.test("Hang-up during a secret whose session was lost leaves no timer", async () => {
  const { rig, press } = connectWithMenu({
    tools: (phone) => [collectDigits(phone, [{ name: "card", digits: 16 }])],
  });
  using _ = rig;
  rig.session.observer?.functionCalled({
    callId: "c",
    name: "collect_digits",
    arguments: '{"name":"card"}',
  });
  press("4");
  rig.replaceSession();
  await settle();
  rig.calls.endAll("caller hung up");
  await settle();
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("AfterPlayback ignores new speech after its session closed", () => {
  const { rig } = connectWithMenu({ tools: (phone) => [transferCall(phone, [SALES])] });
  using _ = rig;
  const call = { callId: "c", name: "transfer_call", arguments: '{"destination":"sales"}' };
  rig.session.observer?.functionCalled(call);
  const next = rig.replaceSession();
  next.observer?.callerSpeechStarted();
  assertEquals(next.notes, []);
});

Deno.test("Approval that the caller was not asked for is refused, and not given by an earlier key", () => {
  const { rig, press } = connectWithMenu({
    approvals: new Map([["shop", ["pay"]]]),
    keypad: { ...KEYPAD, menu: new Map() },
  });
  using _ = rig;
  const { session } = rig;
  const ask = (id: string) => {
    session.observer?.approvalRequested({ id, server: "shop", name: "pay", arguments: "{}" });
    return session.requests.at(-1);
  };
  ask("a")?.onDone?.(response({ hasAudio: false }));
  assertEquals(session.approvalsSent, [{ id: "a", approved: false }]);
  const question = ask("b");
  question?.onDone?.(response());
  // The key must not approve a request of the lost session.
  const next = rig.replaceSession();
  press("1");
  assertEquals([session.approvalsSent.length, next.approvalsSent], [1, []]);
});
