import { assertEquals } from "@std/assert";
import { limitTime } from "../../src/call/time_limit.ts";
import { FakeClock } from "../support/fake_clock.ts";

function setUp(maxMs: number) {
  const clock = new FakeClock();
  const begun = clock.now();
  const happened: string[] = [];
  const tell = (what: string) => () => happened.push(`${what} ${clock.now() - begun}`);
  return { clock, happened, cancel: limitTime(clock, maxMs, { warn: tell("warned"), over: tell("over") }) };
}

Deno.test("limitTime() warns 30 s before the end of calls of a minute and longer", () => {
  for (
    const [maxMs, expected] of [[59_999, ["over 59999"]], [60_000, ["warned 30000", "over 60000"]]] as const
  ) {
    const { clock, happened } = setUp(maxMs);
    clock.advance(maxMs);
    assertEquals([happened, clock.pending], [[...expected], 0]);
  }
});

Deno.test("limitTime() can be undone before the warning and after it", () => {
  for (const ms of [0, 40_000]) {
    const { clock, cancel } = setUp(60_000);
    clock.advance(ms);
    cancel();
    assertEquals(clock.pending, 0);
  }
});
