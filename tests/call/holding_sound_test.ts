import { assertEquals } from "@std/assert";
import { CallEventStream, type CallStreamEvent } from "../../src/call/call_event_stream.ts";
import type { CallerLevel } from "../../src/call/conversation/caller_level.ts";
import { HoldingSound } from "../../src/call/holding_sound.ts";
import { connect, testAudio } from "../support/call_rig.ts";
import { FakeClock, IDLE_TIMERS } from "../support/fake_clock.ts";

/** A caller who speaks and stops as a test says. */
class SpeakingCaller implements CallerLevel {
  speaking = false;
  voicedMs = 0;
  relativeDb = 0;
  silentForMs = Infinity;
  #handler = (_speaking: boolean) => {};
  feed(): void {}
  onEdge(handler: (speaking: boolean) => void): void {
    this.#handler = handler;
  }
  /** The end of speech is noticed 300 ms late. */
  speak(speaking: boolean): void {
    this.speaking = speaking;
    this.silentForMs = speaking ? 0 : 300;
    this.#handler(speaking);
  }
}

/** A line of which all audio is heard at once, in order. */
class Line {
  attached = true;
  paused = false;
  /** When all audio will have been heard. */
  playedAt = -Infinity;
  constructor(readonly clock: FakeClock, readonly note: (what: string) => void) {}
  get playout() {
    const { paused } = this;
    const queuedMs = Math.max(0, this.playedAt - this.clock.now());
    return { paused, status: { queuedMs, leadMs: 0, itemId: undefined, heardMs: 0 } };
  }
  play(ms: number): void {
    this.playedAt = Math.max(this.playedAt, this.clock.now()) + ms;
  }
  playHold(audio: Uint8Array): void {
    this.note(audio.length === 16_000 ? "tone" : `phrase of ${audio.length / 8}`);
    this.play(audio.length / 8);
  }
  stopHold(): void {
    this.note("stop");
    this.playedAt = -Infinity;
  }
}

const LOST = { type: "service lost", reason: "lost" } as const;
const RESTORED = { type: "service restored", afterMs: 0 } as const;
const SPEAKS = { type: "assistant started speaking", itemId: "a" } as const;
const suspect = (suspect: boolean) => ({ type: "line suspect", suspect }) as const;

function setUp({ phraseMs = 0 } = {}) {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const happened: string[] = [];
  const line = new Line(clock, (what) => happened.push(`${what} at ${clock.now() - startedAt}`));
  const events = new CallEventStream();
  const level = new SpeakingCaller();
  const state = { due: false };
  new HoldingSound({
    events,
    clock,
    speech: line,
    level,
    isDue: () => state.due,
    afterMs: 800,
    ...(phraseMs > 0 ? { audio: new Uint8Array(8 * phraseMs) } : {}),
  });
  const emit = (event: CallStreamEvent) => events.emit(event);
  emit({ type: "stream attached" });
  /** The assistant says something. */
  const speak = (ms: number) => {
    emit(SPEAKS);
    line.play(ms);
  };
  return { clock, emit, happened, line, level, state, speak };
}

Deno.test("HoldingSound starts 800 ms after the assistant was last heard", () => {
  const { clock, emit, happened, speak } = setUp();
  speak(5_000);
  clock.advance(1_000);
  emit(LOST);
  clock.advance(9_000);
  assertEquals(happened, ["tone at 5800", "tone at 7800", "tone at 9800"]);
});

Deno.test("HoldingSound starts 800 ms after the caller was last heard", () => {
  for (const [fault, startsAt] of [[suspect(true), 13_500], [LOST, 13_600]] as const) {
    const { clock, emit, happened, level } = setUp();
    clock.advance(10_000);
    level.speak(true);
    clock.advance(3_000);
    level.speak(false);
    clock.advance(200);
    emit(fault);
    clock.advance(1_000);
    assertEquals(happened, [`tone at ${startsAt}`], "a lost session may be replaced within 400 ms");
  }
});

Deno.test("HoldingSound does not play over a caller who speaks", () => {
  const { clock, emit, happened, level } = setUp();
  level.speak(true);
  clock.advance(1_000);
  emit(LOST);
  clock.advance(5_000);
  assertEquals(happened, []);
  level.speak(false);
  clock.advance(499);
  assertEquals(happened, []);
  clock.advance(501);
  level.speak(true);
  clock.advance(2_000);
  assertEquals(happened, ["tone at 6500", "stop at 7000"]);
  level.speak(false);
  clock.advance(500);
  assertEquals(happened.at(-1), "tone at 9500");
});

Deno.test("HoldingSound does not play before the answer to the first turn when the first session was ready soon", () => {
  for (const [reason, sounds] of [["first", []], ["lost", ["tone at 2100"]]] as const) {
    const { clock, emit, happened, level, state } = setUp();
    emit({ type: "service lost", reason });
    clock.advance(100);
    emit(RESTORED);
    clock.advance(400);
    level.speak(true);
    state.due = true;
    clock.advance(1_100);
    level.speak(false);
    clock.advance(1_000);
    assertEquals([reason, ...happened], [reason, ...sounds]);
  }
});

Deno.test("HoldingSound does not play in a short fault or after it", () => {
  const { clock, emit, happened } = setUp();
  clock.advance(10_000);
  emit(LOST);
  clock.advance(390);
  emit(RESTORED);
  clock.advance(60_000);
  assertEquals([happened, clock.pending], [[], 0]);
});

Deno.test("HoldingSound continues after the fault until the answer, for at most 5 s", () => {
  const { clock, emit, happened, state, speak } = setUp();
  clock.advance(10_000);
  for (const answers of [true, false]) {
    state.due = true;
    emit(LOST);
    clock.advance(300);
    emit(RESTORED);
    clock.advance(answers ? 1_000 : 20_000);
    if (answers) speak(100);
    clock.advance(10_000);
  }
  assertEquals(happened, [
    "tone at 10400",
    "stop at 11300",
    "tone at 21700",
    "tone at 23700",
    "tone at 25700",
  ]);
  assertEquals(clock.pending, 0);
});

Deno.test("HoldingSound fades out when no answer is due after the fault", () => {
  const { clock, emit, happened } = setUp();
  emit(LOST);
  clock.advance(1_500);
  emit(RESTORED);
  clock.advance(10_000);
  assertEquals(happened, ["tone at 800"]);
  assertEquals(clock.pending, 0);
});

Deno.test("HoldingSound stops before the first audio of the assistant", () => {
  const { clock, emit, happened, line } = setUp();
  emit(LOST);
  clock.advance(1_500);
  emit(RESTORED);
  emit(SPEAKS);
  assertEquals([happened, line.playedAt], [["tone at 800", "stop at 1500"], -Infinity]);
});

Deno.test("HoldingSound starts again when the assistant's audio ends during a fault", () => {
  const { clock, emit, happened, speak } = setUp();
  emit(suspect(true));
  clock.advance(1_000);
  speak(1_000);
  clock.advance(2_000);
  assertEquals(happened, ["tone at 800", "stop at 1000", "tone at 2800"]);
});

Deno.test("HoldingSound plays its phrase once, then the tone", () => {
  const { clock, emit, happened } = setUp({ phraseMs: 1_500 });
  emit(suspect(true));
  clock.advance(2_000);
  emit(LOST);
  emit(suspect(false));
  clock.advance(3_000);
  assertEquals(happened, ["phrase of 1500 at 800", "tone at 2300", "tone at 4300"]);
});

Deno.test("HoldingSound repeats its phrase in the next fault, also on the next stream", () => {
  const { clock, emit, happened } = setUp({ phraseMs: 1_000 });
  const phrases = () => happened.filter((what) => what.startsWith("phrase")).length;
  emit(LOST);
  clock.advance(3_000);
  emit(RESTORED);
  clock.advance(60_000);
  emit(LOST);
  clock.advance(3_000);
  assertEquals(phrases(), 2);
  emit({ type: "stream detached" });
  emit({ type: "stream attached" });
  emit(LOST);
  clock.advance(3_000);
  assertEquals(phrases(), 3);
});

Deno.test("HoldingSound finishes a phrase of at most 3 s and cuts a longer one", () => {
  for (const [phraseMs, stopped] of [[3_500, []], [4_000, ["stop at 1400"]]] as const) {
    const { clock, emit, happened, level, speak } = setUp({ phraseMs });
    emit(LOST);
    clock.advance(1_400);
    emit(RESTORED);
    speak(5_000);
    clock.advance(1_000);
    // The assistant's audio is behind the phrase, and the barge-in is not this class's task.
    level.speak(true);
    clock.advance(60_000);
    assertEquals(happened, [`phrase of ${phraseMs} at 800`, ...stopped]);
  }
});

Deno.test("HoldingSound waits while the stream is lost or the playout is paused", () => {
  for (const key of ["attached", "paused"] as const) {
    const { clock, emit, happened, line } = setUp();
    line[key] = !line[key];
    emit(LOST);
    clock.advance(5_000);
    assertEquals(happened, []);
    line[key] = !line[key];
    clock.advance(100);
    assertEquals(happened, ["tone at 5100"]);
  }
});

Deno.test("HoldingSound tolerates a late playout, and waits for other audio", () => {
  const { clock, emit, happened, line } = setUp();
  emit(LOST);
  clock.advance(1_000);
  line.playedAt += 300;
  clock.advance(2_000);
  assertEquals(happened, ["tone at 800", "tone at 2800"]);
  line.play(10_000);
  clock.advance(12_000);
  assertEquals(happened.slice(2), []);
});

Deno.test("HoldingSound stops when the call ends, and leaves no timer", () => {
  for (
    const ending of [
      { type: "stream detached" },
      { type: "goodbye started", reason: "time limit" },
      { type: "models down", code: "connect" },
      { type: "call ending", reason: "caller hung up" },
    ] as const
  ) {
    const { clock, emit, happened } = setUp();
    emit(LOST);
    clock.advance(1_000);
    emit(ending);
    assertEquals(clock.pending, 0);
    clock.advance(60_000);
    assertEquals(happened, ["tone at 800", "stop at 1000"]);
  }
});

Deno.test("Call without a session plays its phrase and the tone, until the next session speaks", () => {
  const { rig, sent, play, hangUp } = connect({ holding: { afterMs: 800, audio: testAudio(1_000) } });
  play(2_000);
  const sentBefore = sent("media").length;
  const heardMs = () => sent("media").slice(sentBefore).reduce((sum, { media }) => sum + audioMs(media), 0);
  rig.dropSession();
  rig.clock.advance(1);
  play(300);
  assertEquals(heardMs(), 0);
  play(600);
  assertEquals(heardMs() > 0, true);
  play(2_000);
  const cleared = sent("clear").length;
  rig.session.observer?.sessionReady();
  rig.session.observer?.assistantAudio("a2", testAudio(100));
  assertEquals(sent("clear").length, cleared + 1);
  play(10_000);
  assertEquals(heardMs() < 3_200, true, `${heardMs()} ms of sound`);
  hangUp();
  rig.clock.advance(60_000);
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

/** Length of the audio of a media message. */
function audioMs(media: unknown): number {
  const { payload } = media as { payload: string };
  return Uint8Array.fromBase64(payload).length / 8;
}

Deno.test("HoldingSound starts sooner for a caller who is back, and has waited for the stream", () => {
  const { clock, emit, happened } = setUp();
  emit({ type: "stream attached" });
  emit(LOST);
  clock.advance(2_000);
  emit({ type: "stream detached" });
  clock.advance(2_000);
  emit({ type: "stream attached" });
  emit(LOST);
  clock.advance(1_000);
  assertEquals(happened, ["tone at 800", "stop at 2000", "tone at 4400"]);
});

Deno.test("HoldingSound plays the tone without the phrase while an answer is late, until it begins", () => {
  const { emit, clock, happened, state, speak } = setUp({ phraseMs: 1_500 });
  state.due = true;
  clock.advance(1_000);
  emit({ type: "answer late" });
  clock.advance(8_500);
  assertEquals(happened, [0, 1, 2, 3, 4].map((tone) => `tone at ${1_000 + tone * 2_000}`));
  speak(500);
  clock.advance(10_000);
  assertEquals(happened.slice(5), ["stop at 9500"]);
  assertEquals(clock.pending, 0);
});

Deno.test("HoldingSound ends when the late answer is not due any more", () => {
  const { emit, clock, happened, state } = setUp();
  state.due = true;
  emit({ type: "answer late" });
  clock.advance(1_000);
  state.due = false;
  clock.advance(10_000);
  assertEquals(happened.filter((what) => what.startsWith("tone")).length, 1);
  assertEquals(clock.pending, 0);
});
