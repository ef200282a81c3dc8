import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { explainRoute, type RouteQuery } from "../../src/check/explain_route.ts";
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

function explain(question: RouteQuery): string {
  return explainRoute(question, ASSISTANTS, new FakeClock());
}

Deno.test("explainRoute() names the assistant and the reason", () => {
  assertEquals(
    explain({ to: "+15550100", from: "+4930", at: "2026-11-21T10:00Z" }),
    "german takes a call to +15550100 from +4930 at 2026-11-21T10:00Z: the called number matches +15550100, and the caller matches +49*",
  );
  assertEquals(
    explain({ to: "+15550100", at: "2026-11-21T10:00Z" }),
    "day takes a call to +15550100 from any other caller at 2026-11-21T10:00Z: no rule matches, so the default assistant takes it",
  );
  assertEquals(
    explain({ to: "+15550100", at: "2026-11-21T01:30+02:00" }),
    "night takes a call to +15550100 from any other caller at 2026-11-20T23:30Z: the time is fri 23:30 in UTC, within 22:00 to 06:00",
  );
});

Deno.test("explainRoute() reads a time as local time if no rule has hours, and defaults to the present time", () => {
  const local = new Date(2026, 10, 21, 10, 0).toISOString().slice(0, 16);
  const plain = load({ assistants: { a: {} } });
  assertStringIncludes(
    explainRoute({ to: "+1555", at: "2026-11-21T10:00" }, plain, new FakeClock()),
    ` at ${local}Z: `,
  );
  const now = new Date(new FakeClock().wallTime()).toISOString().slice(0, 16);
  assertStringIncludes(explain({ to: "+1555" }), ` at ${now}Z: `);
});

Deno.test("explainRoute() refuses invalid times with an example", () => {
  for (const at of ["2026", "tomorrow", "2026-13-41T10:00"]) {
    const { message } = assertThrows(() => explain({ to: "+15550100", at }), TypeError);
    assertEquals(message, `--at is "${at}"; use a time such as 2026-11-21T10:00`);
  }
});

const OFFICE = { timeZone: "America/Los_Angeles", from: "09:00", to: "17:00" };

Deno.test("explainRoute() reads a time without an offset in the time zone of the rules' hours", () => {
  const assistants = load({
    default: "night",
    assistants: { night: {}, day: { answers: { hours: OFFICE } } },
  });
  const route = (at: string) => explainRoute({ to: "+15550100", at }, assistants, new FakeClock());
  assertStringIncludes(
    route("2026-11-20T10:00"),
    "day takes a call to +15550100 from any other caller at 2026-11-20T18:00Z",
  );
  assertStringIncludes(
    route("2026-07-20T16:59"),
    "day takes a call to +15550100 from any other caller at 2026-07-20T23:59Z",
  );
  assertStringIncludes(route("2026-07-20T17:00:00"), "night takes a call");
  // The hour that daylight saving skips, and an explicit offset.
  assertStringIncludes(route("2026-03-08T02:30"), "at 2026-03-08T09:30Z");
  assertStringIncludes(route("2026-11-20T10:00Z"), "night takes a call");
});

Deno.test("explainRoute() requires an offset when the hours are in several time zones", () => {
  const assistants = load({
    default: "a",
    assistants: {
      a: {},
      b: { answers: { to: ["+1"], hours: OFFICE } },
      c: { answers: { to: ["+2"], hours: { ...OFFICE, timeZone: "Europe/Berlin" } } },
    },
  });
  const { message } = assertThrows(
    () => explainRoute({ to: "+15550100", at: "2026-11-20T10:00" }, assistants, new FakeClock()),
    TypeError,
  );
  assertEquals(
    message,
    '--at is "2026-11-20T10:00"; add an offset such as +01:00, because the hours are in several time ' +
      "zones (America/Los_Angeles, Europe/Berlin)",
  );
});
