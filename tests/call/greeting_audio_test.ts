import { assertEquals } from "@std/assert";
import type { CallAssistant, RecordedSpeech, SpokenAudio } from "../../src/assistants/call_assistant.ts";
import { DEFAULT_INTERRUPTIONS } from "../../src/call/conversation/interruption_settings.ts";
import { switchLanguage } from "../../src/tools/call_tools.ts";
import { CallRig, connect, MENU, PLAIN_ASSISTANT, testAudio } from "../support/call_rig.ts";
import { IDLE_TIMERS } from "../support/fake_clock.ts";
import { type FakeSocket, message } from "../support/fake_socket.ts";
import { response } from "../support/still_session.ts";
import { parseObject } from "../../src/json.ts";

const TEXT = "Welcome to the practice. How can I help you?";
const GREETING: RecordedSpeech = {
  part: "greeting",
  text: TEXT,
  audio: testAudio(3_000),
  isProtected: false,
};
const DISCLOSURE: RecordedSpeech = {
  part: "disclosure",
  text: "You speak with a machine.",
  audio: testAudio(2_000),
  isProtected: true,
};
const RECORDED = { recordedSpeech: [GREETING] };
const AS_ITEM = { type: "assistant", text: TEXT, name: "parley-greeting" } as const;
const CUT_ITEM = { ...AS_ITEM, text: "Welcome to the" };

type TestCall = ReturnType<typeof connect>;
const OUTBOUND = { callSid: "CA1", from: "+15559870000", to: "+15551230000", outbound: true } as const;

/** Length of the audio in a message (ms). */
const lengthMs = (media: unknown): number =>
  Uint8Array.fromBase64(String((media as { payload: string }).payload)).length / 8;

/** Audio sent on a stream (ms). */
function sentMs(socket: FakeSocket): number {
  return socket.sent.map((text) => parseObject(text) ?? {}).filter(({ event }) => event === "media")
    .reduce((sum, { media }) => sum + lengthMs(media), 0);
}

/** Advances the clock while the caller hears what was sent. */
function play(rig: CallRig, socket: FakeSocket, ms: number): void {
  const echoed = new Set<string>();
  for (let passed = 0; passed < ms; passed += 100) {
    rig.clock.advance(100);
    for (const text of socket.sent.filter((text) => text.includes('"mark"') && !echoed.has(text))) {
      echoed.add(text);
      socket.receive(text);
    }
  }
}

/** The caller's turns and the assistant's, as the record has them. */
const turns = ({ rig }: TestCall) =>
  rig.calls.find("CA1")?.record.turns?.map(({ speaker, text, heardMs, interrupted }) => ({
    speaker,
    text,
    ...(interrupted ? { heardMs } : {}),
  }));

Deno.test("Recorded greeting plays at the stream's start, and the model has it as its own", () => {
  const call = connect({ ...RECORDED, greeting: "" });
  assertEquals(sentMs(call.socket) >= 200, true);
  assertEquals([call.session.restored, call.session.requests], [[AS_ITEM], []]);
  call.play(4_000);
  const [turn] = call.hangUp()?.turns ?? [];
  assertEquals([turn?.text, turn?.heardMs, turn?.interrupted], [TEXT, 3_000, undefined]);
  assertEquals(turn?.played?.fromMs, 0);
  assertEquals(call.session.restored.length, 1);
  assertEquals(call.rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Barge-in during the recorded greeting truncates the model's transcript at what was heard", () => {
  const call = connect(RECORDED);
  call.play(1_000);
  call.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 900 });
  assertEquals(call.session.restored, [AS_ITEM, CUT_ITEM]);
  assertEquals([call.sent("clear").length, call.events().map(({ kind, name }) => [kind, name])], [
    1,
    [["barge-in", "parley-greeting"]],
  ]);
  assertEquals(turns(call)?.[0], { speaker: "assistant", text: CUT_ITEM.text, heardMs: 1_000 });
  // The next session gets what was heard, and nothing else.
  assertEquals(call.rig.replaceSession().restored, [CUT_ITEM]);
});

Deno.test("Recorded greeting is removed from the model's conversation when nothing of it was heard", () => {
  const call = connect(RECORDED);
  call.session.observer?.callerSpeechStarted();
  assertEquals(call.session.restored.at(-1), { ...AS_ITEM, text: "" });
  // It is over, also when the session is lost now.
  assertEquals(call.rig.replaceSession().restored, []);
  call.play(500);
  assertEquals(sentMs(call.socket) < 300, true);
  assertEquals(call.hangUp()?.turns, []);
});

Deno.test("Recorded greeting, cut or whole, is once in the history of a session that is ready late", () => {
  for (const playedMs of [1_000, 4_000]) {
    const rig = new CallRig({}, RECORDED);
    const socket = rig.stream("CA1", rig.announce("CA1"));
    play(rig, socket, playedMs);
    const { session } = rig;
    assertEquals(sentMs(socket) > Math.min(playedMs, 2_900), true);
    session.observer?.sessionReady();
    assertEquals([session.restored, session.requests], [[AS_ITEM], []]);
    session.observer?.callerSpeechStarted();
    assertEquals(session.restored.length, playedMs < 3_000 ? 2 : 1);
  }
});

Deno.test("Recorded greeting continues when the session is lost during it, and is not repeated", () => {
  const call = connect({ ...RECORDED, greeting: "" });
  call.play(1_000);
  const next = call.rig.replaceSession();
  assertEquals([next.restored, next.requests], [[AS_ITEM], []]);
  call.play(2_500);
  assertEquals([sentMs(call.socket), call.sent("clear").length], [3_000, 0]);
  next.observer?.callerSpeechStarted();
  assertEquals(next.restored.length, 1);
});

Deno.test("Recorded greeting plays once when the session is lost before the stream starts", () => {
  for (const ready of [false, true]) {
    const rig = new CallRig({}, RECORDED);
    const token = rig.announce("CA1");
    if (ready) rig.session.observer?.sessionReady();
    rig.dropSession();
    const socket = rig.stream("CA1", token);
    rig.session.observer?.sessionReady();
    assertEquals([rig.sessions.length, rig.session.restored], [2, [AS_ITEM]]);
    for (let ms = 0; ms < 4_000; ms += 100) rig.clock.advance(100);
    assertEquals(sentMs(socket), 3_000);
  }
});

Deno.test("Recorded greeting continues where it was when the stream is lost during it", () => {
  const call = connect(RECORDED);
  const { rig, session, socket } = call;
  call.play(1_000);
  socket.drop();
  rig.clock.advance(2_000);
  const back = rig.stream("CA1", rig.calls.resume("CA1")?.token ?? "");
  call.play(4_000, back);
  const repeatedMs = sentMs(back) - 2_000;
  assertEquals([repeatedMs > 0 && repeatedMs <= 500, repeatedMs], [true, repeatedMs]);
  assertEquals(session.restored, [AS_ITEM]);
  back.receive(message("stop"));
  assertEquals(call.records[0]?.turns?.map(({ heardMs, interrupted }) => [heardMs, interrupted]), [
    [3_000, undefined],
  ]);
});

Deno.test("Call that comes back for another part is not greeted again", () => {
  const call = connect(RECORDED, { streamGraceMs: 0 });
  call.play(4_000);
  call.socket.drop();
  const token = call.rig.calls.resume("CA1")?.token ?? "";
  call.rig.session.observer?.sessionReady();
  const back = call.rig.stream("CA1", token);
  assertEquals(call.rig.session.restored, [AS_ITEM]);
  call.play(1_000, back);
  assertEquals(sentMs(back), 0);
});

Deno.test("Session after a language switch during the recorded greeting has the greeting in its history", () => {
  const call = connect({
    ...RECORDED,
    languages: new Map([["es", PLAIN_ASSISTANT]]),
    tools: (phone) => [switchLanguage(phone, ["es"])],
  });
  call.play(1_000);
  call.callFunction("switch_language", { language: "es", summary: "Spanish" });
  const { session } = call.rig;
  session.observer?.sessionReady();
  assertEquals([session === call.session, session.restored[0]], [false, AS_ITEM]);
  call.play(800);
  session.observer?.callerSpeechStarted();
  assertEquals(session.restored.at(-1)?.type === "assistant" && session.restored.at(-1), {
    ...AS_ITEM,
    text: "Welcome to the practice.",
  });
});

Deno.test("Recorded greeting of an outbound call waits for the answer", () => {
  const rig = new CallRig({}, { ...RECORDED, greeting: "" });
  rig.calls.prepareOutbound(OUTBOUND, rig.assistant, 30_000);
  rig.session.observer?.sessionReady();
  rig.clock.advance(10_000);
  const announced = rig.calls.announce(OUTBOUND, rig.assistant);
  const token = "token" in announced ? announced.token ?? "" : "";
  assertEquals([rig.sessions.length, rig.session.requests, rig.session.restored], [1, [], [AS_ITEM]]);
  const socket = rig.stream("CA1", token, "+15559870000", { outbound: "1" });
  assertEquals([rig.rejected, sentMs(socket) >= 200], [[], true]);
});

Deno.test("Recorded greeting stops for an answering machine, and a reply to it means a person", () => {
  const call = connect({ ...RECORDED, voicemail: { leave: "Call us." } });
  call.play(1_000);
  call.rig.calls.reportAnsweredBy("CA1", "machine_start");
  assertEquals([call.sent("clear").length, call.session.restored], [1, [AS_ITEM, CUT_ITEM]]);
  call.play(3_000);
  assertEquals(sentMs(call.socket) < 1_500, true);

  const person = connect({ ...RECORDED, voicemail: { leave: "Call us." } });
  for (let reply = 0; reply < 2; reply++) {
    person.play(4_000);
    person.session.observer?.callerSpeechStarted();
    person.session.observer?.callerSpeechStopped();
  }
  person.rig.calls.reportAnsweredBy("CA1", "machine_start");
  assertEquals(person.events().filter(({ kind }) => kind === "answering-machine"), []);
});

Deno.test("Silence is measured from the end of the recorded greeting", () => {
  const call = connect({ ...RECORDED, silence: { afterMs: 2_000, prompts: 1 } });
  call.play(4_600);
  assertEquals(call.session.requests.length, 0);
  call.play(600);
  assertEquals(call.session.requests.length, 1);
});

/** Makes the caller speak frame by frame. Each mark returns when its audio has been played. */
function speaker({ rig, socket, frame }: TestCall): (ms: number) => void {
  const startedAt = rig.clock.now();
  let read = 0, playedMs = 0;
  return (ms) => {
    for (let passed = 0; passed < ms; passed += 20) {
      frame(0x00);
      rig.clock.advance(20);
      for (; read < socket.sent.length; read++) {
        const { event, media, mark } = parseObject(socket.sent[read] ?? "") ?? {};
        if (event === "media") playedMs += lengthMs(media);
        if (event !== "mark") continue;
        if (rig.clock.now() - startedAt < playedMs) break;
        socket.receive(message("mark", mark));
      }
    }
  };
}

const OVER: [name: string, assistant: Partial<CallAssistant>][] = [
  ["in front of the model's greeting", { greeting: "Greet." }],
  ["in front of a recorded greeting", { recordedSpeech: [DISCLOSURE, GREETING] }],
];
for (const [name, fields] of OVER) {
  Deno.test(`Recorded disclosure ${name} is not interrupted, and speech over it is answered after it`, () => {
    for (const mode of ["stop", "pause"] as const) {
      const call = connect({
        recordedSpeech: [DISCLOSURE],
        ...fields,
        interruptions: { ...DEFAULT_INTERRUPTIONS, mode, backchannels: [] },
      });
      const { session } = call;
      if (fields.greeting) session.observer?.assistantAudio("greeting", testAudio(3_000));
      const speak = speaker(call);
      speak(300);
      session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 300 });
      speak(1_600);
      assertEquals(call.sent("clear").length, 0, mode);
      // The caller still speaks when the disclosure has ended.
      speak(400);
      session.observer?.callerTranscript("u1", "Stop, who is this?");
      assertEquals(call.sent("clear").length >= 1, true, mode);
      const [disclosure] = turns(call) ?? [];
      assertEquals(disclosure, { speaker: "assistant", text: DISCLOSURE.text }, mode);
      session.observer?.callerSpeechStopped({ itemId: "u1", audioMs: 1_600 });
      session.observer?.turnCommitted("u1");
      // In the other mode, the server answers by itself.
      const answers = session.requests.filter(({ yieldsToCaller }) => yieldsToCaller);
      assertEquals(answers.length, mode === "pause" ? 1 : 0);
    }
  });
}

Deno.test("Model greets after a recorded disclosure, which is in its conversation, even if it is ready late", () => {
  for (const late of [false, true]) {
    const rig = new CallRig({}, { recordedSpeech: [DISCLOSURE], greeting: "Greet." });
    const token = rig.announce("CA1");
    if (!late) rig.session.observer?.sessionReady();
    const socket = rig.stream("CA1", token);
    play(rig, socket, 2_500);
    if (late) rig.session.observer?.sessionReady();
    assertEquals(rig.session.instructions, ["Greet."]);
    assertEquals(rig.session.restored, [
      { type: "assistant", text: DISCLOSURE.text, name: "parley-disclosure" },
    ]);
    assertEquals(sentMs(socket), 2_000);
  }
});

Deno.test("Recorded disclosure plays before a greeting that the model sent before the stream started", () => {
  const rig = new CallRig({}, { recordedSpeech: [DISCLOSURE], greeting: "Greet." });
  const token = rig.announce("CA1");
  rig.session.observer?.sessionReady();
  rig.session.observer?.assistantAudio("a1", testAudio(1_000).fill(0x11));
  const socket = rig.stream("CA1", token);
  play(rig, socket, 3_500);
  const first = socket.sent.map((text) => parseObject(text) ?? {}).filter(({ event }) => event === "media")
    .map(({ media }) => Uint8Array.fromBase64(String((media as { payload: string }).payload))[0]);
  assertEquals([first[0], first.at(-1), sentMs(socket)], [0, 0x11, 3_000]);
});

Deno.test("Protected greeting of the model after a recorded disclosure is protected in the next session, too", () => {
  const call = connect({
    recordedSpeech: [DISCLOSURE],
    greeting: "Greet.",
    interruptions: { ...DEFAULT_INTERRUPTIONS, backchannels: [], protectGreeting: true },
  });
  call.play(500);
  const { observer } = call.rig.replaceSession();
  call.play(2_000);
  observer?.assistantAudio("greeting", testAudio(2_000));
  call.play(500);
  observer?.callerSpeechStarted();
  assertEquals(call.sent("clear").length, 0);
});

Deno.test("Protected recorded greeting leaves the answers after it interruptible", () => {
  const call = connect({ recordedSpeech: [{ ...GREETING, isProtected: true }] });
  call.play(500);
  call.session.observer?.callerSpeechStarted();
  call.session.observer?.callerSpeechStopped();
  call.session.observer?.assistantAudio("a1", testAudio(2_000));
  call.play(3_000);
  assertEquals(call.sent("clear").length, 0);
  call.session.observer?.callerSpeechStarted();
  assertEquals([call.sent("clear").length, call.session.interruptions.map(({ itemId }) => itemId)], [1, [
    "a1",
  ]]);
});

/** A call whose model greets; what was kept of it. */
function captured(assistant: Partial<CallAssistant> = {}) {
  const kept: SpokenAudio[] = [];
  const call = connect({
    ...MENU,
    greeting: "Greet.",
    keepGreeting: (greeting) => kept.push(greeting),
    recording: {},
    ...assistant,
  }, { recorder: { record() {}, endRecording() {} } });
  const greet = (audio = testAudio(1_000).fill(0x22), outcome = response()) => {
    call.session.observer?.assistantAudio("a1", audio.subarray(0, 2_000));
    call.session.observer?.assistantAudio("a1", audio.subarray(2_000));
    call.session.observer?.assistantTranscript("a1", " Hello! ");
    call.session.observer?.responseDone(outcome);
  };
  return { ...call, kept, greet };
}

Deno.test("Greeting of the model that was heard to its end is kept, once", () => {
  const call = captured();
  call.greet();
  call.play(600);
  assertEquals(call.kept.length, 0);
  call.play(600);
  assertEquals(
    call.kept.map(({ text, audio }) => [text, audio.length, audio.every((byte) => byte === 0x22)]),
    [
      ["Hello!", 8_000, true],
    ],
  );
  call.say("a2", "And now?");
  assertEquals(call.kept.length, 1);
});

const NOT_KEPT: Record<string, (call: ReturnType<typeof captured>) => void> = {
  "is interrupted": (call) => {
    call.greet();
    call.play(500);
    call.session.observer?.callerSpeechStarted();
    call.session.observer?.callerSpeechStopped();
    call.say("a2", "Yes?");
  },
  "follows words of the caller": (call) => {
    call.session.observer?.callerSpeechStarted();
    call.session.observer?.callerSpeechStopped();
    call.greet();
  },
  "follows the result of a function": (call) => {
    call.callFunction("look_up");
    call.greet();
  },
  "follows the result of an MCP server": (call) => {
    const mcp = { id: "m1", server: "shop", name: "look_up", inResponse: true };
    call.session.observer?.mcpCallStarted(mcp);
    call.session.observer?.mcpCallEnded(mcp, "ok");
    call.greet();
  },
  "is not to be recorded": (call) => {
    call.rig.calls.find("CA1")?.setRecording(false);
    call.greet();
  },
  "follows a whisper of the operator": (call) => {
    call.rig.calls.find("CA1")?.whisper("This is Ann.");
    call.greet();
  },
  "was cut by the model": (call) => call.greet(testAudio(1_000), response({ status: "incomplete" })),
  "is longer than 30 s": (call) => {
    call.greet(testAudio(31_000));
    call.play(31_000);
  },
  "comes from another session": (call) => {
    const session = call.rig.replaceSession();
    session.observer?.assistantAudio("b1", testAudio(100));
    session.observer?.assistantTranscript("b1", "Hello.");
    session.observer?.responseDone(response());
  },
  "has no transcript": (call) => {
    call.session.observer?.assistantAudio("a1", testAudio(1_000));
    call.session.observer?.responseDone(response());
  },
};
for (const [why, act] of Object.entries(NOT_KEPT)) {
  Deno.test(`Greeting of the model that ${why} is not kept`, () => {
    const call = captured();
    act(call);
    call.play(2_000);
    call.hangUp();
    assertEquals(call.kept.length, 0);
  });
}

Deno.test("Greeting that a fallback spoke in another voice is not kept", () => {
  const kept: SpokenAudio[] = [];
  const fallback = {
    name: "b",
    url: "ws://b",
    apiKey: undefined,
    model: "m",
    audioFormat: "pcmu",
    dialect: "auto",
  } as const;
  const rig = new CallRig({}, {
    greeting: "Greet.",
    fallbacks: [fallback],
    keepGreeting: (greeting) => kept.push(greeting),
  });
  // The assistant's own endpoint refuses its key in another call.
  rig.announce("CA0");
  rig.session.observer?.sessionFailed({ code: "unauthorized", message: "no" });
  const token = rig.announce("CA1");
  assertEquals([rig.session.options?.url, rig.sessions.length], ["ws://b", 2]);
  rig.stream("CA1", token);
  rig.session.observer?.sessionReady();
  rig.session.observer?.assistantAudio("a1", testAudio(100));
  rig.session.observer?.assistantTranscript("a1", "Hello.");
  rig.session.observer?.responseDone(response());
  rig.clock.advance(5_000);
  assertEquals(kept.length, 0);
});
