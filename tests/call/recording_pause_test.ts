import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { pauseRecording, resumeRecording } from "../../src/tools/call_tools.ts";
import { connect, SALES, slowTool, testAudio } from "../support/call_rig.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

/** A card number as it may appear: spoken, pressed, or in JSON. */
const CARD = /4242/;

/** A recorded call with a tool "pay", and all that its watchers were sent. */
function recordedCall(options: Partial<Parameters<typeof connect>[0]> = {}) {
  const pay = slowTool("pay");
  const call = connect({
    recording: {},
    toolData: { secrets: [] },
    tools: (phone) => [pauseRecording(phone), resumeRecording(phone), pay.tool],
    ...options,
  }, { recorder: { record() {}, endRecording() {} } });
  const watched: unknown[] = [];
  call.rig.calls.find("CA1")?.watch((event) => watched.push(event));
  /** Both sides hear the line for a while; the caller is silent. */
  const play = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      call.rig.clock.advance(20);
      call.frame(0xff);
      call.echoMarks();
    }
  };
  /** One turn of the caller's, of one second. */
  const say = (itemId: string, text?: string) => {
    const { observer } = call.rig.session;
    observer?.callerSpeechStarted({ itemId, audioMs: Infinity });
    call.talk(1_000);
    observer?.callerSpeechStopped({ itemId, audioMs: Infinity });
    if (text !== undefined) observer?.callerTranscript(itemId, text);
  };
  const answer = (itemId: string, text: string) => {
    const { observer } = call.rig.session;
    observer?.assistantAudio(itemId, testAudio(500));
    observer?.transcriptDelta(itemId, "assistant", text);
    observer?.assistantTranscript(itemId, text);
    observer?.responseDone(response());
    play(700);
  };
  let runs = 0;
  const run = async (tool: string) => {
    call.callFunction(tool, {}, `call-${++runs}`);
    await settle();
  };
  return { ...call, pay, watched, play, say, answer, run };
}

Deno.test("pause_recording keeps words, keys and tool data out of record, events, log and next session", async () => {
  const { rig, session, pay, watched, say, answer, run, press, play, callFunction, hangUp } = recordedCall();
  say("u1", "I want to pay by card.");
  await run("pause_recording");
  play(100);
  answer("a1", "Which number?");
  say("u2", "It is 4242.");
  answer("a2", "I heard 4242.");
  press("4", "2", "4", "2", "#");
  assertStringIncludes(session.notes.at(-1) ?? "", "4242", "the model needs the keys");
  rig.calls.find("CA1")?.whisper("Card 4242 is blocked");
  callFunction("pay", { card: "4242" });
  play(300);
  pay.resolve("charged 4242");
  await settle();
  assertMatch(session.functionResults.at(-1)?.output ?? "", CARD);
  say("u3", "And 4242 again.");
  const next = rig.replaceSession();
  assertMatch(next.known.join(), /You called the function "pay"/);
  await run("resume_recording");
  play(100);
  say("u4", "Thank you.");
  const record = hangUp();
  for (const [where, data] of Object.entries({ record, watched, log: rig.lines, history: next.known })) {
    assert(!CARD.test(JSON.stringify(data)), `${where}: ${JSON.stringify(data)}`);
  }
  assertEquals(record?.turns.map(({ text }) => text), [
    "I want to pay by card.",
    ...Array(3).fill("[not recorded]"),
    "Thank you.",
  ]);
  const gap = record?.events.filter(({ kind }) => kind === "recording");
  const [pause, resume] = gap ?? [];
  assertEquals(gap?.map(({ name }) => name), ["paused", "on"]);
  assertEquals([pause?.atMs, resume?.ms], [1_000, (resume?.atMs ?? 0) - 1_000]);
});

Deno.test("Recording pause hides a turn that it overlaps, whenever its text arrives", async () => {
  const { rig, observer, watched, say, answer, run, play, talk, hangUp } = recordedCall();
  say("before");
  observer?.assistantAudio("played", testAudio(500));
  observer?.assistantTranscript("played", "Which number?");
  play(100);
  await run("pause_recording");
  observer?.callerTranscript("before", "Said before.");
  play(500);
  say("during");
  await run("resume_recording");
  observer?.callerTranscript("during", "It is 4242.");
  answer("after", "Charged.");
  observer?.callerSpeechStarted({ itemId: "across", audioMs: Infinity });
  talk(500);
  rig.calls.find("CA1")?.setRecording(false);
  talk(500);
  // Some models write along.
  observer?.transcriptDelta("across", "caller", "It is");
  rig.calls.find("CA1")?.setRecording(true);
  talk(500);
  observer?.callerSpeechStopped({ itemId: "across", audioMs: Infinity });
  observer?.transcriptDelta("across", "caller", " 4242");
  observer?.callerTranscript("across", "It is 4242.");
  assertEquals(hangUp()?.turns.map(({ text }) => text), [
    "Said before.",
    "[not recorded]",
    "[not recorded]",
    "Charged.",
    "[not recorded]",
  ]);
  assert(!/It is/.test(JSON.stringify(watched)), "not even as long as the caller speaks");
});

Deno.test("Recording pause hides turns of a model that reports no positions of speech", async () => {
  const { observer, run, play, hangUp } = recordedCall();
  await run("pause_recording");
  play(100);
  observer?.callerSpeechStarted();
  play(500);
  observer?.callerSpeechStopped();
  await run("resume_recording");
  play(500);
  observer?.callerTranscript("u1", "It is 4242.");
  play(100);
  observer?.callerSpeechStarted();
  play(500);
  observer?.callerSpeechStopped();
  observer?.callerTranscript("u2", "Thanks.");
  assertEquals(hangUp()?.turns.map(({ text }) => text), ["[not recorded]", "Thanks."]);
});

Deno.test("Recording pause hides keys of which one was pressed in it, and those of menu and approval", async () => {
  const { session, run, press, play, events } = recordedCall({
    destinations: [SALES],
    keypad: { pauseMs: 2_000, menu: new Map([["9", "sales"]]), secrets: new Map() },
    approvals: new Map([["shop", ["order"]]]),
  });
  await run("pause_recording");
  press("4", "2");
  play(100);
  await run("resume_recording");
  press("4", "2");
  play(2_100);
  assertStringIncludes(session.notes.at(-1) ?? "", "4242");
  press("1", "#");
  await run("pause_recording");
  session.observer?.approvalRequested({ id: "a", server: "shop", name: "order", arguments: "{}" });
  session.requests.at(-1)?.onDone?.(response());
  press("1");
  press("9");
  const keys = events().filter(({ kind }) => kind === "keypad").map(({ name }) => name);
  assertEquals(keys, ["[not recorded]", "1", "[not recorded]", "[not recorded]"]);
});

Deno.test("Session that replaces one lost in a pause is told of a running tool, without its arguments", async () => {
  const { rig, pay, run, play, callFunction } = recordedCall();
  await run("pause_recording");
  play(100);
  callFunction("pay", { card: "4242" });
  const { known, functionResults } = rig.replaceSession();
  assertMatch(known.at(-1) ?? "", /You called the function "pay" with \{\}\./);
  assert(!CARD.test(known.join()), known.join());
  pay.resolve("charged 4242");
  await settle();
  assertMatch(functionResults[0]?.output ?? "", /charged 4242/, "the current session gets the result");
  assert(!CARD.test(rig.replaceSession(1_000).known.join()));
});

Deno.test("Tools of the response that resumes the recording are recorded without arguments and results", async () => {
  const { rig, pay, run, play, callFunction, events } = recordedCall();
  await run("pause_recording");
  rig.session.observer?.responseDone(response());
  play(100);
  callFunction("resume_recording");
  callFunction("pay", { card: "4242" });
  rig.session.observer?.responseDone(response());
  play(100);
  pay.resolve("charged");
  await settle();
  const { known } = rig.replaceSession();
  assertMatch(known.join(), /You called the function "pay" with \{\}\./);
  callFunction("pay", { amount: 9 }, "later");
  await settle();
  const record = events();
  assert(!CARD.test(JSON.stringify([record, known])), JSON.stringify([record, known]));
  const recorded = record.filter(({ name }) => name === "pay").map((
    event,
  ) => [event.arguments, event.result]);
  const next = ['{"amount":9}', '"charged"'];
  assertEquals(recorded, [[undefined, undefined], next], "the next response is recorded");
});

Deno.test("Tool that a response after a loss repeats is as private as its first call", async () => {
  const { rig, pay, run, play, callFunction, events } = recordedCall();
  await run("pause_recording");
  play(100);
  callFunction("pay", { card: "4242" });
  pay.resolve("charged 4242");
  await settle();
  rig.calls.find("CA1")?.setRecording(true);
  play(100);
  rig.replaceSession();
  callFunction("pay", { card: "4242" }, "again");
  await settle();
  assertMatch(rig.session.functionResults.at(-1)?.output ?? "", CARD, "the model gets the first result");
  rig.session.observer?.responseDone(response());
  const { known } = rig.replaceSession(1_000);
  const record = JSON.stringify([events(), known]);
  assert(!CARD.test(record), record);
  assertEquals(events().filter(({ name }) => name === "pay").length, 2);
});

Deno.test("Next part of a call gets the conversation without what a pause hides, and stays paused", async () => {
  const { rig, socket, pay, say, answer, run, play, callFunction } = recordedCall();
  say("u1", "I want to pay.");
  await run("pause_recording");
  play(100);
  say("u2", "It is 4242.");
  answer("a1", "I heard 4242.");
  callFunction("pay", { card: "4242" });
  pay.resolve("charged 4242");
  await settle();
  socket.drop();
  rig.clock.advance(10_000);
  const token = rig.calls.resume("CA1")?.token ?? "";
  rig.session.observer?.sessionReady();
  rig.stream("CA1", token);
  const { known } = rig.session;
  assertMatch(known.join("\n"), /Caller: I want to pay\.\n(.*\n)*Caller: \[not recorded\]/);
  assert(!CARD.test(known.join()), known.join());
  assertEquals(rig.calls.find("CA1")?.record.recording?.state, "paused");
});

Deno.test("Summary of a call with a pause is written from the recorded conversation only", async () => {
  const { session, say, run, play, hangUp } = recordedCall({ summary: true });
  say("u1", "I want to pay.");
  await run("pause_recording");
  play(100);
  say("u2", "It is 4242.");
  hangUp();
  assertEquals(session.summaryOf.length, 1);
  assertMatch(session.summaryOf[0] ?? "", /Caller: I want to pay\.\n.*\n?Caller: \[not recorded\]/s);
});

Deno.test("Recording pause hides speech by when it was spoken, not by when a stalled network delivers it", async () => {
  const { rig, observer, run, talk, frame, hangUp } = recordedCall();
  /** The network delivers audio until this time of the call. */
  let deliveredMs = 1_000;
  const deliver = (untilMs: number) => {
    for (; deliveredMs < untilMs; deliveredMs += 20) frame();
  };
  talk(deliveredMs);
  // It stalls in the middle of a sentence. At 1.75 s, the model gets 1 s of silence.
  observer?.callerSpeechStarted({ itemId: "across the start", audioMs: 500 });
  rig.clock.advance(500);
  await run("pause_recording");
  rig.clock.advance(2_500);
  await run("resume_recording");
  rig.clock.advance(3_000);
  const said: readonly (readonly [text: string, fromMs: number, toMs: number])[] = [
    ["across the start", 500, 1_700],
    ["in the pause", 2_000, 3_500],
    ["across the end", 3_800, 4_300],
    ["after it", 4_500, 6_000],
  ];
  for (const [itemId, fromMs, toMs] of said) {
    deliver(fromMs);
    if (fromMs > 1_000) observer?.callerSpeechStarted({ itemId, audioMs: fromMs + 1_000 });
    deliver(toMs);
    observer?.callerSpeechStopped({ itemId, audioMs: toMs + 1_000 });
    observer?.callerTranscript(itemId, itemId);
  }
  const turns = hangUp()?.turns;
  assertEquals(turns?.map(({ spoken }) => [spoken?.fromMs, spoken?.toMs]), said.map(([, ...span]) => span));
  assertEquals(turns?.map(({ text }) => text), [...Array(3).fill("[not recorded]"), "after it"]);
});

Deno.test("Recording pause leaves what was said before it, although a stalled network delivers it later", async () => {
  const { rig, observer, run, talk, frame, hangUp } = recordedCall();
  talk(1_000);
  rig.clock.advance(1_000);
  await run("pause_recording");
  rig.clock.advance(1_000);
  for (let atMs = 1_000; atMs < 2_000; atMs += 20) frame();
  observer?.callerSpeechStarted({ itemId: "u1", audioMs: 1_100 });
  observer?.callerSpeechStopped({ itemId: "u1", audioMs: 1_900 });
  observer?.callerTranscript("u1", "Before the pause.");
  assertEquals(hangUp()?.turns.map(({ text }) => text), ["Before the pause."]);
});

Deno.test("Recording pause hides keys that were pressed in it, although a stalled network delivers them later", async () => {
  const { rig, run, talk, frame, press, play, events } = recordedCall();
  talk(1_000);
  await run("pause_recording");
  rig.clock.advance(2_000);
  await run("resume_recording");
  rig.clock.advance(1_000);
  for (let atMs = 1_000; atMs < 2_000; atMs += 20) frame();
  press("4", "2", "#");
  for (let atMs = 2_000; atMs < 4_000; atMs += 20) frame();
  play(100);
  press("1", "#");
  const keys = events().filter(({ kind }) => kind === "keypad").map(({ name }) => name);
  assertEquals(keys, ["[not recorded]", "1"]);
});
