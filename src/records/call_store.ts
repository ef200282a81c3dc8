import type { DatabaseSync } from "node:sqlite";
import type { Cancel, Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import { isBroken, openCallFile, setAside } from "./call_file.ts";
import { type CallPage, type CallQuery, listCalls } from "./call_list.ts";
import type { CallRecord } from "./call_record.ts";
import { readCall, writeCall } from "./call_rows.ts";
import { callStats, type DayStats, type StatsQuery } from "./call_stats.ts";
import { deleteBefore, forget, type Traces, tracesOf } from "./forget.ts";
import { inTransaction } from "./migrations.ts";

/** How long records are put together (ms). */
const BATCH_MS = 250;
/** Pause after the disk failed (ms). */
const RETRY_MS = 5_000;
/** Records that wait while the disk fails; then the oldest are lost. */
const MAX_WAITING = 1_000;
/** Old calls deleted at a time, and the pause after them (ms): no call in progress should notice. */
const DELETED_AT_ONCE = 10;
const DELETE_PAUSE_MS = 20;

/** The records of all calls that are over, in one file of SQLite. Reads throw what the disk throws; writes never do. */
export class CallStore {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #db: DatabaseSync;
  #waiting = new Map<string, CallRecord>();
  #cancelTimer: Cancel | undefined;
  #failing = false;
  #failures = 0;
  #lost = 0;
  #closed = false;

  /**
   * Opens the file; one that is broken is renamed, and a new one begun.
   *
   * @param path A file's, or `:memory:`.
   * @throws {NewerFileError} when a newer Parley wrote it.
   * @throws {Error} when there can be no file at this place.
   */
  constructor(path: string, clock: Clock, log: Log) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    try {
      this.#db = open(path);
    } catch (error) {
      if (!isBroken(error)) throw error;
      this.#db = this.#beginAnew(error);
    }
  }

  /** How often the disk failed to take records. */
  get failures(): number {
    return this.#failures;
  }

  /** How many records could not be kept. */
  get lost(): number {
    return this.#lost;
  }

  /** Keeps a record, a moment later; an earlier one of the same call is replaced. Never throws. */
  write(record: CallRecord): void {
    if (this.#closed) return this.#lose(record.callSid, "the store is closed");
    this.#waiting.set(record.callSid, record);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MAX_WAITING && oldest !== undefined) {
      this.#waiting.delete(oldest);
      this.#lose(oldest, `${MAX_WAITING} records wait for the disk`);
    }
    this.#cancelTimer ??= this.#clock.after(BATCH_MS, () => this.flush());
  }

  /** Writes now what waits. Never throws; what the disk does not take waits on. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#closed || this.#waiting.size === 0) return;
    try {
      this.#writeAll();
      this.#failing = false;
    } catch (error) {
      this.#failures++;
      if (!this.#failing) {
        this.#log.error("call records wait", { records: this.#waiting.size, problem: messageOf(error) });
      }
      this.#failing = true;
      const busy = messageOf(error).includes("locked");
      this.#cancelTimer = this.#clock.after(busy ? BATCH_MS : RETRY_MS, () => this.flush());
    }
  }

  /** Calls, the newest first. What was written in the last quarter of a second may be missing. @throws {RangeError} */
  list(query: CallQuery = {}): CallPage {
    return listCalls(this.#db, query);
  }

  /** One call, with all that is known of it. */
  get(callSid: string): CallRecord | undefined {
    return this.#waiting.get(callSid) ?? readCall(this.#db, callSid);
  }

  /** Sums by day and assistant. @throws {RangeError} when a time is none. */
  stats(query: StatsQuery = {}): DayStats[] {
    return callStats(this.#db, query);
  }

  /** What {@linkcode CallStore.forget} would delete or change. */
  traces(number: string): Traces {
    this.flush();
    return tracesOf(this.#db, number);
  }

  /** Deletes everything about a phone number; holds up everything else, seconds for ten thousand calls. See {@linkcode forget}. */
  forget(number: string): Traces {
    this.flush();
    return forget(this.#db, number);
  }

  /**
   * Deletes calls begun before a time, few at a time, beside everything else.
   *
   * @returns their CallSids.
   * @throws {RangeError} when it is no time.
   */
  async deleteBefore(time: string): Promise<string[]> {
    const deleted: string[] = [];
    const limit = DELETED_AT_ONCE;
    try {
      for (let count = limit; count === limit && !this.#closed;) {
        const some = deleteBefore(this.#db, time, limit);
        count = deleted.push(...some) && some.length;
        if (count === limit) await new Promise<void>((then) => this.#clock.after(DELETE_PAUSE_MS, then));
      }
    } catch (error) {
      if (error instanceof RangeError) throw error;
      this.#log.error("old calls not deleted", { deleted: deleted.length, problem: messageOf(error) });
    }
    return deleted;
  }

  /** Writes what waits, and closes the file. Never throws. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#cancelTimer?.();
    this.#closed = true;
    for (const callSid of this.#waiting.keys()) this.#lose(callSid, "the disk did not take it");
    this.#db.close();
  }

  /** @throws when the disk fails; then nothing was written. */
  #writeAll(): void {
    const bad: [string, string][] = [];
    const write = () =>
      inTransaction(this.#db, () => {
        for (const record of this.#waiting.values()) {
          const problem = this.#writeOne(record);
          if (problem !== undefined) bad.push([record.callSid, problem]);
        }
      });
    try {
      write();
    } catch (error) {
      if (!isBroken(error)) throw error;
      this.#db.close();
      this.#db = this.#beginAnew(error);
      write();
    }
    this.#waiting.clear();
    for (const [callSid, problem] of bad) this.#lose(callSid, problem);
  }

  /** Writes one record; why not, if it is the record's own fault: it would never go in. */
  #writeOne(record: CallRecord): string | undefined {
    this.#db.exec("SAVEPOINT record");
    try {
      writeCall(this.#db, record);
      this.#db.exec("RELEASE record");
      return undefined;
    } catch (error) {
      if (!isOwnFault(error)) throw error;
      this.#db.exec("ROLLBACK TO record; RELEASE record");
      return messageOf(error);
    }
  }

  #beginAnew(error: unknown): DatabaseSync {
    const aside = setAside(this.#path, this.#clock.wallTime());
    this.#log.error("call records broken", { file: this.#path, set_aside: aside, problem: messageOf(error) });
    return open(this.#path);
  }

  #lose(call: string, problem: string): void {
    this.#lost++;
    this.#log.error("call record lost", { call, problem });
  }
}

/** A file that nobody waits for: meanwhile no call's audio would move. */
function open(path: string): DatabaseSync {
  const db = openCallFile(path);
  db.exec("PRAGMA busy_timeout = 0");
  return db;
}

/** A value no column takes, or that is none at all. */
function isOwnFault(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError ||
    /constraint failed|cannot store|too big/.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
