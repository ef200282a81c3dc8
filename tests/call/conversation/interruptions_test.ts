import { assertEquals } from "@std/assert";
import { backchannelSet } from "../../../src/call/conversation/backchannel.ts";
import { CallerLevelMeter } from "../../../src/call/conversation/caller_level.ts";
import { Interruptions } from "../../../src/call/conversation/interruptions.ts";
import type { InterruptionsOptions } from "../../../src/call/conversation/interruptions_options.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** µ-law bytes of a constant level: each 16 are 6 dB. */
const SILENCE = 0xff;
const USUAL = 0xa0;
const QUIET = 0xc8;

/** A caller whose sound reaches our measurement and, as its reports, `interruptions`. */
function setUp(options: Partial<InterruptionsOptions> = {}) {
  const clock = new FakeClock();
  const level = new CallerLevelMeter();
  const seen: string[] = [];
  const state = { unheard: true, isProtected: false, endsSoon: false };
  const interruptions = new Interruptions({
    mode: "pause",
    minMs: 600,
    decideMs: 800,
    backchannels: backchannelSet(["mhm", "ja"]),
    level,
    clock,
    unheard: () => state.unheard,
    endsSoon: () => state.endsSoon,
    isProtected: () => state.isProtected,
    on: {
      pause: () => seen.push("pause"),
      resume: (cutOff) => seen.push(cutOff ? "resume, cut off" : "resume"),
      turn: (itemId, interrupts) => seen.push(`turn ${itemId}${interrupts ? " interrupts" : ""}`),
      dismissed: (itemId, why) => seen.push(`${why} ${itemId}`),
      answer: () => seen.push("answer"),
    },
    ...options,
  });
  const hear = (ms: number, byte: number) => {
    const payload = new Uint8Array(160).fill(byte).toBase64();
    for (let passed = 0; passed < ms; passed += 20) {
      level.feed(payload, 20);
      clock.advance(20);
    }
  };
  // The caller's usual level.
  hear(1_000, USUAL);
  hear(2_000, SILENCE);
  return { clock, interruptions, seen, state, hear };
}

Deno.test("Interruptions pauses at once, and resumes after an empty transcript", () => {
  const { interruptions, seen, hear } = setUp();
  hear(100, USUAL);
  interruptions.speechStarted("u1");
  assertEquals(seen, ["pause"]);
  hear(100, USUAL);
  hear(500, SILENCE);
  interruptions.speechStopped();
  interruptions.committed("u1");
  hear(300, SILENCE);
  assertEquals(seen, ["pause"]);
  interruptions.transcribed("u1", " ");
  assertEquals([...seen, interruptions.deciding], ["pause", "resume", "empty u1", false]);
});

Deno.test("Interruptions resumes after a backchannel, in any case and repeated", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(300, USUAL);
  hear(500, SILENCE);
  interruptions.speechStopped();
  interruptions.transcribed("u1", "Mhm, mhm.");
  interruptions.committed("u1");
  assertEquals(seen, ["pause", "resume", "backchannel u1"]);
});

Deno.test("Interruptions resumes after a quiet cough without waiting for its transcript", () => {
  const { interruptions, seen, hear } = setUp();
  hear(100, QUIET);
  interruptions.speechStarted("u1");
  hear(200, QUIET);
  hear(480, SILENCE);
  assertEquals(seen, ["pause"]);
  hear(40, SILENCE);
  assertEquals(seen, ["pause", "resume", "quiet u1"]);
  interruptions.speechStopped();
  interruptions.committed("u1");
  interruptions.transcribed("u1", "");
  assertEquals(seen.slice(3), ["empty u1"]);
});

Deno.test("Interruptions interrupts for quiet speech that had words, and requests its answer", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(300, QUIET);
  hear(520, SILENCE);
  interruptions.speechStopped();
  interruptions.committed("u1");
  interruptions.transcribed("u1", "Stop, please.");
  assertEquals(seen.slice(3), ["turn u1 interrupts", "answer"]);
});

Deno.test("Interruptions stops after 600 ms of voice without waiting for the transcript", () => {
  const { interruptions, seen, hear } = setUp();
  hear(200, USUAL);
  interruptions.speechStarted("u1");
  hear(380, USUAL);
  assertEquals(seen, ["pause"]);
  hear(40, USUAL);
  assertEquals(seen, ["pause", "turn u1 interrupts"]);
});

Deno.test("Interruptions adds up the voice of utterances that follow each other", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(320, USUAL);
  hear(400, SILENCE);
  hear(320, USUAL);
  assertEquals(seen, ["pause", "turn u1 interrupts"]);
});

Deno.test("Interruptions does not count a noise that went on before the speech", () => {
  const { interruptions, seen, hear } = setUp();
  hear(5_000, USUAL);
  interruptions.speechStarted("u1");
  hear(260, USUAL);
  assertEquals(seen, ["pause"]);
});

Deno.test("Interruptions stops for words before 600 ms of voice", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(300, USUAL);
  interruptions.transcribed("u1", "Wait");
  assertEquals(seen, ["pause", "turn u1 interrupts"]);
});

Deno.test("Interruptions waits for the transcript of speech that resumed", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(160, USUAL);
  hear(500, SILENCE);
  interruptions.speechStopped();
  interruptions.committed("u1");
  hear(400, SILENCE);
  interruptions.speechStarted("u2");
  interruptions.transcribed("u1", "mhm");
  hear(160, USUAL);
  assertEquals(seen, ["pause"]);
  hear(500, SILENCE);
  interruptions.speechStopped();
  interruptions.committed("u2");
  hear(400, SILENCE);
  assertEquals(seen, ["pause"]);
  interruptions.transcribed("u2", "No, Tuesday");
  assertEquals(seen, ["pause", "turn u1 interrupts", "answer", "turn u2", "answer"]);
});

Deno.test("Interruptions stops when no transcript comes and the speech was loud", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(300, USUAL);
  hear(500, SILENCE);
  interruptions.speechStopped();
  hear(780, SILENCE);
  assertEquals(seen, ["pause"]);
  hear(40, SILENCE);
  assertEquals(seen, ["pause", "turn u1 interrupts"]);
});

Deno.test("Interruptions resumes when no transcript comes and its level detector heard no voice", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(400, SILENCE);
  interruptions.speechStopped();
  hear(820, SILENCE);
  assertEquals(seen, ["pause", "resume", "quiet u1"]);
});

/** The same, with a server that transcribes: a text of the caller has arrived. */
function setUpTranscribed(options: Partial<InterruptionsOptions> = {}) {
  const call = setUp(options);
  call.interruptions.transcribed("u0", "Hello.");
  /** The caller makes a short, loud sound of which no text comes in time. */
  const sound = (itemId: string) => {
    call.interruptions.speechStarted(itemId);
    call.hear(300, USUAL);
    call.hear(500, SILENCE);
    call.interruptions.speechStopped();
    call.interruptions.committed(itemId);
    call.hear(820, SILENCE);
  };
  return { ...call, sound };
}

Deno.test("Interruptions resumes when the transcript is late, and stops when it has words", () => {
  const { interruptions, seen, sound } = setUpTranscribed();
  sound("u1");
  assertEquals(seen, ["pause", "resume", "late u1"]);
  interruptions.transcribed("u1", "Wait.");
  assertEquals(seen.slice(3), ["turn u1 interrupts", "answer"]);
});

Deno.test("Interruptions does not stop when a late transcript is empty or a backchannel", () => {
  for (const [text, why] of [["", "empty"], ["Mhm.", "backchannel"]] as const) {
    const { clock, interruptions, seen, sound, hear } = setUpTranscribed();
    sound("u1");
    interruptions.transcribed("u1", text);
    hear(5_000, SILENCE);
    assertEquals([...seen.slice(3), clock.pending], [`${why} u1`, 0]);
  }
});

Deno.test("Interruptions stops for a loud sound whose transcript does not come within 3 s of its commit", () => {
  const { clock, seen, sound, hear } = setUpTranscribed();
  sound("u1");
  hear(3_000 - 840, SILENCE);
  assertEquals(seen.length, 3);
  hear(860, SILENCE);
  assertEquals([...seen.slice(3), clock.pending], ["turn u1 interrupts", "answer", 0]);
});

Deno.test("Interruptions does not wait for a late transcript at the end of the assistant's speech", () => {
  const { seen, state, sound } = setUpTranscribed();
  state.endsSoon = true;
  sound("u1");
  assertEquals(seen, ["pause", "turn u1 interrupts", "answer"]);
});

Deno.test("Interruptions pauses again for speech that goes on in an item that was dismissed without a transcript", () => {
  const { interruptions, seen, hear } = setUpTranscribed();
  interruptions.speechStarted("u1");
  hear(300, USUAL);
  hear(500 + 820, SILENCE);
  assertEquals(seen, ["pause", "resume", "late u1"]);
  // Semantic VAD waits for the rest of the sentence: it reports no other start.
  hear(100, USUAL);
  assertEquals(seen.slice(3), ["pause"]);
  hear(600, USUAL);
  hear(600, SILENCE);
  interruptions.speechStopped();
  interruptions.committed("u1");
  interruptions.transcribed("u1", "Wait, I have to look.");
  assertEquals(seen.slice(3), ["pause", "turn u1 interrupts", "answer"]);
});

Deno.test("Interruptions does not count earlier speech when the server reports a sound before we measure it", () => {
  const { interruptions, seen, hear } = setUp();
  hear(40, USUAL);
  interruptions.speechStarted("u1");
  hear(360, USUAL);
  assertEquals(seen, ["pause"]);
});

Deno.test("Interruptions uses its own silence while the server has not reported the end", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(300, USUAL);
  hear(500 + 780, SILENCE);
  assertEquals(seen, ["pause"]);
  hear(60, SILENCE);
  assertEquals(seen, ["pause", "turn u1 interrupts"]);
});

Deno.test("Interruptions stops after 3 s of speech that only the server detects", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(2_980, SILENCE);
  assertEquals(seen, ["pause"]);
  hear(40, SILENCE);
  assertEquals(seen, ["pause", "turn u1 interrupts"]);
});

Deno.test("Interruptions requests one answer for commit and verdict, in either order", () => {
  for (const commitFirst of [true, false]) {
    const { interruptions, seen, hear } = setUp();
    interruptions.speechStarted("u1");
    hear(300, USUAL);
    hear(500, SILENCE);
    interruptions.speechStopped();
    if (commitFirst) interruptions.committed("u1");
    interruptions.transcribed("u1", "Stop");
    if (!commitFirst) interruptions.committed("u1");
    assertEquals([commitFirst, ...seen], [commitFirst, "pause", "turn u1 interrupts", "answer"]);
  }
});

Deno.test("Interruptions confirms speech at once while the assistant is silent", () => {
  const { interruptions, seen, state, clock } = setUp();
  state.unheard = false;
  interruptions.speechStarted("u1");
  interruptions.speechStopped();
  interruptions.committed("u1");
  assertEquals([...seen, clock.pending], ["turn u1 interrupts", "answer", 0]);
});

Deno.test("Interruptions requests the answer to a commit without speech", () => {
  const { interruptions, seen } = setUp();
  interruptions.committed("idle");
  assertEquals(seen, ["answer"]);
});

Deno.test("Interruptions treats a backchannel at the end of the assistant's speech as an answer, and truncates nothing", () => {
  const { interruptions, seen, state, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(200, USUAL);
  hear(500, SILENCE);
  interruptions.speechStopped();
  interruptions.committed("u1");
  state.endsSoon = true;
  interruptions.transcribed("u1", "Ja.");
  assertEquals(seen, ["pause", "resume", "turn u1", "answer"]);
});

Deno.test("Interruptions treats speech over protected audio as a turn after it", () => {
  const { interruptions, seen, state, hear } = setUp();
  state.isProtected = true;
  interruptions.speechStarted("u1");
  hear(300, USUAL);
  hear(500, SILENCE);
  interruptions.speechStopped();
  interruptions.committed("u1");
  interruptions.transcribed("u1", "Hello?");
  assertEquals(seen, ["turn u1", "answer"]);
});

Deno.test("Interruptions dismisses a cough over protected audio without a pause", () => {
  const { interruptions, seen, state, hear } = setUp();
  state.isProtected = true;
  interruptions.speechStarted("u1");
  hear(200, USUAL);
  hear(500, SILENCE);
  interruptions.speechStopped();
  interruptions.transcribed("u1", "");
  interruptions.committed("u1");
  assertEquals(seen, ["empty u1"]);
});

Deno.test("Interruptions pauses at the end of protected audio for a caller who speaks", () => {
  const { interruptions, seen, state, hear } = setUp();
  state.isProtected = true;
  interruptions.speechStarted("u1");
  hear(200, USUAL);
  state.isProtected = false;
  assertEquals([interruptions.protectionEnded(), ...seen], [false, "pause"]);
  hear(600, USUAL);
  assertEquals(seen, ["pause", "turn u1 interrupts"]);
});

Deno.test("Interruptions stops the audio after protected audio for a turn that continues", () => {
  const { interruptions, seen, state, hear } = setUp();
  state.isProtected = true;
  interruptions.speechStarted("u1");
  hear(700, USUAL);
  assertEquals([interruptions.protectionEnded(), ...seen], [true, "turn u1"]);
});

Deno.test("Interruptions decides by level when the session is lost while it is paused", () => {
  const cough = setUp();
  cough.interruptions.speechStarted("u1");
  cough.hear(200, QUIET);
  cough.interruptions.sessionLost();
  cough.hear(320, SILENCE);
  assertEquals(cough.seen, ["pause", "resume", "quiet undefined"]);
  const speech = setUp();
  speech.interruptions.speechStarted("u1");
  speech.hear(200, USUAL);
  speech.interruptions.sessionLost();
  speech.interruptions.transcribed("u1", "");
  speech.hear(440, USUAL);
  assertEquals(speech.seen, ["pause", "turn undefined interrupts"]);
});

Deno.test("Interruptions resumes after a cough during which the session was lost, and says what is missing", () => {
  for (const cutOff of [false, true]) {
    const { interruptions, seen, hear } = setUp();
    interruptions.speechStarted("u1");
    hear(250, USUAL);
    interruptions.sessionLost(cutOff);
    hear(2_000, SILENCE);
    assertEquals(seen, ["pause", cutOff ? "resume, cut off" : "resume", "late undefined"]);
  }
});

Deno.test("Interruptions gives one verdict to speech that a second session reports again", () => {
  const { interruptions, seen, hear } = setUp();
  interruptions.speechStarted("u1");
  hear(200, USUAL);
  interruptions.sessionLost();
  hear(200, SILENCE);
  interruptions.speechStarted("v1");
  hear(300, SILENCE);
  interruptions.speechStopped();
  interruptions.committed("v1");
  interruptions.transcribed("v1", "mhm");
  assertEquals(seen, ["pause", "resume", "backchannel v1"]);
});

Deno.test("Interruptions stops at once in mode stop, and never in mode off", () => {
  const stop = setUp({ mode: "stop" });
  stop.interruptions.speechStarted("u1");
  stop.interruptions.committed("u1");
  stop.state.isProtected = true;
  stop.interruptions.speechStarted("u2");
  assertEquals(stop.seen, ["turn u1 interrupts", "turn u2"]);
  assertEquals(stop.interruptions.protectionEnded(), true);
  const off = setUp({ mode: "off" });
  off.interruptions.speechStarted("u1");
  off.interruptions.committed("u1");
  assertEquals([...off.seen, off.interruptions.protectionEnded()], ["turn u1", false]);
});

Deno.test("Interruptions has no timer and notifies nobody after reset", () => {
  const { interruptions, seen, hear, clock } = setUp();
  interruptions.speechStarted("u1");
  interruptions.reset();
  assertEquals(clock.pending, 0);
  hear(3_000, USUAL);
  interruptions.transcribed("u1", "Hello");
  assertEquals(seen, ["pause"]);
});
