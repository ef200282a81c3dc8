import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { explainRoute, type RouteQuestion } from "../../src/check/route.ts";
import { load } from "../assistants/support.ts";
import { FakeClock } from "../support/fake_clock.ts";

const ASSISTANTS = load({
  default: "day",
  assistants: {
    day: {},
    german: { answers: { to: ["+15550100"], from: ["+49*"] } },
    night: { answers: { hours: { timeZone: "UTC", from: "22:00", to: "06:00" } } },
  },
});

function explain(question: RouteQuestion): string {
  return explainRoute(question, ASSISTANTS, new FakeClock());
}

Deno.test("--route tells which assistant a call would get, and why", () => {
  assertEquals(
    explain({ to: "+15550100", from: "+4930", at: "2026-11-21T10:00Z" }),
    "german takes a call to +15550100 from +4930 at 2026-11-21T10:00Z: it answers +15550100, and it answers callers from +49*",
  );
  assertEquals(
    explain({ to: "+15550100", at: "2026-11-21T10:00Z" }),
    "day takes a call to +15550100 from anybody else at 2026-11-21T10:00Z: it fits no assistant, so the default one takes it",
  );
  assertEquals(
    explain({ to: "+15550100", at: "2026-11-21T01:30+02:00" }),
    "night takes a call to +15550100 from anybody else at 2026-11-20T23:30Z: it is fri 23:30 in UTC, within 22:00 to 06:00",
  );
});

Deno.test("--at is by this machine's clock, and now without it", () => {
  const local = new Date(2026, 10, 21, 10, 0).toISOString().slice(0, 16);
  assertStringIncludes(explain({ to: "+1555", at: "2026-11-21T10:00" }), ` at ${local}Z: `);
  const now = new Date(new FakeClock().wallTime()).toISOString().slice(0, 16);
  assertStringIncludes(explain({ to: "+1555" }), ` at ${now}Z: `);
});

Deno.test("flags that are no number and no time are refused, with what to write", () => {
  const cases: [question: RouteQuestion, problem: string][] = [
    [{ to: "5551230000" }, 'found --route "5551230000"; write a number such as +15551230000'],
    [{ to: "+1555", from: "+1 555" }, 'found --from "+1 555"; write a number such as +15551230000'],
    [{ to: "+15", at: "2026" }, 'found --at "2026"; write a time such as 2026-11-21T10:00'],
    [{ to: "+15", at: "tomorrow" }, 'found --at "tomorrow"; write a time such as 2026-11-21T10:00'],
    [
      { to: "+15", at: "2026-13-41T10:00" },
      'found --at "2026-13-41T10:00"; write a time such as 2026-11-21T10:00',
    ],
  ];
  for (const [question, problem] of cases) {
    const { message } = assertThrows(() => explain(question), TypeError);
    assertEquals(message, `Cannot check: ${problem}`);
  }
});
