import { assertEquals } from "@std/assert";
import { CallProgress, isOver } from "../../src/dialer/call_progress.ts";
import type { CallStatus } from "../../src/twilio/call_status.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** The callbacks of a call that was answered, in the order they were made. */
const ANSWERED: readonly CallStatus[] = ["initiated", "ringing", "in-progress", "completed"];

function setUp() {
  const clock = new FakeClock();
  const told: CallStatus[] = [];
  const progress = new CallProgress(clock, ({ status }) => told.push(status));
  const take = (sequence: number | undefined, status: CallStatus = ANSWERED[sequence ?? 0] ?? "completed") =>
    progress.take({ callSid: "CA1", status, sequence, seconds: undefined });
  return { clock, told, progress, take };
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest])
  );
}

Deno.test("tells every change once and in order, in whatever order and however often it hears of them", () => {
  for (const order of permutations([0, 1, 2, 3])) {
    const { clock, told, progress, take } = setUp();
    for (const sequence of order) {
      take(sequence);
      take(sequence);
    }
    assertEquals(told, ANSWERED, `${order}`);
    for (const sequence of order) take(sequence);
    clock.advance(60_000);
    assertEquals([told.length, progress.status, clock.pending], [4, "completed", 0]);
  }
});

Deno.test("a report that is missing holds up the others for 2 s", () => {
  const { clock, told, take } = setUp();
  take(1);
  take(3);
  clock.advance(1_999);
  assertEquals(told, []);
  clock.advance(1);
  assertEquals(told, ["ringing"], "the next gap is waited for as long");
  take(0);
  clock.advance(1_999);
  assertEquals(told, ["ringing"]);
  clock.advance(1);
  assertEquals(told, ["ringing", "completed"]);
  take(2);
  assertEquals([told.length, clock.pending], [2, 0]);
});

Deno.test("a gap that is filled in time gives the next one its whole time", () => {
  const { clock, told, take } = setUp();
  take(1);
  take(3);
  clock.advance(1_900);
  take(0);
  assertEquals(told, ["initiated", "ringing"]);
  clock.advance(1_999);
  assertEquals(told.length, 2);
  take(2);
  assertEquals([told, clock.pending], [[...ANSWERED], 0]);
});

Deno.test("never goes back, whatever the numbers say", () => {
  const { told, take } = setUp();
  take(0, "in-progress");
  take(1, "ringing");
  take(2, "in-progress");
  take(3, "busy");
  take(4, "completed");
  take(5, "in-progress");
  assertEquals(told, ["in-progress", "busy"]);
});

Deno.test("an end without a number is the end, and nothing waits behind it", () => {
  const { clock, told, progress, take } = setUp();
  take(2);
  take(undefined, "no-answer");
  assertEquals([told, clock.pending], [["no-answer"], 0]);
  take(0);
  take(1);
  assertEquals([told.length, progress.status], [1, "no-answer"]);
});

Deno.test("after the end nothing is waited for, neither what was there before nor what comes", () => {
  const { clock, told, take } = setUp();
  take(0);
  take(3, "in-progress");
  take(1, "busy");
  assertEquals([told, clock.pending], [["initiated", "busy"], 0]);
  take(7, "completed");
  assertEquals([told.length, clock.pending], [2, 0]);
});

Deno.test("several that are missing in a row hold up the others no longer than one", () => {
  const { clock, told, take } = setUp();
  take(3);
  clock.advance(2_000);
  assertEquals([told, clock.pending], [["completed"], 0]);
});

Deno.test("tells nothing after it was closed while it waited", () => {
  const { clock, told, progress, take } = setUp();
  take(3);
  progress.close();
  clock.advance(10_000);
  assertEquals([told, clock.pending], [[], 0]);
});

Deno.test("knows which statuses are ends", () => {
  const ends: CallStatus[] = ["completed", "busy", "failed", "no-answer", "canceled"];
  const others: CallStatus[] = ["queued", "initiated", "ringing", "in-progress"];
  assertEquals([ends.every(isOver), others.some(isOver)], [true, false]);
});
