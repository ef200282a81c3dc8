import { assertEquals } from "@std/assert";
import { caller, range, Session } from "./numbered_caller.ts";

Deno.test("CallerAudio starts a successor at the acknowledged position, less 0.8 s", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(100);
  audio.acknowledged(1_000);
  assertEquals(replace().frames, range(10, 100));
  assertEquals(audio.counts.repeatedMs, 1_800);
  // The successor's own offsets start at its first frame, at 200 ms.
  audio.acknowledged(1_400);
  speak(10);
  assertEquals(replace().frames, range(40, 110));
});

Deno.test("CallerAudio starts 0.8 s before a planned swap when the successor is lost before it read anything", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(100);
  audio.acknowledged(500);
  audio.sendTo(new Session(), audio.positionMs);
  speak(5);
  assertEquals(replace().frames, range(60, 105));
});

Deno.test("CallerAudio keeps the highest acknowledged position", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(100);
  audio.acknowledged(2_000);
  audio.acknowledged(1_900);
  assertEquals(replace().frames, range(60, 100));
});

Deno.test("CallerAudio starts no further back when several sessions are lost before they read anything", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(100);
  audio.acknowledged(1_000);
  for (let loss = 0; loss < 5; loss++) assertEquals(replace().frames, range(10, 100));
});

Deno.test("CallerAudio starts a successor at the unanswered turn, 0.8 s before", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(100);
  audio.turnStarted(2_000);
  speak(50);
  audio.turnEnded(3_000);
  speak(50);
  audio.acknowledged(4_000);
  assertEquals(replace().frames, range(60, 200));
  // That session hears the same speech again, and is lost as well.
  audio.turnStarted(audio.positionOf(800));
  audio.turnEnded(audio.positionOf(1_800));
  audio.acknowledged(2_800);
  assertEquals(replace().frames, range(60, 200));
  assertEquals(audio.counts.droppedMs, 0);
});

Deno.test("CallerAudio keeps the start of a turn of several utterances", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(100);
  audio.turnStarted(1_000);
  audio.turnEnded(1_200);
  audio.turnStarted(1_600);
  audio.turnEnded(1_800);
  audio.acknowledged(2_000);
  assertEquals(replace().frames[0], 10);
});

Deno.test("CallerAudio starts after the turn when its text is given", () => {
  const { audio, speak, replace } = caller();
  replace();
  audio.turnStarted(200);
  speak(50);
  audio.turnEnded(900);
  audio.acknowledged(1_000);
  assertEquals(audio.replayFromMs(false), 0);
  assertEquals(replace(true).frames, range(45, 50));
  assertEquals(audio.inTurn, false, "given as text");
  // The next loss must not give the audio as well.
  speak(10);
  assertEquals(replace(false).frames, range(45, 60));
});

Deno.test("CallerAudio starts at the utterance in progress when only the text before it is given", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(100);
  audio.turnStarted(200);
  audio.turnEnded(600);
  audio.turnStarted(1_600);
  audio.acknowledged(2_000);
  assertEquals(audio.replayFromMs(true), 800);
  replace(true);
  assertEquals(audio.inTurn, true);
});

Deno.test("CallerAudio does not repeat an answered turn", () => {
  const { audio, speak, replace } = caller();
  replace();
  audio.turnStarted(0);
  speak(50);
  audio.turnEnded(900);
  audio.acknowledged(500);
  audio.turnAnswered();
  assertEquals(replace().frames, range(45, 50));
});

Deno.test("CallerAudio keeps speech in progress when an answer starts", () => {
  const { audio, speak, replace } = caller();
  replace();
  audio.turnStarted(0);
  speak(50);
  audio.turnEnded(900);
  audio.turnStarted(960);
  audio.turnAnswered();
  assertEquals(audio.inTurn, true);
  speak(50);
  audio.acknowledged(2_000);
  assertEquals(replace().frames, range(45, 100));
  // The next session detects nothing, but something is answered.
  audio.turnAnswered();
  assertEquals(audio.inTurn, false);
});

Deno.test("CallerAudio forgets a turn in which the next session heard no speech, at the next speech", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(50);
  audio.turnStarted(200);
  replace();
  speak(450);
  const session = new Session();
  audio.turnStarted(9_000);
  audio.acknowledged(10_000);
  audio.sendTo(undefined);
  audio.sendTo(session, audio.replayFromMs(false));
  assertEquals(session.frames, range(410, 500));
});

Deno.test("CallerAudio drops the oldest audio beyond 16 s and counts it", () => {
  const { audio, speak, replace } = caller();
  speak(900);
  assertEquals(audio.counts.droppedMs, 2_000);
  assertEquals(replace().frames, range(100, 900));
});

Deno.test("CallerAudio counts no audio as dropped that a session has read", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(1_000);
  audio.acknowledged(19_000);
  audio.sendTo(undefined);
  speak(750);
  assertEquals(audio.counts.droppedMs, 0);
  speak(10);
  assertEquals(audio.counts.droppedMs, 200);
  assertEquals(replace().frames, range(960, 1_760));
});

Deno.test("CallerAudio counts unread audio once when an outage has several sessions", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(100);
  audio.sendTo(undefined);
  speak(800);
  assertEquals(audio.counts.droppedMs, 2_000);
  replace();
  replace();
  assertEquals(audio.counts.droppedMs, 2_000);
});

Deno.test("CallerAudio repeats at most 10.8 s to a successor when nothing was acknowledged", () => {
  const { audio, speak, replace } = caller();
  replace();
  speak(2_000);
  assertEquals(replace().frames, range(1_460, 2_000));
  assertEquals(audio.counts.droppedMs, 0);
});

Deno.test("CallerAudio survives a receiver that fails while the backlog is sent", () => {
  const { audio, speak, replace } = caller();
  speak(5);
  const failing = new Session();
  failing.onFrame = (count) => count === 3 && audio.sendTo(undefined);
  audio.sendTo(failing, 0);
  assertEquals(failing.frames, [0, 1, 2]);
  speak(1);
  assertEquals(failing.frames.length, 3);
  assertEquals(replace().frames, range(0, 6));
  assertEquals(audio.counts, { frames: 6, filledMs: 0, droppedMs: 0, repeatedMs: 60 });
});

Deno.test("CallerAudio is in a turn from the caller's speech to its answer", () => {
  const { audio, replace } = caller();
  replace();
  const turns: boolean[] = [];
  const then = (step: () => void) => {
    step();
    turns.push(audio.inTurn);
  };
  then(() => audio.turnEnded(0));
  then(() => audio.turnStarted(0));
  then(() => audio.sendTo(undefined));
  then(() => audio.turnAnswered());
  assertEquals(turns, [false, true, true, false]);
});

Deno.test("CallerAudio leaves no timer when the session is lost during a turn", () => {
  const { clock, audio, speak, replace } = caller();
  replace();
  audio.turnStarted(0);
  speak(1);
  audio.sendTo(undefined);
  assertEquals(clock.pending, 0);
});
