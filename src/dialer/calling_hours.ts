const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/** When calls may be placed. */
export interface CallingHoursOptions {
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** `HH:MM`, the first minute. */
  readonly from: string;
  /** `HH:MM`, the minute after the last; before `from` when the hours go over midnight, `24:00` for the day's end. */
  readonly to: string;
  /** Left out: every day. Hours over midnight belong to the day they begin on. */
  readonly days?: readonly (typeof DAYS)[number][] | undefined;
}

/** The hours of the day at which calls may be placed. */
export class CallingHours {
  readonly #options: CallingHoursOptions;
  readonly #from: number;
  readonly #to: number;
  readonly #format: Intl.DateTimeFormat;

  /** @throws {RangeError} naming what is no time or no time zone. */
  constructor(options: CallingHoursOptions) {
    this.#options = options;
    this.#from = minutes(options.from);
    this.#to = minutes(options.to);
    if (this.#from === this.#to) {
      throw new RangeError(`from ${options.from} to ${options.to} is no time at all`);
    }
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: options.timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  }

  /** @param wallTime Milliseconds since 1970. */
  open(wallTime: number): boolean {
    const parts = this.#format.formatToParts(wallTime);
    const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
    const now = Number(part("hour")) * 60 + Number(part("minute"));
    const today = DAYS.findIndex((day) => day === part("weekday").toLowerCase());
    const on = (day: number) => this.#options.days?.some((each) => each === DAYS[(day + 7) % 7]) ?? true;
    if (this.#from < this.#to) return now >= this.#from && now < this.#to && on(today);
    return (now >= this.#from && on(today)) || (now < this.#to && on(today - 1));
  }

  /** Such as `09:00-18:00 Europe/Berlin`. */
  toString(): string {
    const { from, to, timeZone } = this.#options;
    return `${from}-${to} ${timeZone}`;
  }
}

function minutes(text: string): number {
  const [, hours, rest] = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text) ?? [];
  const time = Number(hours) * 60 + Number(rest);
  if (!(time <= 24 * 60)) throw new RangeError(`${JSON.stringify(text)} is no time of day such as 09:00`);
  return time;
}
