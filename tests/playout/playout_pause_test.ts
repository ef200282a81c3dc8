import { assert, assertEquals } from "@std/assert";
import { audio, setUpPlayout as setUp } from "../support/far_end.ts";
import { randomFrom } from "../support/random.ts";

/** Audio of which each 10 ms have their own byte: 0, 1, 2 … */
function numbered(ms: number, first = 0): Uint8Array {
  return Uint8Array.from({ length: ms * 8 }, (_, index) => first + Math.floor(index / 80));
}

/** Fails if a part of `numbered` audio was played before the part in front of it. */
function assertNothingSkipped(played: readonly number[]): void {
  let next = 0;
  for (const byte of played) {
    assert(byte <= next, `${byte} was played before ${next}`);
    if (byte === next) next++;
  }
}

Deno.test("Playout sends nothing after pause and clears once", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(5_000));
  clock.advance(1_000);
  playout.pause();
  playout.pause();
  assertEquals(line.log.filter((entry) => entry === "clear").length, 1);
  assertEquals([line.log.at(-1), playout.paused, clock.pending], ["clear", true, 0]);
  const sent = line.log.length;
  clock.advance(10_000);
  assertEquals([line.log.length, line.played.length / 8], [sent, 1_000]);
});

Deno.test("Playout clears nothing when it is paused after everything was heard", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(100));
  clock.advance(200);
  playout.pause();
  assertEquals([line.log.includes("clear"), playout.resume()], [false, 0]);
});

Deno.test("Playout resumes 320 ms before the position heard and skips nothing", () => {
  const { clock, playout, line } = setUp();
  const speech = numbered(2_500);
  for (let at = 0; at < speech.length; at += 160) playout.enqueue("a", speech.subarray(at, at + 160));
  clock.advance(1_234);
  playout.pause();
  clock.advance(700);
  assertEquals(playout.resume(), 320);
  clock.advance(5_000);
  assertNothingSkipped(line.played);
  assertEquals(line.played.length / 8, 2_820);
  assertEquals([playout.heardMs("a"), clock.pending], [2_500, 0]);
});

Deno.test("Playout resumes at the quietest 20 ms of the 300 to 450 ms before the position heard", () => {
  const { clock, playout, line } = setUp();
  const speech = new Uint8Array(16_000); // 0x00 is the loudest byte, 0xff silence
  const quietAt = 1_000 - 420;
  speech.fill(0xff, quietAt * 8, (quietAt + 30) * 8);
  playout.enqueue("a", speech);
  clock.advance(1_000);
  playout.pause();
  const repeatedMs = playout.resume();
  assert(repeatedMs <= 420 && repeatedMs >= 410, `${repeatedMs} ms`);
  line.log = [];
  clock.advance(3_000);
  assertEquals(line.played.length / 8, 2_000 + repeatedMs);
});

Deno.test("Playout resumes at most at the start of the item heard", () => {
  const { clock, playout } = setUp();
  playout.enqueue("a", audio(500));
  playout.enqueue("b", audio(1_000));
  clock.advance(600);
  playout.pause();
  assertEquals(playout.resume(), 100);
});

Deno.test("Playout does not resume before audio that was discarded", () => {
  const { clock, playout } = setUp();
  playout.enqueue("tone", audio(1_000));
  clock.advance(500);
  playout.interrupt();
  playout.enqueue("tone", audio(1_000));
  clock.advance(100);
  playout.pause();
  assertEquals(playout.resume(), 100);
});

Deno.test("Playout reports heard milliseconds that never fall", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(3_000));
  let highest = 0;
  const check = () => {
    const heard = playout.heardMs("a");
    assert(heard >= highest, `${heard} ms after ${highest} ms`);
    highest = heard;
  };
  for (let step = 0; step < 100; step++) {
    clock.advance(30);
    check();
    if (step % 7 === 3) playout.pause();
    check();
    if (step % 7 === 5) playout.resume();
    check();
  }
  playout.resume();
  clock.advance(5_000);
  assertEquals([playout.heardMs("a"), line.bufferedMs], [3_000, 0]);
});

Deno.test("Playout ignores marks from before the pause", () => {
  const { clock, playout, line } = setUp();
  const names: string[] = [];
  line.mark = (name) => names.push(name);
  playout.enqueue("a", audio(2_000));
  clock.advance(250);
  playout.pause();
  const heard = playout.heardMs("a");
  for (const name of names) playout.markEchoed(name);
  assertEquals(playout.heardMs("a"), heard);
  playout.resume();
  for (const name of names.slice(0, 3)) playout.markEchoed(name);
  assertEquals(playout.heardMs("a"), heard);
});

Deno.test("Playout does not take the marks that a pause clears for heard audio", () => {
  const { clock, playout, seen } = setUp();
  playout.enqueue("a", audio(300));
  playout.whenPlayed(() => seen.push("heard"));
  clock.advance(150);
  playout.pause(); // the far end echoes all pending marks at once
  assertEquals([seen.includes("heard"), playout.heardMs("a")], [false, 150]);
});

Deno.test("Playout keeps whenPlayed across a pause, and reports it after the repeated part", () => {
  const { clock, playout, seen } = setUp();
  playout.enqueue("a", audio(1_000));
  playout.whenPlayed(() => seen.push("heard"));
  clock.advance(700);
  playout.pause();
  assertEquals([seen.includes("heard"), clock.pending], [false, 0], "no deadline runs while paused");
  clock.advance(60_000);
  playout.resume();
  clock.advance(300 + 320 - 1);
  assertEquals(seen.includes("heard"), false);
  clock.advance(1);
  assertEquals(seen.filter((entry) => entry === "heard").length, 1);
});

Deno.test("Playout reports what was heard before the pause at once", () => {
  const { clock, playout, line, seen } = setUp();
  line.echoMarks = false;
  playout.enqueue("a", audio(100));
  playout.whenPlayed(() => seen.push("heard"));
  playout.enqueue("a", audio(500));
  clock.advance(120);
  assertEquals(seen.includes("heard"), false, "the mark has not returned");
  playout.pause();
  assertEquals(seen.at(-1), "heard");
});

Deno.test("Playout truncates at the highest position heard when interrupted in the repeated part", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(3_000));
  clock.advance(1_000);
  playout.pause();
  playout.resume();
  clock.advance(100);
  assertEquals(playout.interrupt(), [{ itemId: "a", heardMs: 1_000 }]);
  assertEquals([line.log.at(-1), line.bufferedMs, playout.queued], ["clear", 0, 0]);
  playout.enqueue("b", audio(1_000));
  clock.advance(200);
  assertEquals([playout.heardMs("a"), playout.heardMs("b"), line.bufferedMs > 0], [1_000, 200, true]);
  clock.advance(2_000);
  assertEquals([playout.heardMs("b"), clock.pending], [1_000, 0]);
});

Deno.test("Playout truncates at the position heard when interrupted while paused", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(3_000));
  clock.advance(1_000);
  playout.pause();
  clock.advance(500);
  assertEquals(playout.interrupt(), [{ itemId: "a", heardMs: 1_000 }]);
  assertEquals(line.log.filter((entry) => entry === "clear").length, 1);
  assertEquals(playout.resume(), 0);
  playout.enqueue("b", audio(100));
  clock.advance(100);
  assertEquals([playout.heardMs("a"), playout.heardMs("b")], [1_000, 100]);
});

Deno.test("Playout queues audio while paused and plays it after the resume", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", numbered(600));
  clock.advance(500);
  playout.pause();
  playout.enqueue("a", numbered(600, 60));
  playout.enqueue("b", numbered(600, 120));
  clock.advance(1_000);
  assertEquals(playout.progress.unheardMs, 1_300);
  playout.resume();
  clock.advance(3_000);
  assertNothingSkipped(line.played);
  assertEquals([playout.heardMs("a"), playout.heardMs("b")], [1_200, 600]);
});

Deno.test("Playout that is paused does not send to a line that is attached meanwhile", () => {
  const { clock, playout, line } = setUp({ attached: false });
  playout.enqueue("a", audio(500));
  playout.pause();
  playout.attach(line);
  clock.advance(1_000);
  assertEquals(line.log, []);
  playout.resume();
  clock.advance(1_000);
  assertEquals(line.sentMs, 500);
});

Deno.test("Playout resumed twice repeats at most 450 ms before the highest position heard", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", numbered(2_500));
  clock.advance(1_000);
  for (let i = 0; i < 20; i++) {
    playout.pause();
    assert(playout.resume() <= 450);
    clock.advance(50);
  }
  clock.advance(5_000);
  assertNothingSkipped(line.played);
  assertEquals(playout.heardMs("a"), 2_500);
});

Deno.test("Playout has no timer after it was closed while paused", () => {
  const { clock, playout } = setUp();
  playout.enqueue("a", audio(2_000));
  playout.whenPlayed(() => {});
  clock.advance(100);
  playout.pause();
  playout.close();
  playout.resume();
  assertEquals(clock.pending, 0);
});

Deno.test("Playout never hears more than it sent, over 2,000 random bursts, pauses and barge-ins", () => {
  const { clock, playout, line } = setUp();
  const next = randomFrom(7);
  const random = (below: number) => Math.floor(next() * below);
  let highest = 0, received = 0;
  for (let i = 0; i < 2_000; i++) {
    const bytes = random(4_000);
    playout.enqueue(`item-${i >> 2}`, new Uint8Array(bytes));
    received += bytes;
    clock.advance(random(200));
    const choice = random(8);
    if (choice < 2) playout.pause();
    else if (choice < 5) playout.resume(random(300));
    else if (choice === 5) playout.interrupt();
    if (playout.paused) assertEquals(line.bufferedMs, 0);
    const { acceptedMs, unheardMs } = playout.progress;
    const heard = acceptedMs - unheardMs;
    assert(heard >= highest - 0.125, `heard ${heard} ms after ${highest} ms`);
    assert(heard <= line.sentMs, `heard ${heard} ms of ${line.sentMs} ms sent`);
    assert(acceptedMs <= received / 8 && unheardMs >= 0);
    assert(line.bufferedMs <= 251, `${line.bufferedMs} ms at the far end`);
    highest = Math.max(highest, heard);
  }
  playout.resume();
  clock.advance(60_000);
  assertEquals([playout.progress.unheardMs, clock.pending], [0, 0]);
});
