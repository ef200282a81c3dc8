import { assertEquals } from "@std/assert";
import type { Level } from "../../src/call/call_feed.ts";
import type { CallControl } from "../../src/tools/call_control.ts";
import { switchLanguage } from "../../src/tools/call_tools.ts";
import { takeMessage } from "../../src/tools/call_tools.ts";
import { CallRig, connect, PLAIN_ASSISTANT, SALES, slowTool, testAudio } from "../support/call_rig.ts";
import { settle } from "../support/wait_until.ts";
import { response } from "../support/still_session.ts";

Deno.test("Record has the spans and the latency of each turn", () => {
  const { observer, play, hangUp } = connect();
  observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  play(1_000);
  // The session received one second of silence for the missing frames.
  observer?.callerSpeechStopped({ itemId: "u1", audioMs: 1_000 });
  observer?.callerTranscript("u1", "Are you open?");
  play(300);
  observer?.assistantAudio("a1", testAudio(100));
  play(100);
  observer?.assistantAudio("a1", testAudio(100));
  observer?.assistantTranscript("a1", "Yes.");
  observer?.responseDone(response());
  play(500);
  const record = hangUp();
  const [caller, assistant] = record?.turns ?? [];
  assertEquals(caller, {
    speaker: "caller",
    text: "Are you open?",
    atMs: 0,
    spoken: { fromMs: 0, toMs: 1_000 },
  });
  assertEquals(assistant, {
    speaker: "assistant",
    text: "Yes.",
    atMs: 1_300,
    heardMs: 200,
    totalMs: 200,
    latency: { modelMs: 300, sendMs: 0, playbackMs: 100 },
    generated: { fromMs: 1_300, toMs: 1_400 },
    played: { fromMs: 1_300, toMs: 1_500 },
  });
  assertEquals([record?.callerTurns, record?.bargeIns], [1, 0]);
});

Deno.test("Record truncates the response in which the call ended at what was heard", () => {
  const { observer, play, hangUp } = connect();
  observer?.assistantAudio("a1", testAudio(1_000));
  observer?.assistantTranscript("a1", "One two three four.");
  play(500);
  const [said] = hangUp()?.turns ?? [];
  assertEquals([said?.heardMs, said?.totalMs, said?.interrupted, said?.text], [500, 1_000, true, "One two"]);
});

Deno.test("Record truncates an interrupted response at the barge-in", () => {
  const { observer, play, hangUp } = connect();
  observer?.assistantAudio("a1", testAudio(1_000));
  observer?.assistantTranscript("a1", "One two three four.");
  play(500);
  observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  play(5_000);
  const record = hangUp();
  const [said] = record?.turns ?? [];
  assertEquals([said?.heardMs, said?.totalMs, said?.interrupted, said?.played], [500, 1_000, true, {
    fromMs: 0,
    toMs: 500,
  }]);
  assertEquals([record?.bargeIns, record?.events.map(({ kind, name }) => [kind, name])], [1, [[
    "barge-in",
    "a1",
  ]]]);
});

Deno.test("Record leaves out what the assistant said while it was muted", () => {
  const { rig, observer, play, hangUp } = connect({ voicemail: { leave: "Call us back." } });
  rig.calls.reportAnsweredBy("CA1", "machine_start");
  observer?.assistantAudio("a1", testAudio(1_000));
  observer?.assistantTranscript("a1", "Hello?");
  play(500);
  const record = hangUp();
  assertEquals([record?.events.map(({ name }) => name), record?.turns], [["mute"], []]);
});

Deno.test("Record has an event for a language switch, and for the tool that switched", async () => {
  const { hangUp, callFunction } = connect({
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone: CallControl) => [switchLanguage(phone, ["es"])],
  });
  callFunction("switch_language", { language: "es", summary: "A table" });
  await settle();
  const events = hangUp()?.events.map(({ kind, name, ok }) => [kind, name, ok]);
  assertEquals(events, [["language", "es", undefined], ["tool", "switch_language", true]]);
});

Deno.test("Level events have the playhead and the queued audio", () => {
  const { rig, observer, talk } = connect();
  const levels: Level[] = [];
  rig.calls.find("CA1")?.watch((happening) => {
    if (happening.type === "level") levels.push(happening.data);
  });
  talk(600);
  assertEquals(levels.at(-1)?.item, undefined);
  assertEquals([levels.at(-1)?.assistantSpeaks, levels.at(-1)?.callerSpeaks], [false, false]);
  observer?.assistantAudio("a1", testAudio(2_000));
  talk(600);
  const { item, heardMs = 0, queuedMs = 0, twilioMs = 0, assistantSpeaks } = levels.at(-1) ?? {};
  // Without a returned mark, only the first piece counts as heard.
  assertEquals([item, heardMs, assistantSpeaks], ["a1", 100, true]);
  assertEquals(heardMs + queuedMs + twilioMs, 2_000);
  observer?.callerSpeechStarted();
  // The marks of the cleared audio are not echoed either; they time out.
  talk(4_000);
  assertEquals([levels.at(-1)?.callerSpeaks, levels.at(-1)?.twilioMs], [true, 0]);
  observer?.callerSpeechStopped();
  talk(400);
  assertEquals(levels.at(-1)?.callerSpeaks, false);
});

Deno.test("Pausing and resuming the recording changes the call in the list", () => {
  const recorder = { record() {}, endRecording() {} };
  const rig = new CallRig({ recorder }, { recording: {} });
  rig.connect("CA1");
  const happened: unknown[] = [];
  rig.calls.watch(({ type, call }) => happened.push([type, call.recording?.state]));
  rig.calls.find("CA1")?.setRecording(false);
  rig.calls.find("CA1")?.setRecording(true);
  assertEquals(happened, [["changed", "paused"], ["changed", "on"]]);
});

Deno.test("Session options list the functions only when the call has tools", () => {
  const names = ({ session: { options } }: ReturnType<typeof connect>) =>
    options?.functions?.map(({ name }) => name);
  const tools = (phone: CallControl) => [switchLanguage(phone, ["es"])];
  const calls = [connect({ tools }), connect()];
  assertEquals(calls.map(names), [["switch_language"], undefined]);
});

Deno.test("Record places the caller's speech where its audio was in the session", () => {
  const { observer, talk, hangUp } = connect();
  talk(1_000);
  observer?.callerSpeechStarted({ itemId: "u1", audioMs: 400 });
  talk(1_000);
  // A model may report a position beyond the audio it received.
  observer?.callerSpeechStopped({ itemId: "u1", audioMs: 2_100 });
  assertEquals(hangUp()?.turns[0]?.spoken, { fromMs: 400, toMs: 2_000 });
});

Deno.test("Record has no latency for a response after the caller spoke again", () => {
  const { observer, play, hangUp } = connect();
  observer?.callerSpeechStopped();
  observer?.callerSpeechStarted();
  observer?.assistantAudio("a1", testAudio(100));
  play(500);
  assertEquals(hangUp()?.turns.map(({ latency }) => latency), [undefined]);
});

Deno.test("Hold tone stops at once when the tool finishes", async () => {
  const slow = slowTool("look_up");
  const { rig, sent, callFunction } = connect({
    waiting: { afterMs: 1_000 },
    tools: () => [slow.tool],
  });
  callFunction("look_up");
  rig.clock.advance(1_500);
  assertEquals([sent("media").length > 0, sent("clear").length], [true, 0]);
  slow.resolve("found");
  await settle();
  assertEquals(sent("clear").length, 1);
});

Deno.test("Listeners hear silence during a transfer, and the model gets no frames", () => {
  const { rig, session, observer, talk } = connect({ destinations: [SALES] });
  let heard = 0;
  rig.calls.find("CA1")?.listen(({ caller }) => heard += caller.length);
  observer?.callerSpeechStarted();
  talk(1_000);
  assertEquals(rig.calls.find("CA1")?.transfer("sales"), true);
  const framesBefore = session.frames.length;
  rig.clock.advance(5_000);
  assertEquals([heard >= 5_000 * 8, session.frames.length], [true, framesBefore]);
  rig.calls.sayGoodbyes();
  assertEquals(rig.summary("CA1")?.end_reason, "drained");
});

Deno.test("Goodbye without a session ends the call at once", () => {
  const { rig, observer } = connect();
  observer?.sessionFailed({ code: "closed", message: "gone" });
  rig.calls.sayGoodbyes();
  assertEquals(rig.summary("CA1")?.end_reason, "drained");
});

Deno.test("Record has the same fields while the call runs and after it ended", async () => {
  const { rig, observer, callFunction, hangUp } = connect({
    tools: (control) => [takeMessage(control, () => "disk")],
  });
  observer?.callerSpeechStopped({ itemId: "u1", audioMs: 0 });
  observer?.callerTranscript("u1", "Tell Ann.");
  const message = { name: "Bob", number: "+15551230000", message: "Call back", urgent: false };
  callFunction("take_message", message);
  await settle();
  rig.clock.advance(61_000);
  const live = rig.calls.find("CA1")?.record;
  assertEquals([live?.state, live?.seconds, live?.carrierMinutes], ["connected", 61, 2]);
  assertEquals([live?.turns.map(({ text }) => text), live?.messages], [["Tell Ann."], [{
    kind: "message",
    ...message,
  }]]);
  const ended = hangUp();
  assertEquals([ended?.state, ended?.endReason, ended?.endedAt], [
    "ended",
    "caller hung up",
    "2026-01-01T00:01:02.000Z",
  ]);
  const { endedAt: _endedAt, endReason: _endReason, ...rest } = ended ?? {};
  assertEquals(Object.keys(rest).sort(), Object.keys(live ?? {}).sort());
  assertEquals({ ...rest, state: "connected", turns: [] }, { ...live, turns: [] });
});

Deno.test("Record has a tool that a hang-up aborted, with its arguments", () => {
  const { rig, callFunction, hangUp } = connect({
    tools: () => [slowTool("place_order").tool],
    toolData: { secrets: [] },
  });
  callFunction("place_order", { pizza: "large" });
  rig.clock.advance(700);
  assertEquals(hangUp()?.events, [{
    atMs: 700,
    kind: "tool",
    name: "place_order",
    ok: false,
    ms: 700,
    detail: "aborted",
    arguments: '{"pizza":"large"}',
  }]);
});
