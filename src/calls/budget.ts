import { z } from "zod";
import type { BudgetLimits } from "../assistants/call_assistant.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { BudgetState } from "../call/call_limits.ts";
import type { Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { parseObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";
import type { Pseudonym } from "./pseudonym.ts";

/** Minimum interval between writes of the file (ms). A killed process loses this much at most. */
const WRITE_INTERVAL_MS = 10_000;
/** Maximum callers per day. Beyond it, the caller who has spent nothing for the longest time is evicted. */
const MAX_CALLERS = 10_000;

/** The file that keeps the sums across restarts. Its errors are logged, and calls continue. */
export interface BudgetFile {
  /** Undefined if the file does not exist. */
  read(): string | undefined;
  /** Replaces the file atomically. */
  write(text: string): Promise<void>;
  /** Renames a corrupt file. */
  quarantine(): void;
}

/** Sums of one UTC day, in millionths of a dollar or minute, because integers add exactly. */
interface Day {
  readonly date: string;
  total: number;
  /** Sums by caller pseudonym. The caller who spent most recently is last. */
  readonly callers: BoundedMap<string, number>;
}

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
  readonly #log: Log;
  readonly #file: BudgetFile;
  readonly #pseudonym: Pseudonym;
  /** By date. The day of the last access is last. */
  readonly #days = new BoundedMap<string, Day>(MAX_DAYS);
  #changed = false;
  /** Cancels the pending write, if any. */
  #cancelWrite: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(
    options: {
      readonly clock: Clock;
      readonly log: Log;
      readonly pseudonym: Pseudonym;
      readonly file: BudgetFile;
    },
  ) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#file = options.file;
    this.#pseudonym = options.pseudonym;
    this.#read();
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
    const id = this.#pseudonym(caller);
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
    this.#closed = true;
    this.#cancelWrite?.();
    await this.#writing;
    if (this.#changed) await this.#write();
  }

  /** Adds an amount to today's sums, unless it is negative, infinite or NaN; returns it in millionths. */
  #add(id: string, amount: number): number {
    const units = amount >= 0 ? toMillionths(amount) : NaN;
    if (!Number.isSafeInteger(units)) return 0;
    const day = this.#today();
    day.total = saturatingAdd(day.total, units);
    day.callers.set(id, saturatingAdd(day.callers.get(id) ?? 0, units));
    this.#changed = true;
    this.#writeLater();
    return units;
  }

  #today(): Day {
    const date = new Date(this.#clock.wallTime()).toISOString().slice(0, 10);
    const day = this.#days.get(date) ??
      { date, total: 0, callers: new BoundedMap<string, number>(MAX_CALLERS) };
    this.#days.set(date, day);
    return day;
  }

  #read(): void {
    try {
      const text = this.#file.read();
      if (text === undefined) return;
      const { success, data } = BUDGET_FILE.safeParse(parseObject(text));
      if (success) {
        for (const { date, total, callers } of [...data.others ?? [], data]) {
          const sums = new BoundedMap<string, number>(MAX_CALLERS);
          for (const [caller, sum] of Object.entries(callers)) sums.set(caller, sum);
          this.#days.set(date, { date, total, callers: sums });
        }
        return;
      }
      this.#log.warn("budget file corrupt", { remedy: "it was renamed; today's sums start at 0" });
      this.#file.quarantine();
    } catch (error) {
      this.#log.warn("budget file not read", { problem: messageOf(error) });
    }
  }

  #writeLater(): void {
    if (this.#closed) return;
    this.#cancelWrite ??= this.#clock.after(WRITE_INTERVAL_MS, () => {
      this.#writing = this.#write();
    });
  }

  async #write(): Promise<void> {
    const days = [...this.#days.values()].map((day) => ({
      ...day,
      callers: Object.fromEntries(day.callers),
    }));
    const earlierDays = days.slice(0, -1);
    this.#changed = false;
    try {
      await this.#file.write(
        JSON.stringify({ ...days.at(-1), ...(earlierDays.length > 0 ? { others: earlierDays } : {}) }),
      );
    } catch (error) {
      this.#log.warn("budget file not written", { problem: messageOf(error) });
      this.#changed = true;
    }
    this.#cancelWrite = undefined;
    if (this.#changed) this.#writeLater();
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
