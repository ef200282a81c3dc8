import { assertEquals } from "@std/assert";
import { caller, frame, range, Session } from "./numbered_caller.ts";

Deno.test("CallerAudio forwards payloads unchanged, frame by frame", () => {
  const { audio } = caller();
  const session = new Session();
  audio.sendTo(session);
  audio.frame("AAEC", 0);
  audio.frame(frame(7), 0.375);
  assertEquals(session.payloads, ["AAEC", frame(7)]);
});

Deno.test("CallerAudio keeps frames until the first session is ready", () => {
  const { audio, speak, replace } = caller();
  speak(400);
  const session = replace();
  speak(50);
  assertEquals(session.frames, range(0, 450));
  assertEquals(audio.counts, { frames: 450, filledMs: 0, droppedMs: 0, repeatedMs: 0 });
});

Deno.test("CallerAudio sends each frame to one receiver across 1,000 swaps", () => {
  const { audio, speak } = caller();
  const sessions: Session[] = [];
  for (let swap = 0; swap < 1_000; swap++) {
    sessions.push(new Session());
    audio.sendTo(sessions.at(-1), audio.positionMs);
    speak(swap % 4);
    if (swap % 3 === 0) audio.acknowledged(20);
  }
  assertEquals(sessions.flatMap(({ frames }) => frames), range(0, 1_500));
  assertEquals(audio.counts, { frames: 1_500, filledMs: 0, droppedMs: 0, repeatedMs: 0 });
});

Deno.test("CallerAudio continues with a receiver that replaces another while the backlog is sent", () => {
  const { audio, speak } = caller();
  speak(5);
  const [first, second] = [new Session(), new Session()];
  first.onFrame = (count) => count === 2 && audio.sendTo(second, 40);
  audio.sendTo(first, 0);
  speak(1);
  assertEquals(first.frames, [0, 1]);
  assertEquals(second.frames, range(2, 6));
});

Deno.test("CallerAudio keeps the order when a frame arrives while the backlog is sent", () => {
  const { audio, speak } = caller();
  speak(5);
  const session = new Session();
  session.onFrame = (count) => count === 2 && speak(1);
  audio.sendTo(session, 0);
  assertEquals(session.frames, range(0, 6));
});

Deno.test("CallerAudio continues positions on a new stream", () => {
  const { clock, audio } = caller();
  const session = new Session();
  audio.sendTo(session, 0);
  audio.frame(frame(1), 40_000);
  clock.advance(8_000);
  audio.streamStarted();
  audio.frame(frame(2), 7_000);
  clock.advance(20);
  audio.frame(frame(3), 7_020);
  assertEquals(audio.positionMs, 60);
  assertEquals(audio.counts.filledMs, 0, "8 s without a stream are no gap");
  clock.advance(60);
  audio.frame(frame(4), 7_080);
  assertEquals(audio.counts.filledMs, 40);
  clock.advance(20);
  audio.frame(frame(5), 16_000);
  assertEquals(audio.counts.filledMs, 40, "the time without a stream confirms no gap");
});

Deno.test("CallerAudio adds silence for a caller who is not on the line", () => {
  const { audio, speak, replace, level } = caller();
  audio.fillSilence(1_500);
  speak(1);
  assertEquals(audio.positionMs, 1_520);
  assertEquals(replace().payloads.map((payload) => Uint8Array.fromBase64(payload).length), [
    8_000,
    4_000,
    160,
  ]);
  assertEquals(level.fedMs, 1_520);
});

Deno.test("CallerAudio sends a muted caller's audio to no session, not even later", () => {
  const { audio, replace, level } = caller();
  audio.mute(true);
  audio.frame(frame(1), 0);
  audio.mute(false);
  audio.frame(frame(2), 20);
  assertEquals(replace().payloads, [frame(255), frame(2)]);
  assertEquals(level.payloads, [frame(255), frame(2)]);
});

Deno.test("CallerAudio converts offsets of the present session into positions", () => {
  const { audio, speak } = caller();
  speak(10);
  audio.sendTo(new Session(), 100);
  speak(10);
  assertEquals([0, 100, 300, 301, 1e9, -1e9].map((ms) => audio.positionOf(ms)), [100, 200, 400, 400, 400, 0]);
});
