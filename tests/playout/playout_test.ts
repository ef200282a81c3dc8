import { assert, assertEquals } from "@std/assert";
import { PLAYOUT_LIMIT_MS } from "../../src/playout/playout.ts";
import { audio, setUpPlayout as setUp } from "../support/far_end.ts";
import { randomFrom } from "../support/random.ts";

Deno.test("Playout sends 20 ms of audio immediately, followed by a mark", () => {
  const { playout, line, seen } = setUp();
  playout.enqueue("a", audio(20));
  assertEquals(line.log, ["media 20"]);
  assertEquals(seen, ["sending a"]);
});

Deno.test("Playout keeps 150 to 250 ms at the far end and queues the rest", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(10_000));
  assertEquals(line.sentMs, 200);
  let lowest = Infinity, highest = 0;
  for (let ms = 0; ms < 9_000; ms += 10) {
    clock.advance(10);
    lowest = Math.min(lowest, line.bufferedMs);
    highest = Math.max(highest, line.bufferedMs);
  }
  assert(lowest >= 140, `lowest: ${lowest} ms`);
  assert(highest <= 251, `highest: ${highest} ms`);
  clock.advance(2_000);
  assertEquals(line.sentMs, 10_000);
  assertEquals(playout.heardMs("a"), 10_000);
  assertEquals(clock.pending, 0);
});

Deno.test("Playout sends a mark at least every 200 ms of audio", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(3_000));
  clock.advance(4_000);
  for (const entry of line.log) assert(Number(entry.split(" ")[1]) <= 200, entry);
});

Deno.test("Playout.heardMs() is within 20 ms of the far end", async (t) => {
  for (const startLagMs of [0, 5, 40]) {
    await t.step(`that starts to play ${startLagMs} ms late`, () => {
      const { clock, playout, line } = setUp();
      line.startLagMs = startLagMs;
      playout.enqueue("a", audio(4_000));
      clock.advance(startLagMs + 300);
      for (let ms = 300; ms < 3_900; ms += 37) {
        const heard = playout.heardMs("a");
        assert(Math.abs(heard - ms) <= 20, `heard ${heard} ms of ${ms} ms`);
        clock.advance(37);
      }
    });
  }
});

Deno.test("Playout.heardMs() stays at the last returned mark while a mark is outstanding", () => {
  const { clock, playout, line } = setUp();
  line.startLagMs = 500;
  playout.enqueue("a", audio(1_000));
  clock.advance(400);
  assert(playout.heardMs("a") <= 100);
});

Deno.test("Playout queues audio until a line is attached and then plays all of it", () => {
  const { clock, playout, line } = setUp({ attached: false });
  playout.enqueue("a", audio(400));
  clock.advance(5_000);
  assertEquals(playout.heardMs("a"), 0);
  playout.attach(line);
  clock.advance(1_000);
  assertEquals(line.sentMs, 400);
  assertEquals(playout.heardMs("a"), 400);
});

Deno.test("Playout restores the lead after a 600 ms stall of the event loop", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(5_000));
  clock.advance(1_000);
  clock.stall(600);
  clock.advance(1);
  assert(line.bufferedMs >= 150, `${line.bufferedMs} ms left`);
  clock.advance(6_000);
  assertEquals(line.sentMs, 5_000);
  assertEquals(playout.heardMs("a"), 5_000);
});

Deno.test("Playout.interrupt() clears the line and returns the heard milliseconds of each item", () => {
  const { clock, playout, line, seen } = setUp();
  playout.enqueue("a", audio(1_000));
  playout.enqueue("b", audio(600));
  playout.enqueue("c", audio(1_000));
  clock.advance(1_500);
  assertEquals(playout.interrupt(), [{ itemId: "b", heardMs: 500 }, { itemId: "c", heardMs: 0 }]);
  assertEquals(line.log.at(-1), "clear");
  const sent = line.log.length;
  clock.advance(5_000);
  assertEquals(line.log.length, sent, "nothing is sent after the interruption");
  assertEquals([playout.heardMs("a"), playout.heardMs("b"), playout.heardMs("c")], [1_000, 500, 0]);
  assert(
    seen.includes("sending c") && !seen.includes("hearing c"),
    "marks returned by the clear are ignored",
  );
  assertEquals(clock.pending, 0);
});

Deno.test("Playout.interrupt() does nothing when everything was heard", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(100));
  clock.advance(200);
  assertEquals(playout.interrupt(), []);
  assert(!line.log.includes("clear"));
});

Deno.test("Playout.interrupt() returns the item still being generated although all of its audio was heard", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(100));
  clock.advance(200);
  assertEquals(playout.interrupt("a"), [{ itemId: "a", heardMs: 100 }]);
  assert(!line.log.includes("clear"));
});

Deno.test("Playout ignores marks returned by a clear", () => {
  const { clock, playout } = setUp();
  playout.enqueue("a", audio(1_000));
  clock.advance(300);
  playout.interrupt(); // the far end echoes all pending marks at once
  assertEquals(playout.heardMs("a"), 300);
  playout.enqueue("b", audio(1_000));
  clock.advance(200);
  assertEquals(playout.heardMs("b"), 200);
  assertEquals(playout.interrupt(), [{ itemId: "b", heardMs: 200 }]);
});

Deno.test("Playout.heardMs() is rounded down and never exceeds the audio received", () => {
  const { clock, playout } = setUp();
  playout.enqueue("a", new Uint8Array(8 * 50 + 3));
  clock.advance(30.9);
  assertEquals(playout.heardMs("a"), 30);
  clock.advance(100);
  assertEquals(playout.heardMs("a"), 50);
});

Deno.test("Playout counts the heard milliseconds of interleaved items separately", () => {
  const { clock, playout } = setUp();
  playout.enqueue("a", audio(200));
  playout.enqueue("b", audio(200));
  playout.enqueue("a", audio(200));
  clock.advance(500);
  assertEquals(playout.interrupt(), [{ itemId: "a", heardMs: 300 }]);
  assertEquals(playout.heardMs("b"), 200);
});

Deno.test("Playout continues without marks, 2 s behind, and reports them lost", () => {
  const { clock, playout, line, seen } = setUp();
  line.echoMarks = false;
  playout.enqueue("a", audio(6_000));
  clock.advance(5_000);
  const heard = playout.heardMs("a");
  assert(heard > 2_900 && heard <= 5_000, `heard ${heard} ms`);
  assert(seen.includes("mark lost"));
  clock.advance(5_000);
  assertEquals(line.sentMs, 6_000);
});

Deno.test("Playout treats a returned mark as confirming the marks before it and reports those lost", () => {
  const { clock, playout, line, seen } = setUp();
  line.echoMarks = false;
  const names: string[] = [];
  line.mark = (name) => names.push(name);
  playout.enqueue("a", audio(300));
  clock.advance(300);
  playout.markEchoed(names[2] ?? "");
  assertEquals(playout.heardMs("a"), 300);
  assertEquals(seen.filter((entry) => entry === "mark lost").length, 2);
});

Deno.test("Playout ignores marks it did not send", () => {
  const { playout } = setUp();
  playout.enqueue("a", audio(100));
  playout.markEchoed("parley-99");
  assertEquals(playout.heardMs("a"), 0);
});

Deno.test("Playout sends nothing while the line is congested", () => {
  const { clock, playout, line } = setUp();
  line.congested = true;
  playout.enqueue("a", audio(500));
  clock.advance(1_000);
  assertEquals(line.log, []);
  line.congested = false;
  clock.advance(1_000);
  assertEquals(line.sentMs, 500);
});

Deno.test("Playout refuses audio beyond five minutes unheard", () => {
  const { playout } = setUp({ attached: false });
  assert(playout.enqueue("a", audio(PLAYOUT_LIMIT_MS - 100)));
  assert(!playout.enqueue("a", audio(200)));
  assertEquals(playout.acceptedMs("a"), PLAYOUT_LIMIT_MS - 100);
  assert(playout.enqueue("a", audio(100)));
});

Deno.test("Playout reports the first sending and the first playback of each item once", () => {
  const { clock, playout, seen } = setUp();
  playout.enqueue("a", audio(300));
  playout.enqueue("b", audio(300));
  clock.advance(1_000);
  assertEquals(seen, ["sending a", "hearing a", "sending b", "hearing b"]);
});

Deno.test("Playout sends nothing and has no timer after close", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(5_000));
  playout.close();
  const sent = line.log.length;
  playout.enqueue("a", audio(100));
  line.clear(); // the far end's own timers
  clock.advance(5_000);
  assertEquals(line.log.length, sent + 1);
  assertEquals(clock.pending, 0);
});

Deno.test("Playout stays consistent over 1,000 random bursts and barge-ins", () => {
  const { clock, playout, line } = setUp();
  const next = randomFrom(1);
  const random = (below: number) => Math.floor(next() * below);
  for (let i = 0; i < 1_000; i++) {
    const item = `item-${i}`;
    let came = 0;
    for (let burst = random(4); burst >= 0; burst--) {
      const bytes = random(4_000);
      playout.enqueue(item, new Uint8Array(bytes));
      came += bytes;
      clock.advance(random(120));
    }
    if (random(3) === 0) {
      for (const { itemId, heardMs } of playout.interrupt()) {
        assert(Number.isInteger(heardMs) && heardMs >= 0, `${itemId}: ${heardMs}`);
        assertEquals(playout.heardMs(itemId), heardMs);
      }
    }
    assert(playout.heardMs(item) <= came / 8);
    assert(line.bufferedMs <= 251);
  }
});

Deno.test("Playout.whenPlayed() calls back when the mark after the audio accepted so far returns", () => {
  const { clock, playout, line, seen } = setUp();
  playout.enqueue("a", audio(500));
  playout.whenPlayed(() => seen.push("heard"));
  clock.advance(499);
  assertEquals(seen.includes("heard"), false);
  // Later audio does not delay the callback.
  playout.enqueue("b", audio(500));
  clock.advance(1);
  assertEquals([seen.filter((what) => what === "heard").length, line.bufferedMs > 0], [1, true]);
  clock.advance(1_000);
  assertEquals(seen.filter((what) => what === "heard").length, 1);
});

Deno.test("Playout.whenPlayed() calls back immediately when everything was heard", () => {
  const { clock, playout, seen } = setUp();
  playout.whenPlayed(() => seen.push("nothing to hear"));
  assertEquals(seen, ["nothing to hear"]);
  playout.enqueue("a", audio(100));
  clock.advance(100);
  playout.whenPlayed(() => seen.push("heard"));
  assertEquals(seen.at(-1), "heard");
});

Deno.test("Playout.whenPlayed() waits for its own mark, however late", () => {
  const { clock, playout, line, seen } = setUp();
  line.echoMarks = false;
  playout.enqueue("a", audio(100));
  playout.enqueue("a", audio(100));
  playout.whenPlayed(() => seen.push("heard"));
  clock.advance(1_500);
  playout.markEchoed("parley-1");
  assertEquals(seen.includes("heard"), false);
  playout.markEchoed("parley-2");
  assertEquals(seen.at(-1), "heard");
});

Deno.test("Playout.queued counts the bytes not yet sent", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", audio(500));
  assertEquals([playout.queued, line.sentMs], [300 * 8, 200]);
  clock.advance(500);
  assertEquals(playout.queued, 0);
});

Deno.test("Playout interrupts no item of which less than a millisecond is unheard", () => {
  const { clock, playout, line } = setUp();
  playout.enqueue("a", new Uint8Array(1_605));
  clock.advance(200);
  assertEquals(playout.progress.unheardMs, 5 / 8);
  assertEquals(playout.interrupt(), []);
  assertEquals(line.log.at(-1), "clear");
  playout.enqueue("b", new Uint8Array(1_608));
  clock.advance(200);
  assertEquals(playout.interrupt(), [{ itemId: "b", heardMs: 200 }]);
});

Deno.test("Playout accepts a mark that returns slightly early, and rejects one that returns much earlier", () => {
  for (const [earlyMs, heardMs] of [[20, 100], [30, 70]] as const) {
    const { clock, playout, line } = setUp();
    line.echoMarks = false;
    playout.enqueue("a", new Uint8Array(800));
    clock.advance(100 - earlyMs);
    playout.markEchoed("parley-1");
    assertEquals(playout.heardMs("a"), heardMs);
  }
});

Deno.test("Playout.whenPlayed() runs 2 s after the audio must have been played when no mark returns", () => {
  const { clock, playout, line } = setUp();
  line.echoMarks = false;
  let played = 0;
  playout.enqueue("a", new Uint8Array(8_000));
  playout.whenPlayed(() => played++);
  clock.advance(2_999);
  assertEquals(played, 0);
  clock.advance(2);
  assertEquals([played, clock.pending], [1, 0]);
});

Deno.test("Playout.whenPlayed() waits for a line that is not attached, and leaves no timer when closed", () => {
  const { clock, playout, line } = setUp({ attached: false });
  let played = 0;
  playout.enqueue("a", new Uint8Array(800));
  playout.whenPlayed(() => played++);
  clock.advance(60_000);
  assertEquals([played, clock.pending], [0, 0]);
  playout.attach(line);
  playout.close();
  assertEquals(clock.pending - 1, 0, "only the far end's mark");
});
