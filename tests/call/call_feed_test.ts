import { assertEquals } from "@std/assert";
import { CallEventStream } from "../../src/call/call_event_stream.ts";
import { CallFeed, type LiveEvent } from "../../src/call/call_feed.ts";
import type { AudioSlice } from "../../src/recording/audio_aligner.ts";
import { response } from "../support/still_session.ts";

const POSITIONS = { callerSpeaks: true, assistantSpeaks: false, queuedMs: 40, twilioMs: 0 };
const EVENT = { atMs: 5, kind: "keypad", name: "1" } as const;
const COSTS = { modelUsd: 0.5, transcriptionUsd: 0, summaryUsd: 0, carrierUsd: 0 };
const TOKENS = { textIn: 1, textCached: 2, textOut: 3, audioIn: 4, audioCached: 5, audioOut: 6 };

/** A feed, with its call's events and audio in a test's hands. */
function setUp() {
  const listeners = new Set<(slice: AudioSlice) => void>();
  const events = new CallEventStream();
  const feed = new CallFeed({
    events,
    tap: {
      listen(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    usage: { costUsd: 0.5, costs: COSTS, tokens: TOKENS },
    conversation: { audioPositions: POSITIONS },
  });
  /** The caller speaks for `ms`, the assistant does not. */
  const hear = (atMs: number, ms: number) => {
    const caller = new Uint8Array(ms * 8).fill(0x80);
    for (const listener of listeners) {
      listener({ atMs, caller, assistant: new Uint8Array(ms * 8).fill(0xff) });
    }
  };
  const watch = () => {
    const received: LiveEvent[] = [];
    return { received, stop: feed.watch((event) => received.push(event)) };
  };
  const record = () => events.emit({ type: "event recorded", event: EVENT });
  return { events, hear, watch, record, listeners };
}

Deno.test("CallFeed sends the levels of both sides and the playhead every 100 ms", () => {
  const { hear, watch } = setUp();
  const { received } = watch();
  hear(100, 40);
  hear(140, 40);
  assertEquals(received, []);
  hear(180, 40);
  const level = { atMs: 100, caller: Array(6).fill(252), assistant: Array(6).fill(0), ...POSITIONS };
  assertEquals(received, [{ type: "level", data: level }]);
  hear(220, 100);
  assertEquals(received.slice(1), [{
    type: "level",
    data: { ...level, atMs: 220, caller: Array(5).fill(252), assistant: Array(5).fill(0) },
  }]);
});

Deno.test("CallFeed measures levels only while it has watchers, and once for all of them", () => {
  const { hear, watch, record, listeners } = setUp();
  record();
  assertEquals(listeners.size, 0);
  const [first, second] = [watch(), watch()];
  assertEquals(listeners.size, 1);
  hear(0, 80);
  first.stop();
  record();
  assertEquals([first.received, second.received, listeners.size], [[], [{ type: "event", data: EVENT }], 1]);
  second.stop();
  second.stop();
  assertEquals(listeners.size, 0);
  // A later watcher gets no level that was begun for others.
  const third = watch();
  assertEquals(listeners.size, 1);
  hear(5_000, 40);
  assertEquals(third.received, []);
});

Deno.test("CallFeed sends latency and cost, then the end, and nothing after it", () => {
  const { events, watch, record, listeners } = setUp();
  const { received } = watch();
  const latency = { modelMs: 1, sendMs: 2, playbackMs: 3 };
  events.emit({ type: "turn answered", itemId: "a", turn: 1, stoppedAt: 0, latency });
  events.emit({ type: "response finished", response: response(), model: "m", costUsd: 0.5 });
  events.emit({
    type: "call ended",
    end: { reason: "silence", callerInformed: true },
    summary: undefined,
  });
  record();
  assertEquals(received, [
    { type: "latency", data: latency },
    { type: "cost", data: { costUsd: 0.5, costs: COSTS, tokens: TOKENS } },
    { type: "ended", data: { endReason: "silence" } },
  ]);
  assertEquals(listeners.size, 0);
});
