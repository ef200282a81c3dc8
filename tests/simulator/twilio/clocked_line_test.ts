import { assertEquals } from "@std/assert";
import { MULAW_SILENCE } from "../../../src/audio/g711.js";
import { ClockedLine } from "../../../src/simulator/twilio/clocked_line.js";
import { FakeClock } from "../../support/fake_clock.ts";

/** Plays steps at their times. Returns the played audio and the time of each returned mark. */
function playSteps(steps: Step[], untilMs: number) {
  const clock = new FakeClock();
  const marks: [name: string, atMs: number][] = [];
  const line = new ClockedLine(clock, (name) => marks.push([name, clock.now() - 1000]));
  for (const [atMs, step] of steps) {
    clock.advance(atMs - (clock.now() - 1000));
    step(line);
  }
  clock.advance(untilMs - (clock.now() - 1000));
  return { line, clock, marks, heard: describe(line.take(untilMs * 8)) };
}

/** "10x1 5x-" is 10 ms of the byte 1, then 5 ms of silence. */
function describe(heard: Uint8Array): string {
  const runs: [byte: number, length: number][] = [];
  for (const byte of heard) {
    const last = runs.at(-1);
    if (last?.[0] === byte) last[1]++;
    else runs.push([byte, 1]);
  }
  return runs.map(([byte, n]) => `${n / 8}x${byte === MULAW_SILENCE ? "-" : byte}`).join(" ");
}

const audio = (ms: number, byte: number) => (line: ClockedLine) =>
  void line.media(new Uint8Array(ms * 8).fill(byte));
const mark = (name: string) => (line: ClockedLine) => line.mark(name);
const clear = (line: ClockedLine) => line.clear();

type Step = [atMs: number, step: (line: ClockedLine) => void];
const CASES: [name: string, steps: Step[], marks: [name: string, atMs: number][], heard: string][] = [
  ["returns a mark immediately when nothing is buffered", [[10, mark("a")], [20, mark("b")]], [["a", 10], [
    "b",
    20,
  ]], "100x-"],
  [
    "returns a mark when the audio before it was played",
    [[10, audio(20, 1)], [10, mark("a")], [10, audio(30, 2)], [10, mark("b")]],
    [["a", 30], ["b", 60]],
    "10x- 20x1 30x2 40x-",
  ],
  [
    "returns marks after the same audio together, in order",
    [[0, audio(20, 1)], [5, mark("a")], [15, mark("b")], [19, mark("a")]],
    [["a", 20], ["b", 20], ["a", 20]],
    "20x1 80x-",
  ],
  [
    "plays audio that arrives during playback without a gap",
    [[0, audio(20, 1)], [19.9, audio(20, 2)]],
    [],
    "20x1 20x2 60x-",
  ],
  [
    "plays late audio when it arrives, after silence",
    [[0, audio(20, 1)], [0, mark("a")], [50, audio(20, 2)], [50, mark("b")]],
    [["a", 20], ["b", 70]],
    "20x1 30x- 20x2 30x-",
  ],
  [
    "stops and returns every pending mark at a clear",
    [[0, audio(20, 1)], [0, mark("a")], [0, audio(40, 2)], [0, mark("b")], [0, mark("c")], [30, clear]],
    [["a", 20], ["b", 30], ["c", 30]],
    "20x1 10x2 70x-",
  ],
  [
    "returns no mark twice at a clear without audio",
    [[0, audio(10, 1)], [0, mark("a")], [20, clear], [25, clear]],
    [["a", 10]],
    "10x1 90x-",
  ],
  [
    "plays audio after a clear immediately, and delays its mark by that audio only",
    [[0, audio(80, 1)], [0, mark("a")], [10, clear], [10, audio(20, 2)], [10, mark("b")]],
    [["a", 10], ["b", 30]],
    "10x1 20x2 70x-",
  ],
  ["stops between two samples at a clear", [[0, audio(20, 1)], [10.125, clear]], [], "10.125x1 89.875x-"],
];

for (const [name, steps, marks, heard] of CASES) {
  Deno.test(`ClockedLine ${name}`, () => {
    const played = playSteps(steps, 100);
    assertEquals([played.marks, played.heard, played.clock.pending], [marks, heard, 0]);
  });
}

Deno.test("ClockedLine reports how much audio waits to be played", () => {
  const clock = new FakeClock();
  const line = new ClockedLine(clock, () => {});
  assertEquals(line.bufferedMs, 0);
  line.media(new Uint8Array(800));
  assertEquals(line.bufferedMs, 100);
  clock.advance(40);
  assertEquals(line.bufferedMs, 60);
  clock.advance(100);
  assertEquals(line.bufferedMs, 0);
});

Deno.test("ClockedLine returns the same audio for any chunk length", () => {
  const clock = new FakeClock();
  const line = new ClockedLine(clock, () => {});
  const sent = Uint8Array.from({ length: 3000 }, (_, i) => i % 251);
  for (let at = 0, size = 1; at < sent.length; at += size++) line.media(sent.subarray(at, at + size));
  clock.advance(375);
  const heard: number[] = [];
  for (const length of [1, 159, 160, 7, 1000, 1673]) heard.push(...line.take(length));
  assertEquals(heard, [...sent]);
});

Deno.test("ClockedLine delays marks, not audio, when the program stalls", () => {
  const clock = new FakeClock();
  const marks: number[] = [];
  const line = new ClockedLine(clock, () => marks.push(clock.now() - 1000));
  line.media(new Uint8Array(160).fill(1));
  line.mark("a");
  clock.stall(70);
  clock.advance(0);
  assertEquals(marks, [70]);
  assertEquals(describe(line.take(560)), "20x1 50x-");
});

Deno.test("ClockedLine discards audio beyond ten minutes", () => {
  const clock = new FakeClock();
  const line = new ClockedLine(clock, () => {});
  assertEquals(line.media(new Uint8Array(4_800_000)), true);
  assertEquals(line.media(new Uint8Array(1)), false);
  clock.advance(20);
  assertEquals(line.media(new Uint8Array(160)), true);
  assertEquals(line.bufferedMs, 600_000);
  line.close();
});

Deno.test("ClockedLine returns no mark and leaves no timer after close", () => {
  const clock = new FakeClock();
  const marks: string[] = [];
  const line = new ClockedLine(clock, (name) => marks.push(name));
  line.media(new Uint8Array(160));
  line.mark("a");
  line.close();
  assertEquals(clock.pending, 0);
  clock.advance(100);
  assertEquals(marks, []);
});
