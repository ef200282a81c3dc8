import { assert, assertEquals, assertMatch } from "@std/assert";
import { z } from "zod";
import type { CallAssistant } from "../../src/call/call_assistant.ts";
import type { CallChange } from "../../src/calls/live_calls.ts";
import type { CallRecord } from "../../src/call/record.ts";
import { parseObject } from "../../src/json.ts";
import { collectDigits, switchLanguage, transferCall } from "../../src/tools/call_tools.ts";
import { tool } from "../../src/tools/tool.ts";
import { CallsBench, PLAIN_ASSISTANT } from "../support/calls.ts";
import { message } from "../support/fake_socket.ts";
import { IDLE_TIMERS } from "../support/service.ts";
import { answer, type StillSession } from "../support/still_session.ts";

const SALES = { name: "sales", about: "", number: "+15550100", ringSeconds: 20 };
const KEYPAD = { pauseMs: 2_000, menu: new Map([["0", "sales"]]), secrets: new Map([["card", 16]]) };
const AUDIO = (ms: number) => new Uint8Array(ms * 8);
/** Lets promises that are settled run what waits for them. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

class Bench extends CallsBench {
  frames = 0;

  /** The session of now. */
  get session(): StillSession {
    const session = this.sessions.at(-1);
    if (!session) throw new Error("no session was dialled");
    return session;
  }

  /** It breaks off, and another is dialled `afterMs` later, which is ready. */
  lose(afterMs = 0): StillSession {
    const { session } = this;
    this.drop();
    this.clock.advance(afterMs);
    assert(this.session !== session, "another session is dialled");
    this.session.observer?.ready();
    return this.session;
  }

  drop(): void {
    this.session.observer?.failed({ code: "closed", message: "gone" });
  }
}

function connect(assistant: Partial<CallAssistant> = {}) {
  const bench = new Bench({}, { destinations: [SALES], keypad: KEYPAD, ...assistant });
  const { socket } = bench.connect("CA1");
  const say = (itemId: string, text: string) => {
    bench.session.observer?.audio(itemId, AUDIO(100));
    bench.session.observer?.assistantSaid(itemId, text);
    bench.session.observer?.answered(answer());
    bench.clock.advance(300);
    hear();
  };
  /** What was sent has been heard. */
  const hear = () => {
    for (const text of socket.sent) {
      const { event, mark } = parseObject(text) ?? {};
      if (event === "mark") socket.receive(message("mark", mark));
    }
  };
  const press = (...keys: string[]) => {
    for (const digit of keys) socket.receive(message("dtmf", { digit, track: "inbound_track" }));
  };
  /** A frame of the caller's, of which each byte is `value`. */
  const media = (value: number) => {
    const payload = new Uint8Array(160).fill(value).toBase64();
    socket.receive(message("media", { track: "inbound", timestamp: String(20 * bench.frames++), payload }));
  };
  return { bench, say, hear, press, media };
}

/** First bytes of what a session was given of the caller's. */
const given = ({ appended }: StillSession) => appended.map((payload) => Uint8Array.fromBase64(payload)[0]);
const asked = ({ asked }: StillSession) => asked.map(({ instructions }) => instructions ?? "");

Deno.test("a session lost while the caller is elsewhere: who answers them when they are back knows the call", () => {
  const { bench, say, press } = connect();
  using _ = bench;
  say("a1", "Your order is on its way.");
  press("0");
  bench.drop();
  bench.stream("CA1", bench.calls.transferFailed("CA1", "busy") ?? "");
  assertEquals(bench.sessions.length, 2);
  assertMatch(bench.session.notes.join(), /You: Your order is on its way\./);
  assertEquals(asked(bench.session).length, 1);
});

Deno.test("a caller passed on while no session was there: who answers them when they are back knows the call", () => {
  const { bench, say, press } = connect();
  using _ = bench;
  say("a1", "Your order is on its way.");
  bench.drop();
  press("0");
  bench.clock.advance(20_000);
  assertEquals(bench.sessions.length, 1, "nobody is there to talk with");
  bench.stream("CA1", bench.calls.transferFailed("CA1", "busy") ?? "");
  assertMatch(bench.session.notes.join(), /You: Your order is on its way\./);
});

Deno.test("a caller who hangs up before another session is dialled leaves nothing behind", () => {
  const { bench } = connect();
  using _ = bench;
  bench.drop();
  bench.calls.endAll("caller hung up");
  bench.clock.advance(60_000);
  assertEquals([bench.sessions.length, bench.clock.pending], [1, IDLE_TIMERS]);
});

Deno.test("an answer that broke off is finished once, and not again after a later loss", () => {
  const { bench, say } = connect();
  using _ = bench;
  say("a1", "Hello.");
  bench.session.observer?.audio("a2", AUDIO(2_000));
  bench.session.busy = true;
  const second = bench.lose();
  assertMatch(asked(second).join(), /^You were cut off/);
  assertEquals(second.asked[0]?.lapses, true);
  // The caller speaks instead, and has an answer: what was asked for has lapsed.
  second.observer?.speechStarted();
  second.observer?.speechStopped();
  say("a3", "Yes?");
  bench.clock.advance(60_000);
  assertEquals(asked(bench.lose()), []);
});

Deno.test("an answer the caller interrupted is not finished by another session: they are answered", () => {
  const { bench, say, media } = connect();
  using _ = bench;
  say("a1", "Hello.");
  bench.session.observer?.audio("a2", AUDIO(2_000));
  bench.session.busy = true;
  bench.session.observer?.speechStarted();
  media(7);
  const next = bench.lose();
  assertEquals([asked(next), given(next)], [[], [7]]);
});

Deno.test("a session lost while a tool works after some words of it: another one goes on by itself", () => {
  const never = tool(
    { name: "look_up", description: "", parameters: z.object({}), timeoutMs: 60_000 },
    () => new Promise(() => {}),
  );
  const { bench, say } = connect({ tools: () => [never] });
  using _ = bench;
  bench.session.observer?.speechStarted();
  bench.session.observer?.speechStopped();
  bench.session.observer?.functionCalled({ callId: "c", name: "look_up", arguments: "{}" });
  say("a1", "One moment, please.");
  assertMatch(asked(bench.lose()).join(), /^You were cut off/);
});

Deno.test("a tool that was stopped when the caller was passed on is nothing to go on with", () => {
  const never = tool(
    { name: "look_up", description: "", parameters: z.object({}), timeoutMs: 60_000 },
    () => new Promise(() => {}),
  );
  const { bench, say, press } = connect({ tools: () => [never] });
  using _ = bench;
  say("a1", "Hello.");
  bench.session.observer?.functionCalled({ callId: "c", name: "look_up", arguments: "{}" });
  press("0");
  bench.stream("CA1", bench.calls.transferFailed("CA1", "busy") ?? "");
  assertEquals(asked(bench.lose()), []);
});

Deno.test("a session lost before it said what it was asked to: another one goes on by itself", () => {
  const { bench, say } = connect();
  using _ = bench;
  say("a1", "Please enter your number.");
  bench.session.busy = true;
  assertMatch(asked(bench.lose()).join(), /^You were cut off/);
});

Deno.test("a session lost with nothing to say and nobody to answer is followed by one that is silent", () => {
  const { bench, say } = connect();
  using _ = bench;
  say("a1", "Hello.");
  assertEquals(asked(bench.lose()), []);
});

Deno.test("keys pressed while there is no session reach the next one, which speaks of them", () => {
  const { bench, say, press } = connect();
  using _ = bench;
  say("a1", "Please enter your number.");
  bench.drop();
  bench.clock.advance(0);
  bench.drop();
  press("4", "2", "#");
  bench.clock.advance(1_000);
  bench.session.observer?.ready();
  assertMatch(bench.session.notes.join(), /Please enter your number\.\n.*keys: 42$/);
  assertEquals(asked(bench.session).length, 1);
});

Deno.test("what a session was told beside the conversation is told to the next one, in its place", () => {
  const { bench, say, press } = connect();
  using _ = bench;
  bench.session.observer?.itemAdded("a1", undefined, "assistant");
  say("a1", "Your number?");
  press("4", "2", "#");
  bench.session.observer?.itemAdded("a2", "a1", "assistant");
  say("a2", "Thank you.");
  bench.calls.find("CA1")?.whisper("Be brief.");
  const note = bench.lose().notes.join();
  assertMatch(note, /You: Your number\?\nNote: .*keys: 42\nYou: Thank you\.\nNote: .*Be brief\.$/);
});

Deno.test("a turn without an answer survives two losses in a row", () => {
  const { bench, media } = connect();
  using _ = bench;
  bench.session.observer?.speechStarted();
  media(1);
  const second = bench.lose();
  media(2);
  assertEquals(given(second), [1, 2]);
  assertEquals(given(bench.lose(1_000)), [1, 2]);
});

Deno.test("what the caller says over a greeting nothing interrupts is not answered by the rest of it", () => {
  const { bench, hear, media } = connect({ protectedMs: 5_000 });
  using _ = bench;
  bench.session.observer?.audio("a1", AUDIO(1_000));
  bench.clock.advance(200);
  hear();
  bench.session.observer?.speechStarted();
  media(1);
  bench.session.observer?.audio("a1", AUDIO(1_000));
  media(2);
  assertEquals(given(bench.lose()), [1, 2]);
});

Deno.test("a caller who heard nothing of the greeting is greeted, however many sessions were lost", () => {
  using bench = new Bench({}, { greeting: "Say hello." });
  const token = bench.announce("CA1");
  bench.session.observer?.ready();
  bench.session.observer?.audio("a1", AUDIO(1_000));
  bench.session.observer?.assistantSaid("a1", "Hello, this is Parley.");
  bench.drop();
  bench.stream("CA1", token);
  assertEquals([asked(bench.session), bench.session.notes], [["Say hello."], []]);
  const third = bench.lose();
  assertEquals([asked(third), third.notes], [["Say hello."], []]);
});

Deno.test("who is whispered to before the caller is there greets them all the same, also after a loss", () => {
  using bench = new Bench({}, { greeting: "Say hello." });
  const token = bench.announce("CA1");
  bench.calls.find("CA1")?.whisper("It is the mayor.");
  bench.drop();
  bench.calls.find("CA1")?.whisper("She is in a hurry.");
  bench.stream("CA1", token);
  assertEquals(asked(bench.session), ["Say hello."]);
  assertMatch(bench.session.notes.join(), /the mayor\.\n.*in a hurry\.$/);
});

Deno.test("a caller whose words were lost before they became any is counted once", () => {
  const records: CallRecord[] = [];
  using bench = new Bench({ ended: (record) => records.push(record) });
  const { socket } = bench.connect("CA1");
  const turn = (itemId: string) => {
    bench.session.observer?.speechStarted({ itemId, audioMs: 0 });
    bench.session.observer?.speechStopped({ itemId, audioMs: 100 });
  };
  turn("u1");
  bench.lose();
  turn("u2");
  bench.session.observer?.callerSaid("u2", "Are you open?");
  socket.receive(message("stop"));
  assertEquals(records.map(({ turns, said }) => [turns, said.map(({ text }) => text)]), [[1, [
    "Are you open?",
  ]]]);
});

Deno.test("a caller whose words were lost before they ceased is no turn at all", () => {
  const records: CallRecord[] = [];
  using bench = new Bench({ ended: (record) => records.push(record) });
  const { socket } = bench.connect("CA1");
  bench.session.observer?.speechStarted({ itemId: "u1", audioMs: 0 });
  bench.lose();
  socket.receive(message("stop"));
  assertEquals(records.map(({ turns, said }) => [turns, said]), [[0, []]]);
});

Deno.test("a caller whose turn another session never hears again is asked whether they are there", () => {
  const { bench, say } = connect({ silence: { afterMs: 5_000, prompts: 1 } });
  using _ = bench;
  say("a1", "Hello.");
  bench.session.observer?.speechStarted();
  const next = bench.lose();
  bench.clock.advance(5_000);
  assertMatch(asked(next).join(), /still there/);
});

Deno.test("a transfer that was announced goes on without the session that announced it", () => {
  const { bench, hear } = connect({ tools: (phone) => [transferCall(phone, [SALES])] });
  using _ = bench;
  bench.session.observer?.audio("a1", AUDIO(100));
  const call = { callId: "c", name: "transfer_call", arguments: '{"destination":"sales"}' };
  bench.session.observer?.functionCalled(call);
  bench.session.observer?.answered(answer());
  bench.lose();
  bench.clock.advance(200);
  hear();
  assertEquals(bench.calls.destination("CA1")?.name, "sales");
});

Deno.test("a transfer of which the caller knows nothing yet is for another session to ask for again", () => {
  const { bench } = connect({ tools: (phone) => [transferCall(phone, [SALES])] });
  using _ = bench;
  const call = { callId: "c", name: "transfer_call", arguments: '{"destination":"sales"}' };
  bench.session.observer?.functionCalled(call);
  bench.lose();
  bench.clock.advance(20_000);
  assertEquals(bench.calls.list()[0]?.state, "connected");
});

Deno.test("a secret whose session is lost: nobody listens before the last of its keys", async () => {
  const { bench, press, media, say } = connect({
    tools: (phone) => [collectDigits(phone, [{ name: "card", digits: 16 }])],
  });
  using _ = bench;
  say("a1", "Your card number?");
  bench.session.observer?.functionCalled({
    callId: "c",
    name: "collect_digits",
    arguments: '{"name":"card"}',
  });
  press("4", "2");
  const next = bench.lose();
  await settle();
  press("4");
  media(1);
  bench.clock.advance(1_500);
  press("2");
  media(2);
  bench.clock.advance(2_200);
  media(3);
  assertEquals(given(next), [0xff, 0xff, 3]);
});

Deno.test("speech that comes while the caller is elsewhere is not for when they are back", () => {
  const { bench, say, press } = connect();
  using _ = bench;
  say("a1", "Hello.");
  press("0");
  const { session } = bench;
  session.observer?.audio("late", AUDIO(500));
  const back = bench.stream("CA1", bench.calls.transferFailed("CA1", "busy") ?? "");
  bench.clock.advance(100);
  assertEquals(back.sent.filter((text) => parseObject(text)?.event === "media"), []);
  assert(session.stopped > 0);
});

Deno.test("nobody is passed on who is being said goodbye to", () => {
  const { bench } = connect();
  using _ = bench;
  bench.calls.sayGoodbyes();
  assertEquals(bench.calls.list()[0]?.state, "ending");
  assertEquals(bench.calls.find("CA1")?.transfer("+15550100"), false);
});

Deno.test("after the end of a call nothing is told of it, and its last answer is paid for", () => {
  const records: CallRecord[] = [];
  const changes: CallChange[] = [];
  using bench = new Bench({ ended: (record) => records.push(record) }, { billedModel: "gpt-realtime-2.1" });
  bench.connect("CA1");
  bench.calls.watch((change) => changes.push(change));
  const usage = {
    inputTokens: 1_000,
    outputTokens: 0,
    text: { input: 1_000, cached: 0, output: 0 },
    audio: { input: 0, cached: 0, output: 0 },
  };
  const failed = answer({ status: "failed", reason: "server_error", spoke: false, usage });
  bench.session.observer?.answered(failed);
  bench.clock.advance(1_000);
  const { costUsd } = bench.calls.list()[0] ?? {};
  bench.session.observer?.answered(failed);
  assertEquals(changes.at(-1)?.type, "ended");
  assertEquals(records.map(({ reason }) => reason), ["model failed"]);
  assertEquals(records[0]?.costUsd, 2 * (costUsd ?? 0));
});

Deno.test("what a tool came to before the session was lost is nothing to go on with", async () => {
  const done = tool({ name: "look_up", description: "", parameters: z.object({}) }, () => "found");
  const { bench, say } = connect({ tools: () => [done] });
  using _ = bench;
  bench.session.observer?.functionCalled({ callId: "c", name: "look_up", arguments: "{}" });
  await settle();
  assertEquals(bench.session.outputs.length, 1);
  say("a1", "It is on its way.");
  assertEquals(asked(bench.lose()), []);
});

Deno.test("a tool that was stopped by one loss is nothing to go on with after the next", () => {
  const never = tool(
    { name: "look_up", description: "", parameters: z.object({}), timeoutMs: 60_000 },
    () => new Promise(() => {}),
  );
  const { bench, say } = connect({ tools: () => [never] });
  using _ = bench;
  say("a1", "One moment.");
  bench.session.observer?.functionCalled({ callId: "c", name: "look_up", arguments: "{}" });
  bench.lose();
  say("a2", "I could not find it.");
  assertEquals(asked(bench.lose(1_000)), []);
});

Deno.test("a turn that ended in another language, or elsewhere, is not said again", () => {
  const { bench, media, press } = connect({
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [switchLanguage(phone, ["es"])],
  });
  using _ = bench;
  const turn = (value: number) => {
    bench.session.observer?.speechStarted();
    media(value);
    bench.session.observer?.speechStopped();
  };
  turn(1);
  const args = JSON.stringify({ language: "es", summary: "A table" });
  bench.session.observer?.functionCalled({ callId: "c", name: "switch_language", arguments: args });
  assertEquals(bench.sessions.length, 2);
  bench.session.observer?.ready();
  turn(2);
  press("0");
  bench.drop();
  bench.stream("CA1", bench.calls.transferFailed("CA1", "busy") ?? "");
  bench.session.observer?.ready();
  assertEquals(bench.sessions.map(given), [[1], [2], []]);
});

Deno.test("a caller is heard at once when their secret is complete", async () => {
  const { bench, press, media } = connect({
    keypad: { ...KEYPAD, menu: new Map() },
    tools: (phone) => [collectDigits(phone, [{ name: "card", digits: 16 }])],
  });
  using _ = bench;
  bench.session.observer?.functionCalled({
    callId: "c",
    name: "collect_digits",
    arguments: '{"name":"card"}',
  });
  press(..."4242424242424242");
  await settle();
  media(1);
  assertEquals(given(bench.session), [1]);
});

Deno.test("a hang-up in the middle of a secret whose session is lost leaves no timer", async () => {
  const { bench, press } = connect({
    tools: (phone) => [collectDigits(phone, [{ name: "card", digits: 16 }])],
  });
  using _ = bench;
  bench.session.observer?.functionCalled({
    callId: "c",
    name: "collect_digits",
    arguments: '{"name":"card"}',
  });
  press("4");
  bench.lose();
  await settle();
  bench.calls.endAll("caller hung up");
  await settle();
  assertEquals(bench.clock.pending, IDLE_TIMERS);
});

Deno.test("what was called off with its session is not called off again by the next words", () => {
  const { bench } = connect({ tools: (phone) => [transferCall(phone, [SALES])] });
  using _ = bench;
  const call = { callId: "c", name: "transfer_call", arguments: '{"destination":"sales"}' };
  bench.session.observer?.functionCalled(call);
  const next = bench.lose();
  next.observer?.speechStarted();
  assertEquals(next.notes, []);
});

Deno.test("a remote tool the caller was not asked about is refused, and a key before they were is no yes", () => {
  const { bench, press } = connect({
    approvals: new Map([["shop", ["pay"]]]),
    keypad: { ...KEYPAD, menu: new Map() },
  });
  using _ = bench;
  const { session } = bench;
  const ask = (id: string) => {
    session.observer?.approvalAsked({ id, server: "shop", name: "pay", arguments: "{}" });
    return session.asked.at(-1);
  };
  ask("a")?.answered?.(answer({ spoke: false }));
  assertEquals(session.approvals, [{ id: "a", approved: false }]);
  const question = ask("b");
  question?.answered?.(answer());
  // The session that asked is gone: nobody may take a yes to another.
  const next = bench.lose();
  press("1");
  assertEquals([session.approvals.length, next.approvals], [1, []]);
});
