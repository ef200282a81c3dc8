import { assertEquals } from "@std/assert";
import { CallFeed, type Happening } from "../../src/call/call_feed.ts";
import type { Stretch } from "../../src/recording/heard_audio.ts";

const PLAYHEAD = { callerSpeaks: true, assistantSpeaks: false, queuedMs: 40, twilioMs: 0 };
const EVENT = { type: "event", data: { atMs: 5, kind: "keys", name: "1" } } as const;

/** A feed, and the sound of its call in the hands of the test. */
function setUp() {
  const listeners = new Set<(stretch: Stretch) => void>();
  const feed = new CallFeed({
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  }, () => PLAYHEAD);
  /** So much is heard (ms): the caller speaks, the assistant does not. */
  const hear = (atMs: number, ms: number) => {
    const caller = new Uint8Array(ms * 8).fill(0x80);
    for (const listener of listeners) {
      listener({ atMs, caller, assistant: new Uint8Array(ms * 8).fill(0xff) });
    }
  };
  const watch = () => {
    const told: Happening[] = [];
    return { told, stop: feed.watch((happening) => told.push(happening)) };
  };
  return { feed, hear, watch, listeners };
}

Deno.test("CallFeed tells how loud both sides were ten times a second, and where the audio is", () => {
  const { hear, watch } = setUp();
  const { told } = watch();
  hear(100, 40);
  hear(140, 40);
  assertEquals(told, []);
  hear(180, 40);
  const level = { atMs: 100, caller: Array(6).fill(252), assistant: Array(6).fill(0), ...PLAYHEAD };
  assertEquals(told, [{ type: "level", data: level }]);
  hear(220, 100);
  assertEquals(told.slice(1), [{
    type: "level",
    data: { ...level, atMs: 220, caller: Array(5).fill(252), assistant: Array(5).fill(0) },
  }]);
});

Deno.test("CallFeed measures nothing while nobody watches, and once for all who do", () => {
  const { feed, hear, watch, listeners } = setUp();
  feed.tell(EVENT);
  assertEquals(listeners.size, 0);
  const [first, second] = [watch(), watch()];
  assertEquals(listeners.size, 1);
  hear(0, 80);
  first.stop();
  feed.tell(EVENT);
  assertEquals([first.told, second.told, listeners.size], [[], [EVENT], 1]);
  second.stop();
  second.stop();
  assertEquals(listeners.size, 0);
  // Who comes later gets nothing of what was begun for others.
  const third = watch();
  assertEquals(listeners.size, 1);
  hear(5_000, 40);
  assertEquals(third.told, []);
});

Deno.test("CallFeed tells the end last, and then lets go of everybody", () => {
  const { feed, watch, listeners } = setUp();
  const { told } = watch();
  const hops = { modelMs: 1, sentMs: 2, heardMs: 3 };
  feed.tell({ type: "turn", data: hops });
  feed.end("silence");
  feed.tell(EVENT);
  assertEquals(told, [{ type: "turn", data: hops }, { type: "ended", data: { reason: "silence" } }]);
  assertEquals([listeners.size, feed.turns], [0, [hops]]);
});
