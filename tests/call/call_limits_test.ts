import { assertEquals } from "@std/assert";
import { CallEventStream } from "../../src/call/call_event_stream.ts";
import { type AccountUse, type BudgetState, CallLimits } from "../../src/call/call_limits.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { response } from "../support/still_session.ts";

const NEW_ACCOUNT: AccountUse = {
  chargeCost: () => "ok",
  chargeMinutes: undefined,
  usedMs: 0,
  states: { cost: "ok", minutes: "ok" },
  charge: { usd: 0, minutes: 0 },
};

function setUp(maxCallMs: number) {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const happened: string[] = [];
  const note = (what: string) => () => happened.push(`${what} ${clock.now() - startedAt}`);
  const events = new CallEventStream();
  new CallLimits({
    model: { addNote: note("warned") },
    ending: { sayGoodbye: note("ended") },
    events,
    clock,
    maxCallMs,
  });
  events.emit({ type: "stream attached" });
  return { clock, happened, events };
}

Deno.test("CallLimits warns 30 s before the time limit of calls that may last a minute", () => {
  for (
    const [maxCallMs, expected] of [
      [59_999, ["ended 59999"]],
      [60_000, ["warned 30000", "ended 60000"]],
    ] as const
  ) {
    const { clock, happened } = setUp(maxCallMs);
    clock.advance(maxCallMs);
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

Deno.test("CallLimits charges each minute that begins, and ends the call at the end of the last one of its budget", () => {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const happened: string[] = [];
  const note = (what: string) => () => happened.push(`${what} ${clock.now() - startedAt}`);
  const events = new CallEventStream();
  const states: BudgetState[] = ["ok", "warn", "over"];
  new CallLimits({
    model: { addNote: note("warned") },
    ending: { sayGoodbye: note("ended") },
    events,
    clock,
  });
  const chargeMinutes = (minutes: number) => {
    happened.push(`charged ${minutes}`);
    return states.shift() ?? "ok";
  };
  events.emit({ type: "account opened", account: { ...NEW_ACCOUNT, chargeMinutes } });
  for (let minute = 0; minute < 4; minute++) {
    events.emit({ type: "carrier charged", charge: { usd: 0, minutes: 1 } });
    clock.advance(60_000);
  }
  assertEquals(happened, [
    "charged 1",
    "charged 1",
    "warned 60000",
    "charged 1",
    "ended 180000",
    "charged 1",
  ]);
  events.emit({ type: "carrier charged", charge: { usd: 0.25, minutes: 0 } });
  assertEquals(happened.length, 6, "not a minute");
});

Deno.test("CallLimits charges everything that costs something, also after the call", () => {
  const { events, charged } = setUpCost();
  events.emit({ type: "carrier charged", charge: { usd: 0.125, minutes: 1 } });
  events.emit({ type: "caller transcribed", text: "Hello", costUsd: 0.25 });
  events.emit({ type: "response finished", response: response(), model: "m", costUsd: 0.5 });
  events.emit({ type: "call ending", reason: "transferred" });
  events.emit({ type: "summary written", usage: response().usage, model: "m", costUsd: 0.75 });
  events.emit({ type: "carrier charged", charge: { usd: 1, minutes: 1 } });
  assertEquals(charged, [0.125, 0.25, 0.5, 0.75, 1]);
});

function setUpCost() {
  const charged: number[] = [];
  const events = new CallEventStream();
  new CallLimits({
    model: { addNote() {} },
    ending: { sayGoodbye() {} },
    events,
    clock: new FakeClock(),
  });
  const chargeCost = (usd: number): BudgetState => {
    charged.push(usd);
    return "ok";
  };
  events.emit({ type: "account opened", account: { ...NEW_ACCOUNT, chargeCost } });
  return { events, charged };
}
