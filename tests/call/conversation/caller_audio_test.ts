import { assert, assertEquals } from "@std/assert";
import { CallEventStream } from "../../../src/call/call_event_stream.ts";
import { CallerAudio } from "../../../src/call/conversation/caller_audio.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const frame = (value: number, bytes = 160) => new Uint8Array(bytes).fill(value).toBase64();

function setUp() {
  const clock = new FakeClock();
  const audio = new CallerAudio(clock, new CallEventStream());
  const out: Uint8Array[] = [];
  const open = () => audio.open((payload) => out.push(Uint8Array.fromBase64(payload)));
  const bytes = () => out.reduce((sum, { length }) => sum + length, 0);
  return { clock, audio, out, open, bytes };
}

Deno.test("CallerAudio forwards payloads unchanged, frame by frame", () => {
  const audio = new CallerAudio(new FakeClock(), new CallEventStream());
  const out: string[] = [];
  audio.open((payload) => out.push(payload));
  audio.frame("AAEC", 0);
  audio.frame(frame(7), 0.375);
  assertEquals(out, ["AAEC", frame(7)]);
});

Deno.test("CallerAudio keeps frames until the model is ready", () => {
  const { audio, out, open } = setUp();
  for (let i = 0; i < 400; i++) audio.frame(frame(i % 256), i * 20);
  open();
  for (let i = 400; i < 450; i++) audio.frame(frame(i % 256), i * 20);
  assertEquals(out.map((part) => part[0]), Array.from({ length: 450 }, (_, i) => i % 256));
  assertEquals(audio.counts, { frames: 450, filledMs: 0, droppedMs: 0 });
});

Deno.test("CallerAudio keeps the last 10 s and counts the dropped audio", () => {
  const { audio, open, bytes } = setUp();
  for (let i = 0; i < 600; i++) audio.frame(frame(1), i * 20);
  open();
  assertEquals(bytes(), 10_000 * 8);
  assertEquals(audio.counts.droppedMs, 2_000);
});

Deno.test("CallerAudio fills gaps with silence, to the sample", () => {
  const { clock, audio, out, open, bytes } = setUp();
  open();
  let at = 100; // timestamps need not start at 0
  for (const timestamp of [100, 120, 200, 241]) {
    clock.advance(timestamp - at);
    at = timestamp;
    audio.frame(frame(1), timestamp);
  }
  assertEquals(out.map(({ length }) => length), [160, 160, 480, 160, 168, 160]);
  assertEquals(out[2]?.every((byte) => byte === 0xff), true);
  assertEquals(bytes(), (241 + 20 - 100) * 8);
  assertEquals(audio.counts.filledMs, 81);
});

Deno.test("CallerAudio ignores jitter of less than a frame", () => {
  const { audio, open, out } = setUp();
  open();
  for (const timestamp of [0, 21, 39, 61, 99]) audio.frame(frame(1), timestamp);
  assertEquals(out.length, 5);
});

Deno.test("CallerAudio fills a gap in a burst after a stall, but none between swapped or future timestamps", () => {
  const cases: [name: string, frames: [afterMs: number, timestamp: number][], filledMs: number][] = [
    ["an hour ahead", [[20, 20], [20, 3_600_040], [20, 3_600_060]], 0],
    ["one late frame", [[20, 20], [20, 40], [0, 0], [20, 60], [20, 80]], 0],
    ["one odd frame", [[20, 20], [20, 9_000], [20, 60], [20, 80]], 0],
    ["swapped pairs", [[20, 40], [20, 20], [20, 80], [20, 60], [20, 100]], 0],
    ["lost frames", [[20, 20], [80, 100], [20, 120]], 60],
    ["lost frames, one of which is early", [[20, 20], [75, 100], [25, 120]], 60],
    ["lost frames in a burst", [[5_000, 20], [0, 40], [0, 1_060], [0, 1_080]], 1_000],
    ["more lost frames than time", [[20, 20], [300, 1_040], [20, 1_060]], 280],
  ];
  for (const [name, frames, filledMs] of cases) {
    const { clock, audio, open } = setUp();
    open();
    audio.frame(frame(1), 0);
    for (const [afterMs, timestamp] of frames) {
      clock.advance(afterMs);
      audio.frame(frame(1), timestamp);
    }
    assertEquals(audio.counts.filledMs, filledMs, name);
  }
});

Deno.test("CallerAudio fills at most 10 s for a timestamp that jumps, and nothing for one that goes back", () => {
  const { clock, audio, out, open, bytes } = setUp();
  open();
  audio.frame(frame(1), 0);
  clock.advance(60_000);
  audio.frame(frame(1), 1e12);
  assertEquals(bytes(), 160 + 80_000 + 160);
  audio.frame(frame(1), 20);
  audio.frame(frame(1), 40);
  assertEquals(out.length, 5);
});

Deno.test("CallerAudio fills a stall during the caller's turn with silence, once", () => {
  const { clock, audio, open, bytes } = setUp();
  open();
  audio.frame(frame(1), 0);
  audio.setSpeaking(true);
  clock.advance(700);
  assertEquals(bytes(), 160);
  clock.advance(100);
  assertEquals(bytes(), 160 + 8_000);
  clock.advance(60_000);
  assertEquals(bytes(), 160 + 8_000, "once");
  // The frames resume two seconds later. Only the rest of the gap is filled.
  audio.frame(frame(1), 2_020);
  assertEquals(bytes(), 160 + 16_000 + 160);
  audio.setSpeaking(false);
  assertEquals(clock.pending, 0);
});

Deno.test("CallerAudio does not fill a stall while the caller is silent", () => {
  const { clock, audio, open, bytes } = setUp();
  open();
  audio.frame(frame(1), 0);
  clock.advance(60_000);
  assertEquals(bytes(), 160);
});

Deno.test("CallerAudio gives the next session the pre-roll and the frames that waited", () => {
  const { clock, audio, out, open } = setUp();
  open();
  audio.frame(frame(1), 0);
  audio.close();
  audio.frame(frame(2), 20);
  assertEquals(out.length, 1);
  open();
  assertEquals(out.map((part) => part[0]), [1, 1, 2]);
  assert(clock.pending === 0);
});

Deno.test("CallerAudio gives the next session the unanswered turn with its pre-roll", () => {
  const { audio, out, open } = setUp();
  open();
  let timestamp = 0;
  const say = (value: number, frames: number) => {
    for (let n = 0; n < frames; n++, timestamp += 20) audio.frame(frame(value), timestamp);
  };
  say(1, 100);
  audio.setSpeaking(true);
  say(2, 10);
  audio.setSpeaking(false);
  say(3, 5);
  audio.close();
  say(4, 5);
  const before = out.length;
  open();
  const again = out.slice(before).map((part) => part[0]);
  // 800 ms of pre-roll.
  assertEquals(again, [...Array(40).fill(1), ...Array(10).fill(2), ...Array(5).fill(3), ...Array(5).fill(4)]);
  assertEquals(audio.counts.droppedMs, 0);
});

Deno.test("CallerAudio does not send answered audio to the next session", () => {
  const { audio, out, open } = setUp();
  open();
  audio.setSpeaking(true);
  audio.frame(frame(1), 0);
  audio.setSpeaking(false);
  audio.markTurnAnswered();
  audio.close();
  open();
  assertEquals(out.map((part) => part[0]), [1]);
});

Deno.test("CallerAudio detects no stall while frames keep coming", () => {
  const { clock, audio, open } = setUp();
  open();
  audio.setSpeaking(true);
  for (let timestamp = 0; timestamp < 3_000; timestamp += 20) {
    audio.frame(frame(1), timestamp);
    clock.advance(20);
  }
  assertEquals(audio.counts.filledMs, 0);
});

Deno.test("CallerAudio drops nothing over repeated session losses", () => {
  const { audio, open } = setUp();
  for (let i = 0; i < 900; i++) {
    if (i % 300 === 0) audio.close();
    if (i % 300 === 200) open();
    audio.frame(frame(1), i * 20);
  }
  assertEquals(audio.counts.droppedMs, 0);
});

Deno.test("CallerAudio counts the audio sent to the current session", () => {
  const { audio, open } = setUp();
  open();
  for (let i = 0; i < 5; i++) audio.frame(frame(1), i * 20);
  assertEquals(audio.sentMs, 100);
  audio.close();
  open();
  audio.frame(frame(1), 100);
  assertEquals(audio.sentMs, 120);
});

Deno.test("CallerAudio is in a turn from the caller's speech to its answer", () => {
  const { audio, open } = setUp();
  open();
  const turns: boolean[] = [];
  const then = (step: () => void) => {
    step();
    turns.push(audio.inTurn);
  };
  then(() => audio.setSpeaking(false));
  then(() => audio.setSpeaking(true));
  then(() => audio.setSpeaking(false));
  then(() => audio.close());
  then(() => audio.markTurnAnswered());
  assertEquals(turns, [false, true, true, true, false]);
});

Deno.test("CallerAudio drops nothing when the session closes while waiting frames are sent", () => {
  const { audio, out, open } = setUp();
  for (let i = 0; i < 5; i++) audio.frame(frame(i), i * 20);
  let sent = 0;
  audio.open(() => ++sent === 3 && audio.close());
  assertEquals(sent, 3);
  audio.frame(frame(5), 100);
  open();
  assertEquals(out.map((part) => part[0]), [0, 1, 2, 3, 4, 5]);
});

Deno.test("CallerAudio leaves no timer when the session closes during a turn", () => {
  const { clock, audio, open } = setUp();
  open();
  audio.setSpeaking(true);
  audio.close();
  assertEquals(clock.pending, 0);
});
