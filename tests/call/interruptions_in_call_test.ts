import { assert, assertEquals } from "@std/assert";
import type { CallAssistant } from "../../src/assistants/call_assistant.ts";
import { endCall, transferCall } from "../../src/tools/call_tools.ts";
import { connect, MENU, SALES, slowTool, testAudio } from "../support/call_rig.ts";
import { IDLE_TIMERS } from "../support/fake_clock.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

const PAUSE = {
  mode: "pause",
  minMs: 600,
  decideMs: 800,
  overlapMs: 300,
  backchannels: ["mhm"],
  protectGreeting: false,
} as const;

/** A call in mode `pause`, with a caller who makes sounds that Parley and the model's server hear. */
function connectPausing(assistant: Partial<CallAssistant> = {}) {
  const call = connect({ interruptions: PAUSE, ...assistant });
  const { rig, session: { observer } } = call;
  /** The caller makes a sound of this length while the assistant's audio is heard. */
  const sound = (itemId: string, ms: number) => {
    hear(100, 0x90);
    observer?.callerSpeechStarted({ itemId, audioMs: 0 });
    observer?.itemAdded(itemId, undefined, "caller");
    hear(ms - 100, 0x90);
    hear(500, 0xff);
    observer?.callerSpeechStopped({ itemId, audioMs: 0 });
    observer?.turnCommitted(itemId);
  };
  const hear = (ms: number, byte: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      rig.clock.advance(20);
      call.frame(byte);
      call.echoMarks();
    }
  };
  /** Audio sent to the caller (ms). */
  const sentMs = () =>
    call.sent("media").reduce((ms, { media }) => {
      const { payload } = media as { payload: string };
      return ms + Uint8Array.fromBase64(payload).length / 8;
    }, 0);
  return { ...call, observer, sound, hear, sentMs };
}

Deno.test("Cough pauses the answer, which resumes with a few words' overlap, and is not in the record", () => {
  const { observer, session, sent, sentMs, sound, hear, play, hangUp } = connectPausing();
  observer?.assistantAudio("a1", testAudio(4_000));
  observer?.responseDone(response());
  hear(1_000, 0xff);
  sound("u1", 300);
  const pausedAt = sentMs();
  assertEquals(sent("clear").length, 1);
  hear(200, 0xff);
  assertEquals(sentMs(), pausedAt, "nothing is sent while it is paused");
  observer?.callerTranscript("u1", "");
  assert(sentMs() > pausedAt, "it goes on at once");
  play(6_000);
  const overlapMs = sentMs() - 4_000;
  // The 200 ms that Twilio had and did not play are sent again, too.
  assert(overlapMs >= 300 && overlapMs <= 750, `${overlapMs} ms sent twice`);
  assertEquals([session.interruptions, session.cancellations, session.requests], [[], 0, []]);
  assertEquals([session.deleted, sent("clear").length], [["u1"], 1]);
  const record = hangUp();
  assertEquals(record?.turns.map(({ speaker, heardMs }) => [speaker, heardMs]), [["assistant", 4_000]]);
  assertEquals([record?.callerTurns, record?.bargeIns], [0, 0]);
});

Deno.test("Backchannel stays in the record and the model's conversation, and is not answered", () => {
  const { observer, session, sound, hear, play, hangUp } = connectPausing();
  observer?.assistantAudio("a1", testAudio(4_000));
  observer?.responseDone(response());
  hear(1_000, 0xff);
  sound("u1", 300);
  observer?.callerTranscript("u1", "Mhm.");
  play(6_000);
  assertEquals([session.deleted, session.requests], [[], []]);
  assertEquals(hangUp()?.turns.map(({ speaker, text }) => [speaker, text]), [
    ["assistant", undefined],
    ["caller", "Mhm."],
  ]);
});

Deno.test("Words during an answer truncate it where it was paused, cancel it, and are answered once", () => {
  const { observer, session, sent, sound, hear, play, hangUp } = connectPausing();
  session.hasPendingResponse = true;
  observer?.assistantAudio("a1", testAudio(4_000));
  hear(1_000, 0xff);
  sound("u1", 300);
  assertEquals([session.interruptions, session.requests.length], [[], 0]);
  observer?.callerTranscript("u1", "Wait, please");
  assertEquals(
    session.interruptions.map(({ itemId, heardMs }) => [itemId, heardMs > 1_000 && heardMs <= 1_100]),
    [[
      "a1",
      true,
    ]],
  );
  assertEquals([session.cancellations, sent("clear").length], [1, 1]);
  assertEquals(session.requests.map(({ yieldsToCaller }) => yieldsToCaller), [true]);
  observer?.responseDone(response({ status: "cancelled" }));
  session.hasPendingResponse = false;
  const before = sent("media").length;
  observer?.assistantAudio("a2", testAudio(500));
  play(1_000);
  assert(sent("media").length > before, "the answer is played");
  const record = hangUp();
  assertEquals([record?.callerTurns, record?.bargeIns], [1, 1]);
});

Deno.test("Cough before the first audio of an answer delays it until the verdict, and does not cancel it", () => {
  const { observer, session, sentMs, sound } = connectPausing();
  session.hasPendingResponse = true;
  sound("u1", 300);
  observer?.assistantAudio("a1", testAudio(500));
  assertEquals(sentMs(), 0);
  observer?.callerTranscript("u1", "");
  assertEquals([sentMs() > 0, session.cancellations, session.requests], [true, 0, []]);
});

Deno.test("Long speech stops the answer before its transcript, and its answer is requested at the commit", () => {
  const { observer, session, sound, hear } = connectPausing();
  observer?.assistantAudio("a1", testAudio(4_000));
  observer?.responseDone(response());
  hear(1_000, 0xff);
  sound("u1", 1_500);
  assertEquals([session.interruptions.length, session.requests.length], [1, 1]);
});

Deno.test("Turn while the assistant is silent is answered at its commit", () => {
  const { session, sound } = connectPausing();
  sound("u1", 1_000);
  assertEquals(session.requests.map(({ yieldsToCaller }) => yieldsToCaller), [true]);
});

Deno.test("Cough does not cancel a pending hang-up; words do", async () => {
  for (const [text, reason] of [["", "assistant hung up"], ["No, wait", undefined]] as const) {
    const { rig, observer, sound, hear, play, callFunction } = connectPausing({
      tools: (phone) => [endCall(phone)],
    });
    observer?.assistantAudio("bye", testAudio(3_000));
    callFunction("end_call");
    await settle();
    observer?.responseDone(response());
    hear(1_000, 0xff);
    sound("u1", 300);
    observer?.callerTranscript("u1", text);
    play(6_000);
    assertEquals(rig.summary("CA1")?.end_reason, reason);
  }
});

Deno.test("Cough does not cancel a hang-up that is decided while it lasts", async () => {
  const { rig, observer, hear, play, callFunction } = connectPausing({ tools: (phone) => [endCall(phone)] });
  observer?.assistantAudio("bye", testAudio(3_000));
  hear(1_000, 0xff);
  observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  callFunction("end_call");
  await settle();
  observer?.responseDone(response());
  hear(200, 0x90);
  hear(500, 0xff);
  observer?.callerSpeechStopped({ itemId: "u1", audioMs: 0 });
  observer?.callerTranscript("u1", "");
  play(6_000);
  assertEquals(rig.summary("CA1")?.end_reason, "assistant hung up");
});

Deno.test("Pending hang-up waits for the verdict on speech", async () => {
  const { rig, observer, hear, play, callFunction } = connectPausing({ tools: (phone) => [endCall(phone)] });
  observer?.assistantAudio("bye", testAudio(1_000));
  callFunction("end_call");
  await settle();
  observer?.responseDone(response());
  hear(500, 0xff);
  observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  play(2_900);
  assertEquals(rig.summary("CA1"), undefined);
  play(200);
  assertEquals(rig.session.notes.length, 1, "3 s of speech are a turn");
});

Deno.test("Server that cancels its response anyway is asked for the rest after a cough", () => {
  const { observer, session, sound, hear } = connectPausing();
  session.hasPendingResponse = true;
  observer?.assistantAudio("a1", testAudio(3_000));
  hear(1_000, 0xff);
  sound("u1", 300);
  observer?.responseDone(response({ status: "cancelled", reason: "turn_detected" }));
  session.hasPendingResponse = false;
  assertEquals(session.requests, []);
  observer?.callerTranscript("u1", "");
  assertEquals(session.instructions.map((text) => text.includes("exactly where you stopped")), [true]);
});

Deno.test("Greeting with protectGreeting is heard to its end, and words over it are answered after it", () => {
  const { observer, session, sent, sentMs, sound, hear, play } = connectPausing({
    interruptions: { ...PAUSE, protectGreeting: true },
  });
  observer?.assistantAudio("hello", testAudio(3_000));
  observer?.responseDone(response());
  hear(500, 0xff);
  sound("u1", 1_000);
  assertEquals([sent("clear").length, session.interruptions.length, session.requests.length], [0, 0, 1]);
  play(3_000);
  assertEquals([sentMs(), sent("clear").length], [3_000, 0]);
  observer?.assistantAudio("a1", testAudio(3_000));
  hear(500, 0xff);
  sound("u2", 1_000);
  assertEquals([sent("clear").length, session.interruptions.length], [1, 1]);
});

Deno.test("Greeting with protectGreeting is protected in mode stop, too", () => {
  const call = connect({ interruptions: { ...PAUSE, mode: "stop", protectGreeting: true } });
  call.observer?.assistantAudio("hello", testAudio(1_000));
  call.observer?.responseDone(response());
  call.play(300);
  call.observer?.callerSpeechStarted();
  call.observer?.callerSpeechStopped();
  assertEquals(call.sent("clear").length, 0);
  call.play(1_000);
  call.observer?.assistantAudio("a1", testAudio(1_000));
  call.play(300);
  call.observer?.callerSpeechStarted();
  assertEquals(call.sent("clear").length, 1);
});

Deno.test("Silence prompts wait for an answer that resumes after a cough", () => {
  const { observer, session, sound, hear, play } = connectPausing({
    silence: { afterMs: 3_000, prompts: 2 },
  });
  observer?.assistantAudio("a1", testAudio(20_000));
  observer?.responseDone(response());
  hear(1_000, 0xff);
  sound("u1", 300);
  observer?.callerTranscript("u1", "");
  play(15_000);
  assertEquals(session.requests, []);
  play(10_000);
  assert(session.requests.length > 0);
});

Deno.test("Goodbye starts at once while the answer is paused, and nothing of the answer follows", () => {
  const { rig, observer, session, sent, hear, play } = connectPausing({ maxCallMs: 2_000 });
  observer?.assistantAudio("a1", testAudio(10_000));
  hear(1_500, 0xff);
  observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  hear(600, 0xff);
  assertEquals([session.listening, session.interruptions.length], [false, 1]);
  const before = sent("media").length;
  play(200);
  assertEquals(sent("media").length, before);
  observer?.assistantAudio("bye", testAudio(500));
  session.requests.at(-1)?.onDone?.(response());
  play(1_000);
  assertEquals(rig.summary("CA1")?.end_reason, "time limit");
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Answer that is paused for speech and for a lost stream goes on when both are over", () => {
  for (const verdictFirst of [true, false]) {
    const { rig, socket, observer, hear, sent, sentMs } = connectPausing();
    observer?.assistantAudio("a1", testAudio(5_000));
    observer?.responseDone(response());
    hear(1_000, 0xff);
    observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
    const before = sentMs();
    const dismiss = () => {
      observer?.callerSpeechStopped({ itemId: "u1", audioMs: 0 });
      observer?.callerTranscript("u1", "");
    };
    socket.drop();
    if (verdictFirst) dismiss();
    rig.clock.advance(500);
    const back = rig.stream("CA1", rig.calls.resume("CA1")?.token ?? "");
    if (!verdictFirst) {
      assertEquals(sent("media", back), [], "the caller may still be speaking");
      dismiss();
    }
    assertEquals([sentMs(), sent("media", back).length > 0], [before, true]);
  }
});

Deno.test("Cough while a transfer is announced does not cancel it; words do", async () => {
  for (const [text, destination] of [["", "sales"], ["No, wait", undefined]] as const) {
    const { rig, observer, sound, hear, play, callFunction } = connectPausing({
      ...MENU,
      tools: (phone) => [transferCall(phone, [SALES])],
    });
    observer?.assistantAudio("announcement", testAudio(3_000));
    callFunction("transfer_call", { destination: "sales" });
    await settle();
    observer?.responseDone(response());
    hear(1_000, 0xff);
    sound("u1", 300);
    observer?.callerTranscript("u1", text);
    play(6_000);
    assertEquals([text, rig.calls.destination("CA1")?.name], [text, destination]);
  }
});

Deno.test("Answer to a tool's result that comes during a pause is heard after the sentence that was paused", async () => {
  const book = slowTool("book");
  const { rig, session, observer, sound, hear, play, sentMs, callFunction, hangUp } = connectPausing({
    tools: () => [book.tool],
  });
  observer?.assistantAudio("one moment", testAudio(3_000));
  callFunction("book");
  observer?.responseDone(response());
  hear(1_000, 0xff);
  sound("u1", 300);
  book.resolve("booked");
  await settle();
  assertEquals(session.functionResults.length, 1);
  assertEquals(session.requests.length, 1);
  observer?.assistantAudio("a2", testAudio(1_000));
  observer?.responseDone(response());
  const pausedAt = sentMs();
  rig.clock.advance(100);
  assertEquals(sentMs(), pausedAt);
  observer?.callerTranscript("u1", "");
  play(6_000);
  assertEquals(session.interruptions, []);
  const heard = hangUp()?.turns.map(({ speaker, heardMs }) => [speaker, heardMs]);
  assertEquals(heard, [["assistant", 3_000], ["assistant", 1_000]]);
});

Deno.test("Cough without a transcript pauses again and again, and no word of the answer is lost", () => {
  const { observer, session, sound, hear, play, hangUp } = connectPausing();
  // The server transcribes, but these texts never come.
  observer?.callerTranscript("u0", "Hello.");
  observer?.assistantAudio("a1", testAudio(20_000));
  observer?.responseDone(response());
  for (const itemId of ["u1", "u2"]) {
    hear(500, 0xff);
    sound(itemId, 300);
    hear(900, 0xff);
    assertEquals(session.interruptions, []);
    observer?.callerTranscript(itemId, "");
  }
  play(25_000);
  const turns = hangUp()?.turns.map(({ speaker, heardMs }) => [speaker, heardMs]);
  assertEquals(turns?.filter(([speaker]) => speaker === "assistant"), [["assistant", 20_000]]);
});
