import { assertEquals, assertThrows } from "@std/assert";
import { CallingHours, type CallingHoursOptions } from "../../src/dialer/calling_hours.ts";

function openAt(options: Partial<CallingHoursOptions>, times: readonly string[]): string[] {
  const hours = new CallingHours({ from: "09:00", to: "18:00", timeZone: "Europe/Berlin", ...options });
  return times.filter((time) => hours.open(Date.parse(time)));
}

Deno.test("from the first minute to before the last, where the time zone is, in summer and winter", () => {
  assertEquals(
    openAt({}, ["2026-01-15T07:59:59Z", "2026-01-15T08:00Z", "2026-01-15T16:59:59Z", "2026-01-15T17:00Z"]),
    ["2026-01-15T08:00Z", "2026-01-15T16:59:59Z"],
  );
  assertEquals(openAt({}, ["2026-07-15T06:59Z", "2026-07-15T07:00Z", "2026-07-15T16:00Z"]), [
    "2026-07-15T07:00Z",
  ]);
});

Deno.test("only on its days, which are those of the time zone", () => {
  const days = ["mon", "fri"] as const;
  const options = { days, timeZone: "Pacific/Auckland", from: "00:00", to: "24:00" };
  // Sunday evening in London is Monday there.
  assertEquals(
    openAt(options, ["2026-01-11T10:59Z", "2026-01-11T11:00Z", "2026-01-12T10:59Z", "2026-01-12T11:00Z"]),
    ["2026-01-11T11:00Z", "2026-01-12T10:59Z"],
  );
});

Deno.test("hours over midnight belong to the day they begin on", () => {
  const options = { days: ["fri"], timeZone: "UTC", from: "22:00", to: "02:00" } as const;
  assertEquals(
    openAt(options, [
      "2026-01-16T01:00Z",
      "2026-01-16T21:59Z",
      "2026-01-16T22:00Z",
      "2026-01-17T01:59Z",
      "2026-01-17T02:00Z",
      "2026-01-17T22:00Z",
    ]),
    ["2026-01-16T22:00Z", "2026-01-17T01:59Z"],
  );
});

Deno.test("refuses what is no time, no time at all, and no time zone", () => {
  for (
    const [options, says] of [
      [{ from: "9:00" }, '"9:00" is no time of day'],
      [{ to: "24:01" }, '"24:01" is no time of day'],
      [{ to: "09:00" }, "from 09:00 to 09:00 is no time at all"],
      [{ timeZone: "Mars/Olympus" }, "Mars/Olympus"],
    ] as const
  ) {
    assertThrows(() => openAt(options, []), RangeError, says);
  }
  assertEquals(`${new CallingHours({ from: "09:00", to: "18:00", timeZone: "UTC" })}`, "09:00-18:00 UTC");
});
