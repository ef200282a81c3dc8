import { z } from "zod";
import type { Clock } from "../clock.ts";
import { parseObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";
import { anonymise } from "./pseudonym.ts";

/** The file is written at most this often (ms): so much is forgotten when the process is killed. */
const WRITE_MS = 10_000;
/** Most callers a day is kept of; beyond that, the one who has not spent anything for longest is forgotten. */
const MOST_CALLERS = 10_000;

/** How much may be used: US dollars, or minutes. What is left out has no limit. */
export interface BudgetLimits {
  /** In one call. */
  readonly perCall?: number | undefined;
  /** In all calls of one caller, a day. */
  readonly perCallerDay?: number | undefined;
  /** In all calls of everybody, a day. */
  readonly perDay?: number | undefined;
}

/** Where sums survive a restart. Whatever it throws is logged, and calls go on. */
export interface BudgetFile {
  /** The text there is; undefined if there is none yet. */
  read(): string | undefined;
  /** Replaces it, as a whole or not at all. */
  write(text: string): Promise<void>;
  /** Gives a text that cannot be read another name. */
  setAside(): void;
}

/** Sums of one UTC day, in millionths: whole numbers add up exactly. */
interface Day {
  readonly date: string;
  total: number;
  /** By hash of the caller; who spent last is last. */
  readonly callers: Map<string, number>;
}

const AMOUNT = z.int().nonnegative();
const KEPT = z.object({
  date: z.iso.date(),
  total: AMOUNT,
  callers: z.record(z.string().regex(/^[0-9a-f]{64}$/), AMOUNT),
});

/** What calls have cost: by call, by caller and day, and by day. Days are UTC, and all assistants share them. */
export class Budget {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #file: BudgetFile;
  #day: Day;
  #ignored = 0;
  #changed = false;
  /** Set from the first change until it is written. */
  #timer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: { readonly clock: Clock; readonly log: Log; readonly file: BudgetFile }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#file = options.file;
    this.#day = this.#read();
  }

  /** How many amounts were no amounts, and not added: negative, infinite, NaN. */
  get ignored(): number {
    return this.#ignored;
  }

  /** Whose limit a call is not taken for, if any. Callers who hide their number are one. */
  refuse(caller: string, limits: BudgetLimits): "caller" | "day" | undefined {
    const { total, callers } = this.#today();
    if ((callers.get(anonymise(caller)) ?? 0) >= micros(limits.perCallerDay)) return "caller";
    return total >= micros(limits.perDay) ? "day" : undefined;
  }

  /**
   * A call begins.
   *
   * @returns adds what it used, and says, once each, that a limit is nearly reached or is reached:
   * `warn` at 80 % of what was left of it when the call began, or else every call late in a day would be warned at once.
   */
  meter(caller: string, limits: BudgetLimits): (amount: number) => "ok" | "warn" | "over" {
    const id = anonymise(caller);
    let call = 0;
    const bounds = [
      { limit: micros(limits.perCall), sum: () => call },
      { limit: micros(limits.perCallerDay), sum: () => this.#today().callers.get(id) ?? 0 },
      { limit: micros(limits.perDay), sum: () => this.#today().total },
    ].map(({ limit, sum }) => ({ limit, sum, before: sum() }));
    let told = 0;
    return (amount) => {
      call = plus(call, this.#add(id, amount));
      const over = bounds.some(({ limit, sum }) => sum() >= limit);
      const near = bounds.some(({ limit, sum, before }) => 5 * (sum() - before) >= 4 * (limit - before));
      const level = over ? 2 : near ? 1 : 0;
      if (level <= told) return "ok";
      told = level;
      return over ? "over" : "warn";
    };
  }

  /** Writes what was not written yet. Nothing is written after that. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.();
    await this.#writing;
    if (this.#changed) await this.#write();
  }

  /** Adds to today's sums; says how much. */
  #add(id: string, amount: number): number {
    const units = amount >= 0 ? micros(amount) : NaN;
    if (!Number.isSafeInteger(units)) {
      this.#ignored++;
      return 0;
    }
    const day = this.#today();
    day.total = plus(day.total, units);
    const sum = plus(day.callers.get(id) ?? 0, units);
    day.callers.delete(id);
    day.callers.set(id, sum);
    const [oldest = id] = day.callers.keys();
    if (day.callers.size > MOST_CALLERS) day.callers.delete(oldest);
    this.#changed = true;
    this.#writeLater();
    return units;
  }

  #today(): Day {
    const date = new Date(this.#clock.wallTime()).toISOString().slice(0, 10);
    if (this.#day.date !== date) this.#day = { date, total: 0, callers: new Map() };
    return this.#day;
  }

  #read(): Day {
    const nothing = { date: "", total: 0, callers: new Map<string, number>() };
    try {
      const text = this.#file.read();
      if (text === undefined) return nothing;
      const { success, data } = KEPT.safeParse(parseObject(text));
      if (success) return { ...data, callers: new Map(Object.entries(data.callers)) };
      this.#log.warn("budget file broken", { remedy: "today's sums begin at 0; the file was set aside" });
      this.#file.setAside();
    } catch (error) {
      this.#log.warn("budget file not read", { why: String(error) });
    }
    return nothing;
  }

  #writeLater(): void {
    if (this.#closed) return;
    this.#timer ??= this.#clock.after(WRITE_MS, () => {
      this.#writing = this.#write();
    });
  }

  async #write(): Promise<void> {
    const { date, total, callers } = this.#day;
    this.#changed = false;
    try {
      await this.#file.write(JSON.stringify({ date, total, callers: Object.fromEntries(callers) }));
    } catch (error) {
      this.#log.warn("budget not written", { why: String(error) });
      this.#changed = true;
    }
    this.#timer = undefined;
    if (this.#changed) this.#writeLater();
  }
}

/** Millionths; no limit is infinite. */
function micros(amount = Infinity): number {
  return Math.round(amount * 1e6);
}

/** A sum that stays a whole number. */
function plus(sum: number, amount: number): number {
  return Math.min(sum + amount, Number.MAX_SAFE_INTEGER);
}
