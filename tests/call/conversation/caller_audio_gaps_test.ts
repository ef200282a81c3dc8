import { assertEquals } from "@std/assert";
import { CallerAudio } from "../../../src/call/conversation/caller_audio.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { FedLevel, frame } from "./numbered_caller.ts";

function setUp() {
  const clock = new FakeClock();
  const audio = new CallerAudio(clock, { level: new FedLevel() });
  const out: Uint8Array[] = [];
  const start = () => audio.sendTo({ appendAudio: (payload) => out.push(Uint8Array.fromBase64(payload)) }, 0);
  const bytes = () => out.reduce((sum, { length }) => sum + length, 0);
  return { clock, audio, out, start, bytes };
}

Deno.test("CallerAudio fills gaps with silence, to the sample", () => {
  const { clock, audio, out, start, bytes } = setUp();
  start();
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
  const { audio, start, out } = setUp();
  start();
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
    const { clock, audio, start } = setUp();
    start();
    audio.frame(frame(1), 0);
    for (const [afterMs, timestamp] of frames) {
      clock.advance(afterMs);
      audio.frame(frame(1), timestamp);
    }
    assertEquals(audio.counts.filledMs, filledMs, name);
  }
});

Deno.test("CallerAudio fills at most 10 s for a timestamp that jumps ahead, and nothing for one that goes back", () => {
  const { clock, audio, out, start, bytes } = setUp();
  start();
  audio.frame(frame(1), 0);
  clock.advance(60_000);
  audio.frame(frame(1), 1e12);
  assertEquals(bytes(), 160 + 80_000 + 160);
  audio.frame(frame(1), 20);
  audio.frame(frame(1), 40);
  assertEquals(out.length, 14, "10 frames of silence");
});

Deno.test("CallerAudio fills a stall during the caller's turn with silence, once", () => {
  const { clock, audio, start, bytes } = setUp();
  start();
  audio.frame(frame(1), 0);
  audio.turnStarted(0);
  clock.advance(700);
  assertEquals(bytes(), 160);
  clock.advance(100);
  assertEquals(bytes(), 160 + 8_000);
  clock.advance(60_000);
  assertEquals(bytes(), 160 + 8_000, "once");
  // The frames resume two seconds later. Only the rest of the gap is filled.
  audio.frame(frame(1), 2_020);
  assertEquals(bytes(), 160 + 16_000 + 160);
  audio.turnEnded(0);
  assertEquals(clock.pending, 0);
});

Deno.test("CallerAudio does not fill a stall while the caller is silent", () => {
  const { clock, audio, start, bytes } = setUp();
  start();
  audio.frame(frame(1), 0);
  clock.advance(60_000);
  assertEquals(bytes(), 160);
});

Deno.test("CallerAudio detects no stall while frames keep coming", () => {
  const { clock, audio, start } = setUp();
  start();
  audio.turnStarted(0);
  for (let timestamp = 0; timestamp < 3_000; timestamp += 20) {
    audio.frame(frame(1), timestamp);
    clock.advance(20);
  }
  assertEquals(audio.counts.filledMs, 0);
});
