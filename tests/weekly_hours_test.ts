import { assertEquals, assertThrows } from "@std/assert";
import {
  dailyHours,
  type Day,
  DAYS,
  formatHours,
  isOpen,
  localTime,
  overlap,
  type WeeklyHours,
} from "../src/weekly_hours.ts";

function hours(
  from: string,
  to: string,
  days: readonly Day[] = DAYS,
  timeZone = "Europe/Berlin",
): WeeklyHours {
  return { timeZone, days, from, to };
}

/** 2026-11-20 is a Friday. */
const CASES: [hours: WeeklyHours, at: string, open: boolean][] = [
  [hours("09:00", "17:00"), "2026-11-20T08:59:59.999+01:00", false],
  [hours("09:00", "17:00"), "2026-11-20T09:00+01:00", true],
  [hours("09:00", "17:00"), "2026-11-20T16:59:59+01:00", true],
  [hours("09:00", "17:00"), "2026-11-20T17:00+01:00", false],
  [hours("00:00", "24:00", ["fri"]), "2026-11-20T00:00+01:00", true],
  [hours("00:00", "24:00", ["fri"]), "2026-11-20T23:59+01:00", true],
  [hours("00:00", "24:00", ["fri"]), "2026-11-21T00:00+01:00", false],
  [hours("09:00", "17:00", ["sat"]), "2026-11-20T12:00+01:00", false],
  // Hours past midnight belong to the day on which they start, also from Sunday to Monday.
  [hours("22:00", "06:00", ["fri"]), "2026-11-20T05:00+01:00", false],
  [hours("22:00", "06:00", ["fri"]), "2026-11-20T22:00+01:00", true],
  [hours("22:00", "06:00", ["fri"]), "2026-11-21T05:59+01:00", true],
  [hours("22:00", "06:00", ["fri"]), "2026-11-21T06:00+01:00", false],
  [hours("22:00", "06:00", ["fri"]), "2026-11-21T22:00+01:00", false],
  [hours("22:00", "06:00", ["sun"]), "2026-11-23T05:59+01:00", true],
  // Local time in summer and in winter.
  [hours("09:00", "17:00"), "2026-07-01T07:00Z", true],
  [hours("09:00", "17:00"), "2026-07-01T06:59Z", false],
  [hours("09:00", "17:00"), "2026-12-01T08:00Z", true],
  [hours("09:00", "17:00"), "2026-12-01T07:59Z", false],
  // On 2026-10-25 the hour from 02:00 to 03:00 happens twice, on 2026-03-29 never.
  [hours("02:00", "03:00"), "2026-10-25T00:30Z", true],
  [hours("02:00", "03:00"), "2026-10-25T01:30Z", true],
  [hours("02:00", "03:00"), "2026-10-25T02:00Z", false],
  [hours("02:00", "03:00"), "2026-03-29T00:59Z", false],
  [hours("02:00", "03:00"), "2026-03-29T01:00Z", false],
  [hours("02:30", "04:00"), "2026-03-29T01:00Z", true],
  // Another day of the week on the other side of the world: Friday evening in London is Saturday in Auckland.
  [hours("08:00", "09:00", ["sat"], "Pacific/Auckland"), "2026-11-20T19:30Z", true],
  [hours("08:00", "09:00", ["fri"], "Pacific/Auckland"), "2026-11-20T19:30Z", false],
  [hours("00:00", "24:00", ["mon", "fri"], "Pacific/Auckland"), "2026-01-11T10:59Z", false],
  [hours("00:00", "24:00", ["mon", "fri"], "Pacific/Auckland"), "2026-01-11T11:00Z", true],
  [hours("00:00", "24:00", ["mon", "fri"], "Pacific/Auckland"), "2026-01-12T10:59Z", true],
  [hours("00:00", "24:00", ["mon", "fri"], "Pacific/Auckland"), "2026-01-12T11:00Z", false],
  [hours("05:45", "05:46", DAYS, "Asia/Kathmandu"), "2026-11-20T00:00Z", true],
];

for (const [open, at, expected] of CASES) {
  const name = `${open.from} to ${open.to} ${open.days.join(" ")} in ${open.timeZone}`;
  Deno.test(`isOpen() of ${name} is ${expected} at ${at}`, () => {
    assertEquals(isOpen(open, Date.parse(at)), expected);
  });
}

Deno.test("localTime() writes midnight as 00:00, not 24:00", () => {
  assertEquals(localTime("UTC", Date.parse("2026-11-20T00:05Z")), { day: "fri", time: "00:05" });
});

Deno.test("overlap() is true if any moment of the year is within both", () => {
  const day = hours("09:00", "17:00");
  const cases: [a: WeeklyHours, b: WeeklyHours, expected: boolean][] = [
    [day, day, true],
    [day, hours("17:00", "09:00"), false],
    [day, hours("16:59", "09:00"), true],
    [day, hours("12:00", "12:01", ["wed"]), true],
    [hours("09:00", "17:00", ["mon"]), hours("09:00", "17:00", ["tue"]), false],
    [hours("22:00", "06:00", ["sun"]), hours("05:00", "07:00", ["mon"]), true],
    [hours("22:00", "06:00", ["sun"]), hours("06:00", "07:00", ["mon"]), false],
    [hours("00:00", "24:00", ["mon"]), hours("00:00", "24:00", ["tue"]), false],
    // London is one hour behind Berlin all year.
    [day, hours("16:00", "08:00", DAYS, "Europe/London"), false],
    [day, hours("15:59", "08:00", DAYS, "Europe/London"), true],
    // New York is six hours behind Berlin, and five in the weeks between the two daylight saving changes.
    [day, hours("12:00", "03:00", DAYS, "America/New_York"), false],
    [day, hours("12:00", "03:01", DAYS, "America/New_York"), true],
    [day, hours("11:59", "03:00", DAYS, "America/New_York"), true],
    // Jamaica has no daylight saving: six hours behind Berlin in winter, seven in summer.
    [day, hours("12:00", "03:00", DAYS, "America/Jamaica"), true],
    [day, hours("12:00", "02:00", DAYS, "America/Jamaica"), false],
    [hours("12:00", "13:00"), hours("06:00", "07:00", DAYS, "America/New_York"), true],
    [hours("12:00", "13:00"), hours("07:00", "08:00", DAYS, "America/New_York"), true],
    [hours("12:00", "13:00"), hours("08:00", "09:00", DAYS, "America/New_York"), false],
    // Monday morning in Auckland is Sunday in UTC.
    [hours("08:00", "09:00", ["mon"], "Pacific/Auckland"), hours("19:00", "21:00", ["sun"], "UTC"), true],
    [hours("08:00", "09:00", ["mon"], "Pacific/Auckland"), hours("19:00", "21:00", ["mon"], "UTC"), false],
  ];
  for (const [a, b, expected] of cases) {
    assertEquals([overlap(a, b), overlap(b, a)], [expected, expected], JSON.stringify([a, b]));
  }
});

Deno.test("dailyHours() rejects what is not a time, empty hours and unknown time zones", () => {
  const cases: [from: string, to: string, timeZone: string, message: string][] = [
    ["9:00", "18:00", "UTC", '"9:00" is not a time of day'],
    ["09:00", "24:01", "UTC", '"24:01" is not a time of day'],
    ["09:00", "09:00", "UTC", "the hours from 09:00 to 09:00 are empty"],
    ["09:00", "18:00", "Mars/Olympus", "Mars/Olympus"],
  ];
  for (const [from, to, timeZone, message] of cases) {
    assertThrows(() => dailyHours(from, to, timeZone), RangeError, message);
  }
});

Deno.test("dailyHours() opens on every day of the week, and formatHours() names times and zone", () => {
  const daily = dailyHours("09:00", "18:00", "UTC");
  assertEquals(daily, { from: "09:00", to: "18:00", timeZone: "UTC", days: DAYS });
  assertEquals(formatHours(daily), "09:00-18:00 UTC");
});
