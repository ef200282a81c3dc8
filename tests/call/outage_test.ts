import { assertEquals, assertMatch } from "@std/assert";
import type { CallAssistant, OutagePlan } from "../../src/assistants/call_assistant.ts";
import type { CallsOptions } from "../../src/calls/calls.ts";
import { voicemailBeep } from "../../src/audio/beep.ts";
import type { AudioSlice } from "../../src/recording/audio_aligner.ts";
import type { CallMessage } from "../../src/records/call_record.ts";
import { connect, MENU, SALES, testAudio } from "../support/call_rig.ts";
import { IDLE_TIMERS } from "../support/fake_clock.ts";
import { type FakeSocket, message } from "../support/fake_socket.ts";
import { settle } from "../support/wait_until.ts";

const CALLER = "+15551230000";
/** One byte of the caller's speech, and of silence. */
const SPEECH = 0x80;
const SILENCE = 0xff;

/** Call CA1 whose models can all go down. */
function setUp(
  plan: Partial<OutagePlan>,
  assistant: Partial<CallAssistant> = {},
  options: Partial<CallsOptions> = {},
) {
  /** Messages delivered by webhook. */
  const saved: CallMessage[] = [];
  const outage = {
    then: "hang up",
    saveMessage: (taken: CallMessage) => saved.push(taken),
    ...plan,
  } as const;
  /** Kinds of bytes on the caller's side of the recording. */
  const recordedBytes = new Set<number>();
  const recorder = {
    record(_: string, { caller }: AudioSlice) {
      for (const byte of caller) recordedBytes.add(byte);
    },
    endRecording() {},
  };
  const call = connect({ ...MENU, ...assistant, outage }, { recorder, ...options });
  const { rig } = call;
  let timestamp = 0;
  let socket = call.socket;
  return {
    ...call,
    saved,
    recordedBytes,
    allDown: () => rig.session.observer?.sessionFailed({ code: "insufficient_quota", message: "" }),
    /** Both sides of the line for a time. The caller hears what is sent at once: 250 ms early. */
    async line(ms: number, byte = SILENCE) {
      for (let passed = 0; passed < ms; passed += 20) {
        const payload = new Uint8Array(160).fill(byte).toBase64();
        timestamp += 20;
        socket.receive(message("media", { track: "inbound", timestamp: String(timestamp), payload }));
        rig.clock.advance(20);
        call.echoMarks(socket);
        if (passed % 200 === 0) await settle();
      }
      await settle();
    },
    /** Twilio asks what follows, and opens a stream. */
    comeBack(): FakeSocket {
      timestamp = 0;
      return socket = rig.stream("CA1", rig.calls.resume("CA1")?.token ?? "");
    },
    playedMs: (on = socket) =>
      call.sent("media", on).reduce(
        (sum, { media }) =>
          sum + Uint8Array.fromBase64(String((media as { payload: string }).payload)).length / 8,
        0,
      ),
    /** How Twilio's request after the stream finds the call: with its end, or with an informed caller. */
    end: () => rig.calls.afterStreamRequested("CA1"),
  };
}

Deno.test("Outage without settings ends the call with a sentence spoken by Twilio", () => {
  const { allDown, end, records } = setUp({});
  allDown();
  assertEquals(end(), { reason: "model failed", callerInformed: false });
  assertEquals(records.map(({ endReason, messages }) => [endReason, messages]), [["model failed", []]]);
});

Deno.test("Outage plays outage.audio to its end, then hangs up", async () => {
  const { allDown, line, end, playedMs, rig } = setUp({ audio: testAudio(3_000) });
  allDown();
  await line(2_600);
  assertEquals([end(), rig.calls.list()[0]?.state], [undefined, "connected"]);
  await line(500);
  assertEquals([end(), playedMs()], [{ reason: "model failed", callerInformed: true }, 3_000]);
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Outage plays its audio after the assistant's unheard audio", async () => {
  const { allDown, line, end, playedMs, rig } = setUp({ audio: testAudio(1_000) });
  rig.session.observer?.assistantAudio("a1", testAudio(2_000));
  allDown();
  await line(2_500);
  assertEquals(end(), undefined);
  await line(600);
  assertEquals([end()?.callerInformed, playedMs()], [true, 3_000]);
});

Deno.test("Outage transfers the caller after its audio, or else after Twilio's sentence", async () => {
  const plain = setUp({ then: "transfer", to: SALES });
  plain.allDown();
  assertEquals(plain.rig.calls.destination("CA1"), SALES);
  assertMatch(plain.rig.calls.sentence("CA1") ?? "", /cannot be reached .* You are being connected/);

  const recorded = setUp({ then: "transfer", to: SALES, audio: testAudio(1_000) });
  recorded.allDown();
  assertEquals(recorded.rig.calls.destination("CA1"), undefined);
  await recorded.line(1_500);
  assertEquals(
    [recorded.rig.calls.destination("CA1"), recorded.rig.calls.sentence("CA1"), recorded.playedMs()],
    [SALES, undefined, 1_000],
  );
  recorded.rig.calls.transferAnswered("CA1");
  assertEquals(recorded.records.map(({ endReason, messages }) => [endReason, messages]), [
    ["transferred", []],
  ]);
  assertEquals(recorded.rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Outage asks for a callback when the destination does not answer", () => {
  const { allDown, rig, records, saved, end } = setUp({ then: "transfer", to: SALES });
  allDown();
  assertEquals(rig.calls.transferFailed("CA1", "no-answer"), undefined, "no stream is opened again");
  const callback = { kind: "callback", name: "", number: CALLER, message: "", urgent: false } as const;
  assertEquals([saved, records[0]?.messages], [[callback], [callback]]);
  assertEquals(end(), { reason: "callback requested", callerInformed: false });
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Outage stores the callback request before its audio promises a callback", async () => {
  const { allDown, line, saved, records, end } = setUp({ then: "callback", audio: testAudio(2_000) });
  allDown();
  assertEquals(saved.map(({ kind, number }) => [kind, number]), [["callback", CALLER]]);
  await line(2_500);
  assertEquals(end(), { reason: "callback requested", callerInformed: true });
  assertEquals(records[0]?.messages, saved);
});

// What Twilio sends for a withheld number: a word, or the word on a keypad.
const WITHHELD = ["anonymous", "+266696687", "+7378742833", "+8656696", "+86282452253", "+2562533"];

Deno.test("Outage does not promise a callback to a hidden number", () => {
  for (const from of WITHHELD) {
    const anonymous = { callSid: "CA2", from, to: "+15559870000" };
    const { rig, records, saved } = setUp({ then: "callback", audio: testAudio(2_000) });
    const announced = rig.calls.announce(anonymous, rig.assistant);
    rig.session.observer?.sessionReady();
    rig.stream("CA2", "token" in announced ? announced.token ?? "" : "", from);
    rig.session.observer?.sessionFailed({ code: "insufficient_quota", message: "" });
    assertEquals([records.map(({ endReason }) => endReason), saved], [["model failed"], []], from);
    assertEquals(rig.calls.afterStreamRequested("CA2")?.callerInformed, false);
  }
});

Deno.test("Outage records a voicemail after a tone, until 5 s of silence", async () => {
  const call = setUp({ then: "voicemail", audio: testAudio(1_000) });
  const { allDown, line, records, saved, end, playedMs, recordedBytes, rig } = call;
  await line(200, SPEECH);
  allDown();
  await line(2_000);
  assertEquals(playedMs(), 1_000 + voicemailBeep().length / 8);
  await line(2_000);
  await line(3_000, SPEECH);
  await line(2_000);
  // A pause for thought.
  await line(500, SPEECH);
  await line(4_900);
  assertEquals([end(), saved], [undefined, []]);
  await line(200);
  assertEquals(end(), { reason: "voicemail", callerInformed: true });
  const [{ kind, number, recorded } = { recorded: undefined }] = saved;
  const { fromMs = 0, toMs = 0 } = recorded ?? {};
  assertEquals([kind, number, records[0]?.messages], ["voicemail", CALLER, saved]);
  assertEquals(
    fromMs >= 1_200 && fromMs < 1_700 && toMs > 14_500 && toMs < 14_900,
    true,
    `${fromMs} to ${toMs}`,
  );
  assertEquals(recordedBytes.has(SPEECH), true);
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Outage keeps the voicemail of a caller who hangs up", async () => {
  const { allDown, line, saved, records, socket } = setUp({ then: "voicemail", audio: testAudio(1_000) });
  allDown();
  await line(2_000);
  await line(1_000, SPEECH);
  socket.receive(message("stop"));
  assertEquals([saved.map(({ kind }) => kind), records[0]?.endReason, records[0]?.messages], [
    ["voicemail"],
    "caller hung up",
    saved,
  ]);
});

Deno.test("Outage ends a voicemail after 120 s, and one without speech after 10 s", async () => {
  const long = setUp({ then: "voicemail", audio: testAudio(100) });
  long.allDown();
  await long.line(1_000);
  // Without pauses it would be steady noise.
  for (let ms = 0; ms < 118_000; ms += 2_000) {
    await long.line(1_500, SPEECH);
    await long.line(500);
  }
  assertEquals(long.end(), undefined);
  await long.line(2_000, SPEECH);
  assertEquals([long.end()?.reason, long.saved.length], ["voicemail", 1]);

  const silent = setUp({ then: "voicemail", audio: testAudio(100) });
  silent.allDown();
  await silent.line(9_900);
  assertEquals(silent.end(), undefined);
  await silent.line(1_500);
  assertEquals([silent.end()?.reason, silent.saved], ["model failed", []]);
});

Deno.test("Outage without audio records a voicemail on the stream that follows Twilio's sentence", async () => {
  const { allDown, line, comeBack, rig, saved, end, playedMs } = setUp({ then: "voicemail" });
  allDown();
  assertEquals([rig.calls.list()[0]?.state, rig.calls.destination("CA1")], ["reconnecting", undefined]);
  assertMatch(rig.calls.sentence("CA1") ?? "", /leave a message after the tone/);
  // Twilio speaks.
  rig.clock.advance(7_000);
  comeBack();
  assertEquals([rig.rejected, rig.calls.sentence("CA1")], [[], undefined]);
  await line(1_000);
  assertEquals(playedMs(), voicemailBeep().length / 8);
  await line(1_000, SPEECH);
  await line(5_500);
  assertEquals([end()?.reason, saved.length, rig.sessions.length], ["voicemail", 1, 1]);
});

Deno.test("Outage asks for a callback instead of a voicemail that cannot be recorded", () => {
  const { allDown, records } = setUp({ then: "voicemail", audio: testAudio(1_000) }, {}, {
    recorder: undefined,
  });
  allDown();
  assertEquals(records.map(({ endReason, messages }) => [endReason, messages.length]), [
    ["callback requested", 1],
  ]);
});

Deno.test("Outage continues when the stream is lost and returns", async () => {
  const { allDown, line, comeBack, socket, saved, end, playedMs } = setUp({
    then: "voicemail",
    audio: testAudio(3_000),
  });
  allDown();
  await line(1_000);
  socket.drop();
  const second = comeBack();
  await line(4_000);
  assertEquals(playedMs() >= 2_000 + 500, true, "the rest of the audio, and the tone");
  await line(1_000, SPEECH);
  second.drop();
  comeBack();
  await line(1_000, SPEECH);
  await line(5_500);
  assertEquals([end()?.reason, saved.map(({ kind }) => kind)], ["voicemail", ["voicemail"]]);
});

Deno.test("Outage stops silence prompts and opens no session", async () => {
  const { allDown, line, comeBack, rig, end } = setUp({ then: "voicemail" }, {
    silence: { afterMs: 3_000, prompts: 0 },
  });
  allDown();
  comeBack();
  await line(9_000);
  assertEquals([end(), rig.sessions.length], [undefined, 1]);
});

Deno.test("Outage records nothing when the call's time is over before the tone", async () => {
  const { allDown, comeBack, rig, records, saved, recordedBytes } = setUp({ then: "voicemail" }, {
    maxCallMs: 3_000,
  });
  allDown();
  rig.clock.advance(7_000);
  comeBack();
  await settle();
  rig.clock.advance(60_000);
  assertEquals([records.map(({ endReason }) => endReason), saved, recordedBytes.size], [
    ["time limit"],
    [],
    0,
  ]);
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Menu key transfers the caller during a voicemail, which is kept", async () => {
  const { allDown, line, press, rig, saved, records } = setUp({ then: "voicemail", audio: testAudio(100) });
  allDown();
  await line(1_000);
  await line(1_000, SPEECH);
  press("0");
  assertEquals([rig.calls.destination("CA1"), saved.map(({ kind }) => kind)], [SALES, ["voicemail"]]);
  rig.calls.transferFailed("CA1", "busy");
  assertEquals(records.map(({ endReason, messages }) => [endReason, messages.map(({ kind }) => kind)]), [
    ["callback requested", ["voicemail", "callback"]],
  ]);
});

Deno.test("Outage hangs up on an answering machine without a message", () => {
  const { allDown, rig, records, saved, end } = setUp({ then: "callback" }, {
    voicemail: { leave: "Please call back." },
  });
  // The machine speaks its own text; the beep has not come.
  rig.calls.reportAnsweredBy("CA1", "machine_start");
  allDown();
  assertEquals([records[0]?.messages, saved], [[], []]);
  assertEquals(end(), { reason: "model failed", callerInformed: true });
});

Deno.test("Shutdown during a voicemail keeps it", async () => {
  const { allDown, line, rig, saved, records } = setUp({ then: "voicemail", audio: testAudio(100) });
  allDown();
  await line(1_000);
  await line(1_000, SPEECH);
  rig.calls.endAll("shutdown");
  assertEquals([saved.length, records[0]?.messages.length, records[0]?.endReason], [1, 1, "shutdown"]);
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});
