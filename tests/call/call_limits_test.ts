import { assertEquals } from "@std/assert";
import { CallEventStream } from "../../src/call/call_event_stream.ts";
import { type BudgetState, CallLimits } from "../../src/call/call_limits.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { response } from "../support/still_session.ts";

function setUp(maxMs: number) {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const happened: string[] = [];
  const note = (what: string) => () => happened.push(`${what} ${clock.now() - startedAt}`);
  const events = new CallEventStream();
  new CallLimits({
    model: { note: note("warned") },
    ending: { sayGoodbye: note("ended") },
    events,
    clock,
    maxMs,
  });
  events.emit({ type: "stream attached" });
  return { clock, happened, events };
}

Deno.test("CallLimits warns 30 s before the time limit of calls that may last a minute", () => {
  for (
    const [maxMs, expected] of [
      [59_999, ["ended 59999"]],
      [60_000, ["warned 30000", "ended 60000"]],
    ] as const
  ) {
    const { clock, happened } = setUp(maxMs);
    clock.advance(maxMs);
    assertEquals([happened, clock.pending], [[...expected], 0]);
  }
});

Deno.test("CallLimits leaves no timer when the call ends before or after the warning", () => {
  for (const ms of [0, 40_000]) {
    const { clock, events } = setUp(60_000);
    clock.advance(ms);
    events.emit({ type: "call ending", reason: "caller hung up" });
    assertEquals(clock.pending, 0);
  }
});

Deno.test("CallLimits counts the time from the first stream", () => {
  const { clock, happened, events } = setUp(60_000);
  clock.advance(50_000);
  events.emit({ type: "stream attached" });
  clock.advance(10_000);
  assertEquals(happened, ["warned 30000", "ended 60000"]);
});

Deno.test("CallLimits charges each minute when it begins, and ends the call at the end of the last one", () => {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const happened: string[] = [];
  const note = (what: string) => () => happened.push(`${what} ${clock.now() - startedAt}`);
  const events = new CallEventStream();
  const states: BudgetState[] = ["ok", "warn", "over"];
  new CallLimits({
    model: { note: note("warned") },
    ending: { sayGoodbye: note("ended") },
    events,
    clock,
    chargeMinutes: (minutes) => {
      happened.push(`charged ${minutes}`);
      return states.shift() ?? "ok";
    },
  });
  events.emit({ type: "stream attached" });
  assertEquals(happened, ["charged 1"], "a call of a few seconds counts too");
  clock.advance(180_000);
  assertEquals(happened, ["charged 1", "charged 1", "warned 60000", "charged 1", "ended 180000"]);
  assertEquals(clock.pending, 0);
});

Deno.test("CallLimits charges transcripts like responses", () => {
  const { events, charged } = setUpCost();
  events.emit({ type: "caller transcribed", text: "Hello", costUsd: 0.25 });
  events.emit({ type: "response finished", response: response(), costUsd: 0.5 });
  assertEquals(charged, [0.25, 0.5]);
});

function setUpCost() {
  const charged: number[] = [];
  const events = new CallEventStream();
  new CallLimits({
    model: { note() {} },
    ending: { sayGoodbye() {} },
    events,
    clock: new FakeClock(),
    chargeCost: (usd) => {
      charged.push(usd);
      return "ok";
    },
  });
  return { events, charged };
}
