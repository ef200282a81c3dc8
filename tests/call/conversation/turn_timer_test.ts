import { assertEquals } from "@std/assert";
import { CallEventStream } from "../../../src/call/call_event_stream.ts";
import { TurnTimer } from "../../../src/call/conversation/turn_timer.ts";
import type { TurnLatency } from "../../../src/telemetry/turn_latency.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function setUp() {
  const clock = new FakeClock();
  const timed: { at: number; latency: TurnLatency }[] = [];
  const events = new CallEventStream();
  const turns = new TurnTimer(clock, events);
  events.on("turn answered", ({ stoppedAt, latency }) => timed.push({ at: stoppedAt, latency }));
  return { clock, timed, events, turns };
}

Deno.test("TurnTimer times each hop from the end of the one before", () => {
  const { clock, timed, events, turns } = setUp();
  const at = clock.now();
  events.emit({ type: "turn confirmed", interrupts: false });
  events.emit({ type: "caller stopped speaking" });
  clock.advance(300);
  turns.firstAudio("a");
  clock.advance(20);
  turns.firstFrameSent("a");
  turns.firstAudio("b");
  clock.advance(80);
  turns.playbackStarted("a");
  turns.playbackStarted("a");
  assertEquals(timed, [{ at, latency: { modelMs: 300, sendMs: 20, playbackMs: 80 } }]);
});

Deno.test("TurnTimer ignores playback of an earlier answer", () => {
  const { clock, timed, events, turns } = setUp();
  events.emit({ type: "turn confirmed", interrupts: false });
  events.emit({ type: "caller stopped speaking" });
  turns.playbackStarted("before");
  clock.advance(100);
  turns.firstAudio("a");
  turns.playbackStarted("before");
  turns.firstFrameSent("a");
  turns.playbackStarted("a");
  assertEquals(timed.map(({ latency }) => latency), [{ modelMs: 100, sendMs: 0, playbackMs: 0 }]);
});

Deno.test("TurnTimer counts but does not time a turn that the caller continues", () => {
  const { timed, events, turns } = setUp();
  events.emit({ type: "turn confirmed", interrupts: false });
  events.emit({ type: "caller stopped speaking" });
  events.emit({ type: "turn confirmed", interrupts: false });
  turns.firstAudio("a");
  turns.firstFrameSent("a");
  turns.playbackStarted("a");
  assertEquals([timed, turns.count], [[], 1]);
});

Deno.test("TurnTimer counts and times a turn from the end of the speech, however late its verdict", () => {
  const { clock, timed, events, turns } = setUp();
  const at = clock.now();
  events.emit({ type: "caller stopped speaking", itemId: "u1" });
  clock.advance(400);
  assertEquals(turns.count, 0);
  events.emit({ type: "turn confirmed", itemId: "u1", interrupts: true });
  clock.advance(100);
  turns.firstAudio("a");
  turns.firstFrameSent("a");
  turns.playbackStarted("a");
  assertEquals([turns.count, timed], [1, [{ at, latency: { modelMs: 500, sendMs: 0, playbackMs: 0 } }]]);
});

Deno.test("TurnTimer keeps timing an answer through a cough, and does not count the cough", () => {
  const { clock, timed, events, turns } = setUp();
  events.emit({ type: "turn confirmed", itemId: "u1", interrupts: false });
  events.emit({ type: "caller stopped speaking", itemId: "u1" });
  clock.advance(100);
  events.emit({ type: "caller started speaking", itemId: "u2" });
  events.emit({ type: "caller stopped speaking", itemId: "u2" });
  events.emit({ type: "turn dismissed", itemId: "u2", why: "quiet" });
  clock.advance(100);
  turns.firstAudio("a");
  turns.firstFrameSent("a");
  turns.playbackStarted("a");
  assertEquals([turns.count, timed.map(({ latency }) => latency.modelMs)], [1, [200]]);
});

Deno.test("TurnTimer counts quiet speech that becomes a turn when its text arrives", () => {
  const { events, turns } = setUp();
  events.emit({ type: "caller stopped speaking", itemId: "u1" });
  events.emit({ type: "turn dismissed", itemId: "u1", why: "quiet" });
  events.emit({ type: "turn confirmed", itemId: "u1", interrupts: true });
  assertEquals(turns.count, 1);
});
