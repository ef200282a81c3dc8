import { assertEquals } from "@std/assert";
import { CallProgress, isFinal } from "../../src/dialer/call_progress.ts";
import type { CallStatus } from "../../src/twilio/call_status.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** Statuses of an answered call, in order. */
const ANSWERED: readonly CallStatus[] = ["initiated", "ringing", "in-progress", "completed"];

function setUp() {
  const clock = new FakeClock();
  const reported: CallStatus[] = [];
  const progress = new CallProgress(clock, ({ status }) => reported.push(status));
  const receive = (
    sequence: number | undefined,
    status: CallStatus = ANSWERED[sequence ?? 0] ?? "completed",
  ) => progress.reportStatus({ callSid: "CA1", status, sequence, seconds: undefined });
  return { clock, reported, progress, receive };
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest])
  );
}

Deno.test("CallProgress reports every change once and in order, for every order of duplicate callbacks", () => {
  for (const order of permutations([0, 1, 2, 3])) {
    const { clock, reported, progress, receive } = setUp();
    for (const sequence of order) {
      receive(sequence);
      receive(sequence);
    }
    assertEquals(reported, ANSWERED, `${order}`);
    for (const sequence of order) receive(sequence);
    clock.advance(60_000);
    assertEquals([reported.length, progress.status, clock.pending], [4, "completed", 0]);
  }
});

Deno.test("CallProgress waits 2 s for a missing callback", () => {
  const { clock, reported, receive } = setUp();
  receive(1);
  receive(3);
  clock.advance(1_999);
  assertEquals(reported, []);
  clock.advance(1);
  assertEquals(reported, ["ringing"], "the next gap gets 2 s too");
  receive(0);
  clock.advance(1_999);
  assertEquals(reported, ["ringing"]);
  clock.advance(1);
  assertEquals(reported, ["ringing", "completed"]);
  receive(2);
  assertEquals([reported.length, clock.pending], [2, 0]);
});

Deno.test("CallProgress waits 2 s for a second gap after the first was filled", () => {
  const { clock, reported, receive } = setUp();
  receive(1);
  receive(3);
  clock.advance(1_900);
  receive(0);
  assertEquals(reported, ["initiated", "ringing"]);
  clock.advance(1_999);
  assertEquals(reported.length, 2);
  receive(2);
  assertEquals([reported, clock.pending], [[...ANSWERED], 0]);
});

Deno.test("CallProgress never goes back", () => {
  const { reported, receive } = setUp();
  receive(0, "in-progress");
  receive(1, "ringing");
  receive(2, "in-progress");
  receive(3, "busy");
  receive(4, "completed");
  receive(5, "in-progress");
  assertEquals(reported, ["in-progress", "busy"]);
});

Deno.test("CallProgress accepts a final status without a sequence number at once", () => {
  const { clock, reported, progress, receive } = setUp();
  receive(2);
  receive(undefined, "no-answer");
  assertEquals([reported, clock.pending], [["no-answer"], 0]);
  receive(0);
  receive(1);
  assertEquals([reported.length, progress.status], [1, "no-answer"]);
});

Deno.test("CallProgress waits for nothing after a final status", () => {
  const { clock, reported, receive } = setUp();
  receive(0);
  receive(3, "in-progress");
  receive(1, "busy");
  assertEquals([reported, clock.pending], [["initiated", "busy"], 0]);
  receive(7, "completed");
  assertEquals([reported.length, clock.pending], [2, 0]);
});

Deno.test("CallProgress waits 2 s for several missing callbacks together", () => {
  const { clock, reported, receive } = setUp();
  receive(3);
  clock.advance(2_000);
  assertEquals([reported, clock.pending], [["completed"], 0]);
});

Deno.test("CallProgress reports nothing after close", () => {
  const { clock, reported, progress, receive } = setUp();
  receive(3);
  progress.close();
  clock.advance(10_000);
  assertEquals([reported, clock.pending], [[], 0]);
});

Deno.test("isFinal() recognises final statuses", () => {
  const ends: CallStatus[] = ["completed", "busy", "failed", "no-answer", "canceled"];
  const progressStatuses: CallStatus[] = ["queued", "initiated", "ringing", "in-progress"];
  assertEquals([ends.every(isFinal), progressStatuses.some(isFinal)], [true, false]);
});
