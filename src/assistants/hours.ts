import { type Day, DAYS, type Hours } from "./assistant.ts";

const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;
/** A year of days, to see every offset two time zones have from each other. Any year will do. */
const SAMPLE_DAYS = Array.from({ length: 366 }, (_, day) => Date.UTC(2026, 0, 1 + day));

/** A time on the clock on the wall. */
export interface WallTime {
  readonly day: Day;
  /** `HH:MM`. */
  readonly time: string;
}

/** What the clocks on the walls of a time zone show at a time (ms since 1970). */
export function wallClock(timeZone: string): (at: number) => WallTime {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return (at) => {
    const parts = format.formatToParts(at);
    const part = (type: Intl.DateTimeFormatPartTypes) =>
      parts.find((each) => each.type === type)?.value ?? "";
    const day = DAYS.find((day) => day === part("weekday").toLowerCase()) ?? "mon";
    return { day, time: `${part("hour")}:${part("minute")}` };
  };
}

/** Whether it is within the hours. The clock on the wall counts, whatever summer time does to it. */
export function isOpen(hours: Hours, at: number): boolean {
  return isOpenAt(hours, minuteOfWeek(wallClock(hours.timeZone)(at)));
}

/** Whether there is ever a moment that is within both. */
export function overlap(a: Hours, b: Hours): boolean {
  return [...leads(b.timeZone, a.timeZone)].some((lead) =>
    beginnings(a).some((minute) => isOpenAt(b, minute + lead)) ||
    beginnings(b).some((minute) => isOpenAt(a, minute - lead))
  );
}

function isOpenAt({ days, from, to }: Hours, minute: number): boolean {
  const length = (minuteOfDay(to) - minuteOfDay(from) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
  return beginnings({ days, from }).some((begin) => modulo(minute - begin, WEEK_MINUTES) < length);
}

/** Minutes of the week at which they begin. */
function beginnings({ days, from }: Pick<Hours, "days" | "from">): number[] {
  return days.map((day) => minuteOfWeek({ day, time: from }));
}

/** How many minutes the clocks of one time zone are ahead of another's, in the course of a year. */
function leads(timeZone: string, other: string): Set<number> {
  // As in most files, and quicker.
  if (timeZone === other) return new Set([0]);
  const [clock, others] = [wallClock(timeZone), wallClock(other)];
  return new Set(
    SAMPLE_DAYS.map((at) => modulo(minuteOfWeek(clock(at)) - minuteOfWeek(others(at)), WEEK_MINUTES)),
  );
}

function minuteOfWeek({ day, time }: WallTime): number {
  return DAYS.indexOf(day) * DAY_MINUTES + minuteOfDay(time);
}

function minuteOfDay(time: string): number {
  const [hours, minutes] = time.split(":").map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
