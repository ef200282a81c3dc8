import { assertEquals } from "@std/assert";
import type { LiveEvent } from "../../../../src/call/call_feed.ts";
import type { CallChange, LiveCalls } from "../../../../src/calls/live_calls.ts";
import { type CallActivity, CallActivityFeed } from "../../../../src/http/admin/api/call_activity.ts";
import type { CallOverview, Turn } from "../../../../src/records/call_record.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { sampleCallInProgress, sampleOverview, sampleRecord } from "../../../support/sample_calls.ts";

/** Calls in progress whose events the test sends. */
class FakeCalls implements LiveCalls {
  readonly turns = new Map<string, Turn[]>();
  /** The watched calls by CallSid. */
  readonly watched = new Map<string, (event: LiveEvent) => void>();
  readonly #watchers = new Set<(change: CallChange) => void>();

  list(): readonly CallOverview[] {
    return [...this.turns.keys()].map((callSid) => sampleOverview({ callSid }));
  }

  watch(watcher: (change: CallChange) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  find(callSid: string) {
    const turns = this.turns.get(callSid);
    return turns && sampleCallInProgress({
      record: sampleRecord({ callSid, turns }),
      watch: (watcher) => {
        this.watched.set(callSid, watcher);
        return () => this.watched.delete(callSid);
      },
    });
  }

  change(type: CallChange["type"], callSid: string): void {
    for (const watcher of this.#watchers) watcher({ type, call: sampleOverview({ callSid }) });
  }

  says(callSid: string, speaker: Turn["speaker"], text: string): void {
    this.watched.get(callSid)?.({ type: "turn", data: { id: "i", speaker, text, done: false, atMs: 0 } });
  }

  sounds(callSid: string, caller: number[], assistant: number[]): void {
    const playhead = { callerSpeaks: false, assistantSpeaks: false, queuedMs: 0, twilioMs: 0 };
    this.watched.get(callSid)?.({ type: "level", data: { atMs: 0, caller, assistant, ...playhead } });
  }
}

function setUp() {
  const clock = new FakeClock();
  const calls = new FakeCalls();
  const received: (readonly CallActivity[])[] = [];
  const feed = new CallActivityFeed(calls, clock);
  const subscribe = () => feed.subscribe((activity) => received.push(activity));
  return { clock, calls, received, subscribe };
}

Deno.test("CallActivityFeed sends the last words and peaks of the calls that changed, every 500 ms", () => {
  const { clock, calls, received, subscribe } = setUp();
  calls.turns.set("CA1", [{ speaker: "caller", text: "hello", atMs: 0 }, { speaker: "assistant", atMs: 1 }]);
  calls.turns.set("CA2", []);
  const unsubscribe = subscribe();
  const silent = { caller: 0, assistant: 0 };
  assertEquals(received.splice(0), [[
    { callSid: "CA1", ...silent, speaker: "caller", text: "hello" },
    { callSid: "CA2", ...silent },
  ]]);
  clock.advance(1_000);
  assertEquals(received, [], "nothing changed");
  calls.sounds("CA2", [0, 80], [0, 0]);
  calls.sounds("CA2", [70, 0], [9, 0]);
  calls.says("CA1", "assistant", `${"word ".repeat(30)}end`);
  clock.advance(499);
  assertEquals(received, []);
  clock.advance(1);
  assertEquals(received.splice(0), [[
    { callSid: "CA1", ...silent, speaker: "assistant", text: `…${"word ".repeat(23)}end` },
    { callSid: "CA2", caller: 80, assistant: 9 },
  ]]);
  clock.advance(500);
  assertEquals(received.splice(0), [[{ callSid: "CA2", ...silent }]], "CA2 is silent again");
  clock.advance(500);
  assertEquals(received, []);
  unsubscribe();
});

Deno.test("CallActivityFeed watches all calls in progress, but only while somebody subscribes", () => {
  const { clock, calls, subscribe } = setUp();
  calls.turns.set("CA1", []);
  assertEquals([...calls.watched.keys()], []);
  const first = subscribe();
  const second = subscribe();
  calls.turns.set("CA2", []);
  calls.change("announced", "CA2");
  calls.change("connected", "CA2");
  assertEquals([...calls.watched.keys()], ["CA1", "CA2"]);
  calls.change("ended", "CA1");
  assertEquals([...calls.watched.keys()], ["CA2"]);
  first();
  first();
  assertEquals([...calls.watched.keys()], ["CA2"]);
  second();
  assertEquals([[...calls.watched.keys()], clock.pending], [[], 0]);
});
