import { z } from "zod";
import type { BudgetLimits } from "../assistants/call_assistant.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { BudgetState } from "../call/call_limits.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { Pseudonym } from "./pseudonym.ts";
import { SavedState, type StateFile } from "./saved_state.ts";

/** Maximum callers per day. Beyond it, the caller who has spent nothing for the longest time is evicted. */
const MAX_CALLERS = 10_000;

/** Sums of one UTC day, in millionths of a dollar or minute, because integers add exactly. */
interface Day {
  readonly date: string;
  total: number;
  /** Sums by caller pseudonym. The caller who spent most recently is last. */
  readonly callers: BoundedMap<string, number>;
}

const DAY_MS = 86_400_000;
/** Days whose sums are kept: a system clock that is wrong for a while must not set today's sums to 0. */
const MAX_DAYS = 3;
const AMOUNT = z.int().nonnegative();
const DAY = z.object({
  date: z.iso.date(),
  total: AMOUNT,
  callers: z.record(z.string().regex(/^[0-9a-f]{64}$/), AMOUNT),
});
/** The day of the last change, and the others. */
const BUDGET_FILE = DAY.extend({ others: z.array(DAY).optional() });

/** Sums the money or minutes that calls use: per call, per caller and day, and per day (UTC), for all assistants together. */
export class Budget {
  readonly #clock: Clock;
  readonly #saved: SavedState<z.infer<typeof BUDGET_FILE>>;
  readonly #pseudonym: Pseudonym;
  /** By date. The day of the last access is last. */
  readonly #days = new BoundedMap<string, Day>(MAX_DAYS);
  /** The day of the last access, and its number since 1970. */
  #present: { readonly number: number; readonly day: Day } | undefined;

  constructor(
    options: {
      readonly clock: Clock;
      readonly log: Log;
      readonly pseudonym: Pseudonym;
      readonly file: StateFile;
    },
  ) {
    this.#clock = options.clock;
    this.#pseudonym = options.pseudonym;
    this.#saved = new SavedState({
      ...options,
      name: "budget",
      schema: BUDGET_FILE,
      current: () => this.#savedDays(),
    });
    const saved = this.#saved.read();
    for (const { date, total, callers } of saved ? [...saved.others ?? [], saved] : []) {
      const sums = new BoundedMap<string, number>(MAX_CALLERS);
      for (const [caller, sum] of Object.entries(callers)) sums.set(caller, sum);
      this.#days.set(date, { date, total, callers: sums });
    }
  }

  /**
   * The exhausted budget, if any: the caller's or the day's. Callers who withhold their number share one.
   *
   * @param next An amount that would be charged next.
   */
  exhaustedLimit(caller: string, limits: BudgetLimits, next = 0): "call" | "caller" | "day" | undefined {
    const { total, callers } = this.#today();
    const units = toMillionths(next);
    if (units > 0 && units >= toMillionths(limits.perCall)) return "call";
    if ((callers.get(this.#pseudonym(caller)) ?? 0) + units >= toMillionths(limits.perCallerDay)) {
      return "caller";
    }
    return total + units >= toMillionths(limits.perDay) ? "day" : undefined;
  }

  /**
   * Starts to meter a call.
   *
   * @returns A function that adds an amount. It returns `over` once when a limit is reached, and `warn` once when the call
   * has used 80 % of the budget left at its start. (80 % of the whole budget would warn every call late in the day.)
   */
  meter(caller: string, limits: BudgetLimits): (amount: number) => BudgetState {
    return this.meterPseudonym(this.#pseudonym(caller), limits);
  }

  /** Continues to meter a call whose caller is known by their pseudonym. */
  meterPseudonym(id: string, limits: BudgetLimits): (amount: number) => BudgetState {
    let call = 0;
    const bounds = [
      { limit: toMillionths(limits.perCall), sum: () => call },
      { limit: toMillionths(limits.perCallerDay), sum: () => this.#today().callers.get(id) ?? 0 },
      { limit: toMillionths(limits.perDay), sum: () => this.#today().total },
    ].map(({ limit, sum }) => ({ limit, sum, before: sum() }));
    let reported = 0;
    return (amount) => {
      call = saturatingAdd(call, this.#add(id, amount));
      const over = bounds.some(({ limit, sum }) => sum() >= limit);
      const near = bounds.some(({ limit, sum, before }) => 5 * (sum() - before) >= 4 * (limit - before));
      const level = over ? 2 : near ? 1 : 0;
      if (level <= reported) return "ok";
      reported = level;
      return over ? "over" : "warn";
    };
  }

  /** Writes pending changes. Nothing is written afterwards. */
  async close(): Promise<void> {
    await this.#saved.close();
  }

  /** Adds an amount to today's sums, unless it is negative, infinite or NaN; returns it in millionths. */
  #add(id: string, amount: number): number {
    const units = amount >= 0 ? toMillionths(amount) : NaN;
    if (!Number.isSafeInteger(units)) return 0;
    const day = this.#today();
    day.total = saturatingAdd(day.total, units);
    day.callers.set(id, saturatingAdd(day.callers.get(id) ?? 0, units));
    this.#saved.changed();
    return units;
  }

  #today(): Day {
    const number = Math.floor(this.#clock.wallTime() / DAY_MS);
    if (this.#present?.number !== number) {
      const date = new Date(number * DAY_MS).toISOString().slice(0, 10);
      const day = this.#days.get(date) ??
        { date, total: 0, callers: new BoundedMap<string, number>(MAX_CALLERS) };
      this.#days.set(date, day);
      this.#present = { number, day };
    }
    return this.#present.day;
  }

  #savedDays(): z.infer<typeof BUDGET_FILE> {
    const days = [...this.#days.values()].map((day) => ({
      ...day,
      callers: Object.fromEntries(day.callers),
    }));
    const [last = { date: "", total: 0, callers: {} }, ...others] = days.reverse();
    return { ...last, ...(others.length > 0 ? { others: others.reverse() } : {}) };
  }
}

/** Converts an amount to millionths; undefined means no limit. */
function toMillionths(amount = Infinity): number {
  return Math.round(amount * 1e6);
}

/** Adds, limited to safe integers. */
function saturatingAdd(sum: number, amount: number): number {
  return Math.min(sum + amount, Number.MAX_SAFE_INTEGER);
}
