import { assertEquals } from "@std/assert";
import { type Day, DAYS, type Hours } from "../../src/assistants/assistant.ts";
import { isOpen, overlap, wallClock } from "../../src/assistants/hours.ts";

function hours(from: string, to: string, days: readonly Day[] = DAYS, timeZone = "Europe/Berlin"): Hours {
  return { timeZone, days, from, to };
}

/** 2026-11-20 is a Friday. */
const CASES: [hours: Hours, at: string, open: boolean][] = [
  [hours("09:00", "17:00"), "2026-11-20T08:59:59.999+01:00", false],
  [hours("09:00", "17:00"), "2026-11-20T09:00+01:00", true],
  [hours("09:00", "17:00"), "2026-11-20T16:59+01:00", true],
  [hours("09:00", "17:00"), "2026-11-20T17:00+01:00", false],
  [hours("00:00", "24:00", ["fri"]), "2026-11-20T00:00+01:00", true],
  [hours("00:00", "24:00", ["fri"]), "2026-11-20T23:59+01:00", true],
  [hours("00:00", "24:00", ["fri"]), "2026-11-21T00:00+01:00", false],
  [hours("09:00", "17:00", ["sat"]), "2026-11-20T12:00+01:00", false],
  // Over midnight they belong to the day on which they begin; the week is round.
  [hours("22:00", "06:00", ["fri"]), "2026-11-20T05:00+01:00", false],
  [hours("22:00", "06:00", ["fri"]), "2026-11-20T22:00+01:00", true],
  [hours("22:00", "06:00", ["fri"]), "2026-11-21T05:59+01:00", true],
  [hours("22:00", "06:00", ["fri"]), "2026-11-21T06:00+01:00", false],
  [hours("22:00", "06:00", ["fri"]), "2026-11-21T22:00+01:00", false],
  [hours("22:00", "06:00", ["sun"]), "2026-11-23T05:59+01:00", true],
  // The clock on the wall counts, in summer and in winter.
  [hours("09:00", "17:00"), "2026-07-01T07:00Z", true],
  [hours("09:00", "17:00"), "2026-07-01T06:59Z", false],
  [hours("09:00", "17:00"), "2026-12-01T08:00Z", true],
  [hours("09:00", "17:00"), "2026-12-01T07:59Z", false],
  // On 2026-10-25 the hour from two to three is there twice, on 2026-03-29 not at all.
  [hours("02:00", "03:00"), "2026-10-25T00:30Z", true],
  [hours("02:00", "03:00"), "2026-10-25T01:30Z", true],
  [hours("02:00", "03:00"), "2026-10-25T02:00Z", false],
  [hours("02:00", "03:00"), "2026-03-29T00:59Z", false],
  [hours("02:00", "03:00"), "2026-03-29T01:00Z", false],
  [hours("02:30", "04:00"), "2026-03-29T01:00Z", true],
  // Another day on the other side of the world.
  [hours("08:00", "09:00", ["sat"], "Pacific/Auckland"), "2026-11-20T19:30Z", true],
  [hours("08:00", "09:00", ["fri"], "Pacific/Auckland"), "2026-11-20T19:30Z", false],
  [hours("05:45", "05:46", DAYS, "Asia/Kathmandu"), "2026-11-20T00:00Z", true],
];

for (const [open, at, expected] of CASES) {
  const name = `${open.from} to ${open.to} ${open.days.join(" ")} in ${open.timeZone}`;
  Deno.test(`${name}: ${expected ? "open" : "closed"} at ${at}`, () => {
    assertEquals(isOpen(open, Date.parse(at)), expected);
  });
}

Deno.test("midnight is 00:00, not 24:00", () => {
  assertEquals(wallClock("UTC")(Date.parse("2026-11-20T00:05Z")), { day: "fri", time: "00:05" });
});

Deno.test("hours overlap if there is any moment in both", () => {
  const day = hours("09:00", "17:00");
  const cases: [a: Hours, b: Hours, expected: boolean][] = [
    [day, day, true],
    [day, hours("17:00", "09:00"), false],
    [day, hours("16:59", "09:00"), true],
    [day, hours("12:00", "12:01", ["wed"]), true],
    [hours("09:00", "17:00", ["mon"]), hours("09:00", "17:00", ["tue"]), false],
    [hours("22:00", "06:00", ["sun"]), hours("05:00", "07:00", ["mon"]), true],
    [hours("22:00", "06:00", ["sun"]), hours("06:00", "07:00", ["mon"]), false],
    [hours("00:00", "24:00", ["mon"]), hours("00:00", "24:00", ["tue"]), false],
    // London is an hour behind Berlin all the year.
    [day, hours("16:00", "08:00", DAYS, "Europe/London"), false],
    [day, hours("15:59", "08:00", DAYS, "Europe/London"), true],
    // New York is six hours behind, and five in the weeks between the two changes to and from summer time.
    [day, hours("12:00", "03:00", DAYS, "America/New_York"), false],
    [day, hours("12:00", "03:01", DAYS, "America/New_York"), true],
    [day, hours("11:59", "03:00", DAYS, "America/New_York"), true],
    // Jamaica has no summer time, and is seven hours behind in summer.
    [day, hours("12:00", "03:00", DAYS, "America/Jamaica"), true],
    [day, hours("12:00", "02:00", DAYS, "America/Jamaica"), false],
    [hours("12:00", "13:00"), hours("06:00", "07:00", DAYS, "America/New_York"), true],
    [hours("12:00", "13:00"), hours("07:00", "08:00", DAYS, "America/New_York"), true],
    [hours("12:00", "13:00"), hours("08:00", "09:00", DAYS, "America/New_York"), false],
    // Monday in Auckland begins on Sunday elsewhere.
    [hours("08:00", "09:00", ["mon"], "Pacific/Auckland"), hours("19:00", "21:00", ["sun"], "UTC"), true],
    [hours("08:00", "09:00", ["mon"], "Pacific/Auckland"), hours("19:00", "21:00", ["mon"], "UTC"), false],
  ];
  for (const [a, b, expected] of cases) {
    assertEquals([overlap(a, b), overlap(b, a)], [expected, expected], JSON.stringify([a, b]));
  }
});
