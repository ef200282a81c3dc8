import { assert, assertEquals } from "@std/assert";
import { CallerAudio } from "../../../src/call/conversation/caller_audio.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const frame = (value: number, bytes = 160) => new Uint8Array(bytes).fill(value).toBase64();

function setUp() {
  const clock = new FakeClock();
  const audio = new CallerAudio(clock);
  const out: Uint8Array[] = [];
  const open = () => audio.open((payload) => out.push(Uint8Array.fromBase64(payload)));
  const bytes = () => out.reduce((sum, { length }) => sum + length, 0);
  return { clock, audio, out, open, bytes };
}

Deno.test("CallerAudio passes payloads on untouched, frame by frame", () => {
  const audio = new CallerAudio(new FakeClock());
  const out: string[] = [];
  audio.open((payload) => out.push(payload));
  audio.frame("AAEC", 0);
  audio.frame(frame(7), 0.375);
  assertEquals(out, ["AAEC", frame(7)]);
});

Deno.test("CallerAudio loses nothing while the model gets ready", () => {
  const { audio, out, open } = setUp();
  for (let i = 0; i < 400; i++) audio.frame(frame(i % 256), i * 20);
  open();
  for (let i = 400; i < 450; i++) audio.frame(frame(i % 256), i * 20);
  assertEquals(out.map((part) => part[0]), Array.from({ length: 450 }, (_, i) => i % 256));
  assertEquals(audio.counts, { frames: 450, filledMs: 0, droppedMs: 0 });
});

Deno.test("CallerAudio keeps the last ten seconds and counts what it dropped", () => {
  const { audio, open, bytes } = setUp();
  for (let i = 0; i < 600; i++) audio.frame(frame(1), i * 20);
  open();
  assertEquals(bytes(), 10_000 * 8);
  assertEquals(audio.counts.droppedMs, 2_000);
});

Deno.test("CallerAudio fills gaps with silence, to the sample", () => {
  const { audio, out, open, bytes } = setUp();
  open();
  audio.frame(frame(1), 100); // streams do not begin at 0
  audio.frame(frame(1), 120);
  audio.frame(frame(1), 200);
  audio.frame(frame(1), 241);
  assertEquals(out.map(({ length }) => length), [160, 160, 480, 160, 168, 160]);
  assertEquals(out[2]?.every((byte) => byte === 0xff), true);
  assertEquals(bytes(), (241 + 20 - 100) * 8);
  assertEquals(audio.counts.filledMs, 81);
});

Deno.test("CallerAudio takes jitter of less than a frame for what it is", () => {
  const { audio, open, out } = setUp();
  open();
  for (const timestamp of [0, 21, 39, 61, 99]) audio.frame(frame(1), timestamp);
  assertEquals(out.length, 5);
});

Deno.test("CallerAudio does not believe timestamps that jump far, or back", () => {
  const { audio, out, open, bytes } = setUp();
  open();
  audio.frame(frame(1), 0);
  audio.frame(frame(1), 1e12);
  assertEquals(bytes(), 160 + 80_000 + 160);
  audio.frame(frame(1), 20);
  audio.frame(frame(1), 40);
  assertEquals(out.length, 5);
});

Deno.test("CallerAudio ends an open turn when frames stop to come", () => {
  const { clock, audio, open, bytes } = setUp();
  open();
  audio.frame(frame(1), 0);
  audio.speaking(true);
  clock.advance(700);
  assertEquals(bytes(), 160);
  clock.advance(100);
  assertEquals(bytes(), 160 + 8_000);
  clock.advance(60_000);
  assertEquals(bytes(), 160 + 8_000, "once");
  // The frames come back two seconds later: what was filled already is not filled again.
  audio.frame(frame(1), 2_020);
  assertEquals(bytes(), 160 + 16_000 + 160);
  audio.speaking(false);
  assertEquals(clock.pending, 0);
});

Deno.test("CallerAudio leaves silence alone while the caller is not speaking", () => {
  const { clock, audio, open, bytes } = setUp();
  open();
  audio.frame(frame(1), 0);
  clock.advance(60_000);
  assertEquals(bytes(), 160);
});

Deno.test("CallerAudio goes on waiting when the model is gone, and says the last moment again", () => {
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

Deno.test("CallerAudio gives another model the turn that was not answered, with the moment before it", () => {
  const { audio, out, open } = setUp();
  open();
  let timestamp = 0;
  const say = (value: number, frames: number) => {
    for (let n = 0; n < frames; n++, timestamp += 20) audio.frame(frame(value), timestamp);
  };
  say(1, 100);
  audio.speaking(true);
  say(2, 10);
  audio.speaking(false);
  say(3, 5);
  audio.close();
  say(4, 5);
  const before = out.length;
  open();
  const again = out.slice(before).map((part) => part[0]);
  // 800 ms from before the turn was heard.
  assertEquals(again, [...Array(40).fill(1), ...Array(10).fill(2), ...Array(5).fill(3), ...Array(5).fill(4)]);
  assertEquals(audio.counts.droppedMs, 0);
});

Deno.test("CallerAudio gives another model nothing that has its answer", () => {
  const { audio, out, open } = setUp();
  open();
  audio.speaking(true);
  audio.frame(frame(1), 0);
  audio.speaking(false);
  audio.answered();
  audio.close();
  open();
  assertEquals(out.map((part) => part[0]), [1]);
});

Deno.test("CallerAudio takes a caller who goes on speaking for no stall", () => {
  const { clock, audio, open } = setUp();
  open();
  audio.speaking(true);
  for (let timestamp = 0; timestamp < 3_000; timestamp += 20) {
    audio.frame(frame(1), timestamp);
    clock.advance(20);
  }
  assertEquals(audio.counts.filledMs, 0);
});

Deno.test("CallerAudio loses nothing, however often the model is gone", () => {
  const { audio, open } = setUp();
  for (let i = 0; i < 900; i++) {
    if (i % 300 === 0) audio.close();
    if (i % 300 === 200) open();
    audio.frame(frame(1), i * 20);
  }
  assertEquals(audio.counts.droppedMs, 0);
});

Deno.test("CallerAudio knows how much the model of now was given", () => {
  const { audio, open } = setUp();
  open();
  for (let i = 0; i < 5; i++) audio.frame(frame(1), i * 20);
  assertEquals(audio.givenMs, 100);
  audio.close();
  open();
  audio.frame(frame(1), 100);
  assertEquals(audio.givenMs, 120);
});

Deno.test("CallerAudio: a turn begins when the caller speaks, and ends with its answer", () => {
  const { audio, open } = setUp();
  open();
  const turns: boolean[] = [];
  const then = (step: () => void) => {
    step();
    turns.push(audio.inTurn);
  };
  then(() => audio.speaking(false));
  then(() => audio.speaking(true));
  then(() => audio.speaking(false));
  then(() => audio.close());
  then(() => audio.answered());
  assertEquals(turns, [false, true, true, true, false]);
});

Deno.test("CallerAudio loses nothing to a model that is given up in the middle of what has waited", () => {
  const { audio, out, open } = setUp();
  for (let i = 0; i < 5; i++) audio.frame(frame(i), i * 20);
  let given = 0;
  audio.open(() => ++given === 3 && audio.close());
  assertEquals(given, 3);
  audio.frame(frame(5), 100);
  open();
  assertEquals(out.map((part) => part[0]), [0, 1, 2, 3, 4, 5]);
});

Deno.test("CallerAudio leaves no timer when the model goes in the middle of a turn", () => {
  const { clock, audio, open } = setUp();
  open();
  audio.speaking(true);
  audio.close();
  assertEquals(clock.pending, 0);
});
