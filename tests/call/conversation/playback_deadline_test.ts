import { assertEquals } from "@std/assert";
import { PlaybackDeadline } from "../../../src/call/conversation/playback_deadline.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function setUp() {
  const clock = new FakeClock();
  const progress = { acceptedMs: 0, unheardMs: 0, paused: false };
  const startedAt = clock.now();
  let endedAtMs: number | undefined;
  const deadline = new PlaybackDeadline(clock, () => ({ ...progress }), () => {
    endedAtMs = clock.now() - startedAt;
  });
  const enqueue = (ms: number) => {
    progress.acceptedMs += ms;
    progress.unheardMs += ms;
  };
  /** Time passes; with `playing`, the caller hears the audio. */
  const pass = (ms: number, playing = true) => {
    for (let passed = 0; passed < ms; passed += 100) {
      if (playing) progress.unheardMs = Math.max(0, progress.unheardMs - 100);
      clock.advance(100);
    }
  };
  return { clock, deadline, enqueue, pass, progress, endedAtMs: () => endedAtMs };
}

Deno.test("PlaybackDeadline fires after 15 s when no audio arrives", () => {
  const { pass, endedAtMs } = setUp();
  pass(20_000);
  assertEquals(endedAtMs(), 15_000);
});

Deno.test("PlaybackDeadline fires 2 s after audio of any length was played", () => {
  const { enqueue, pass, endedAtMs } = setUp();
  pass(1_000);
  enqueue(60_000);
  pass(61_900);
  assertEquals(endedAtMs(), undefined);
  pass(200);
  assertEquals(endedAtMs(), 63_000);
});

Deno.test("PlaybackDeadline waits for audio that continues to arrive", () => {
  const { enqueue, pass, endedAtMs } = setUp();
  for (let second = 0; second < 60; second++) {
    enqueue(1_000);
    pass(1_000);
  }
  assertEquals(endedAtMs(), undefined);
});

Deno.test("PlaybackDeadline fires when a line stops playing", () => {
  const { enqueue, pass, endedAtMs } = setUp();
  enqueue(10_000);
  pass(60_000, false);
  assertEquals(endedAtMs(), 27_000);
});

Deno.test("PlaybackDeadline never fires after cancel()", () => {
  const { clock, deadline, pass, endedAtMs } = setUp();
  deadline.cancel();
  pass(20_000);
  assertEquals([endedAtMs(), clock.pending], [undefined, 0]);
});

Deno.test("PlaybackDeadline waits while the playback is paused", () => {
  const { enqueue, pass, progress, endedAtMs, deadline, clock } = setUp();
  enqueue(3_000);
  pass(15_000, false);
  progress.paused = true;
  pass(60_000, false);
  assertEquals(endedAtMs(), undefined);
  progress.paused = false;
  pass(3_000);
  assertEquals(endedAtMs(), undefined);
  deadline.cancel();
  assertEquals(clock.pending, 0);
});
