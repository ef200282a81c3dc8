import type { DatabaseSync } from "node:sqlite";
import { BoundedMap } from "../bounded_map.ts";
import type { Cancel, Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { isDiskFull } from "../file_error.ts";
import type { Log } from "../telemetry/log.ts";
import { isCorrupt, openCallDatabase, setAside } from "./call_database.ts";
import { type CallPage, type CallQuery, listCalls } from "./call_list.ts";
import type { CallRecord, EndedCall } from "./call_record.ts";
import { readCall, writeCall } from "./call_rows.ts";
import { callStats, type DayStats, listAssistants, type StatsQuery } from "./call_stats.ts";
import { deleteBefore, findNumber, forgetNumber, type NumberMatches } from "./deletion.ts";
import { inTransaction } from "./migrations.ts";
import { closeCall, endOpenCall, openCall, unreportedCalls } from "./open_calls.ts";

/** How long records are collected for one write (ms). */
const BATCH_MS = 250;
/** Pause after a failed write (ms). */
const RETRY_MS = 5_000;
/** Maximum number of queued records while writes fail; beyond it the oldest is dropped. */
const MAX_QUEUED = 1_000;
/** Batch size and pause (ms) of deletions: short enough not to delay calls in progress. */
const DELETE_BATCH = 10;
const DELETE_PAUSE_MS = 20;

/** Records of ended calls in a SQLite file. Reads throw SQLite's errors; writes never throw. */
export class CallStore {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Undefined while the disk is full. */
  #db: DatabaseSync | undefined;
  /** Identity of the file that `#db` has open. */
  #file: string | undefined;
  readonly #onStatus: (status: StoreStatus) => void;
  readonly #queue = new BoundedMap<string, QueuedRecord>(MAX_QUEUED, (callSid, { record }) => {
    if (isEnded(record)) this.#drop(callSid, `${MAX_QUEUED} records are queued`);
  });
  #cancelTimer: Cancel | undefined;
  #failing = false;
  #failures = 0;
  #lost = 0;
  #closed = false;

  /**
   * Opens the file. A corrupt file is renamed and replaced by a new one. While the disk is full, records are queued.
   *
   * @param path File, or `:memory:`.
   * @param onStatus Called when the status changes.
   * @throws {NewerFileError} when a newer Parley wrote it.
   * @throws {Error} when the file can be neither opened nor created.
   */
  constructor(path: string, clock: Clock, log: Log, onStatus: (status: StoreStatus) => void = () => {}) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#onStatus = onStatus;
    try {
      this.#database();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      log.error("call database not open", { file: path, problem: messageOf(error) });
    }
  }

  get #status(): StoreStatus {
    return { waiting: this.#queue.size, failures: this.#failures, lost: this.#lost };
  }

  /**
   * The open database. Opens it, and opens it again when somebody deleted or replaced the file.
   *
   * @throws {Error} when it can be neither opened nor created.
   */
  #database(): DatabaseSync {
    if (this.#db && this.#file !== identityOf(this.#path)) {
      this.#log.error("call database vanished", { file: this.#path, remedy: "a new one was created" });
      this.#db.close();
      this.#db = undefined;
      this.#file = undefined;
    }
    try {
      this.#db ??= open(this.#path);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.#db = this.#replaceCorrupt(error);
    }
    this.#file ??= identityOf(this.#path);
    return this.#db;
  }

  /** Failed writes. */
  get failures(): number {
    return this.#failures;
  }

  /** Records that were dropped. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * Queues a record. It replaces an earlier record of the same call. Never throws.
   *
   * @param reported Whether its webhook is safe. Otherwise {@linkcode CallStore.unreported} lists the call after a crash.
   */
  write(record: EndedCall, reported = true): void {
    if (this.#closed) return this.#drop(record.callSid, "the store is closed");
    this.#enqueue(record, reported);
  }

  /** Notes that a call is in progress. After a crash, {@linkcode CallStore.unreported} lists it. Never throws. */
  start(record: CallRecord): void {
    if (this.#closed) return;
    // A call that came back: its first part must not be replaced.
    if (this.#queuesEnded(record.callSid)) this.flush();
    if (!this.#queuesEnded(record.callSid)) this.#enqueue(record, false);
  }

  /** The calls that an earlier process did not report, or did not end: those ended as "interrupted". */
  unreported(): EndedCall[] {
    return unreportedCalls(this.#database());
  }

  /** Writes the queue now; records stay queued when it fails. Never throws. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#closed || this.#queue.size === 0) return;
    try {
      this.#writeAll();
      this.#failing = false;
    } catch (error) {
      this.#failures++;
      if (!this.#failing) {
        this.#log.error("call records not written", { records: this.#queue.size, problem: messageOf(error) });
      }
      this.#failing = true;
      const busy = messageOf(error).includes("locked");
      this.#cancelTimer = this.#clock.after(busy ? BATCH_MS : RETRY_MS, () => this.flush());
    }
    this.#onStatus(this.#status);
  }

  /** Lists calls, newest first, without those still queued. @throws {RangeError} for an invalid query. */
  list(query: CallQuery = {}): CallPage {
    return listCalls(this.#database(), query);
  }

  get(callSid: string): EndedCall | undefined {
    const queued = this.#queue.get(callSid)?.record;
    return queued && isEnded(queued) ? queued : readCall(this.#database(), callSid);
  }

  /** Sums by day and assistant. @throws {RangeError} for an invalid query. */
  stats(query: StatsQuery = {}): DayStats[] {
    return callStats(this.#database(), query);
  }

  /** The assistants of all calls, sorted. */
  assistants(): string[] {
    return listAssistants(this.#database());
  }

  /** The calls that {@linkcode CallStore.forget} would delete or change. */
  findNumber(number: string): NumberMatches {
    this.flush();
    return findNumber(this.#database(), number);
  }

  /** Deletes a phone number. Blocks this thread, for seconds with 10,000 calls. See {@linkcode forgetNumber}. */
  forget(number: string): NumberMatches {
    this.flush();
    return forgetNumber(this.#database(), number);
  }

  /**
   * Deletes calls that started before a time, in small batches.
   *
   * @param time ISO 8601.
   * @returns their CallSids.
   * @throws {RangeError} for an invalid time.
   */
  async deleteBefore(time: string): Promise<string[]> {
    const deleted: string[] = [];
    const limit = DELETE_BATCH;
    try {
      for (let count = limit; count === limit && !this.#closed;) {
        const some = deleteBefore(this.#database(), time, limit);
        count = deleted.push(...some) && some.length;
        if (count === limit) await new Promise<void>((then) => this.#clock.after(DELETE_PAUSE_MS, then));
      }
    } catch (error) {
      if (error instanceof RangeError) throw error;
      this.#log.error("old calls not deleted", { deleted: deleted.length, problem: messageOf(error) });
    }
    return deleted;
  }

  /** Writes the queue and closes the file. Never throws. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#cancelTimer?.();
    this.#closed = true;
    for (const [callSid, { record }] of this.#queue) {
      if (isEnded(record)) this.#drop(callSid, "the last write failed");
    }
    this.#db?.close();
  }

  #queuesEnded(callSid: string): boolean {
    const queued = this.#queue.get(callSid);
    return queued !== undefined && isEnded(queued.record);
  }

  #enqueue(record: CallRecord | EndedCall, reported: boolean): void {
    this.#queue.set(record.callSid, { record, reported });
    this.#cancelTimer ??= this.#clock.after(BATCH_MS, () => this.flush());
  }

  /** Writes the queue in one transaction. @throws SQLite's error. */
  #writeAll(): void {
    const invalid: [callSid: string, problem: string][] = [];
    const write = () => {
      const db = this.#database();
      inTransaction(db, () => {
        for (const queued of this.#queue.values()) {
          const problem = this.#writeOne(db, queued);
          if (problem !== undefined) invalid.push([queued.record.callSid, problem]);
        }
      });
    };
    try {
      write();
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.#db?.close();
      this.#db = this.#replaceCorrupt(error);
      write();
    }
    this.#queue.clear();
    for (const [callSid, problem] of invalid) this.#drop(callSid, problem);
  }

  /** Writes one record. Returns the problem of a record that can never be written. */
  #writeOne(db: DatabaseSync, { record, reported }: QueuedRecord): string | undefined {
    db.exec("SAVEPOINT record");
    try {
      if (isEnded(record)) {
        writeCall(db, record);
        if (reported) closeCall(db, record.callSid);
        else endOpenCall(db, record.callSid);
      } else openCall(db, record);
      db.exec("RELEASE record");
      return undefined;
    } catch (error) {
      if (!isInvalidRecord(error)) throw error;
      db.exec("ROLLBACK TO record; RELEASE record");
      return messageOf(error);
    }
  }

  #replaceCorrupt(error: unknown): DatabaseSync {
    const aside = setAside(this.#path, this.#clock.wallTime());
    this.#log.error("call database corrupt", {
      file: this.#path,
      set_aside: aside,
      problem: messageOf(error),
    });
    const db = open(this.#path);
    this.#file = identityOf(this.#path);
    return db;
  }

  #drop(call: string, problem: string): void {
    this.#lost++;
    this.#log.error("call record lost", { call, problem });
    this.#onStatus(this.#status);
  }
}

/** Identity of the file at this path; undefined when there is none. */
function identityOf(path: string): string | undefined {
  if (path === ":memory:") return path;
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev} ${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Condition of a {@linkcode CallStore}. */
export interface StoreStatus {
  /** Records in memory only. */
  readonly waiting: number;
  /** Failed writes. */
  readonly failures: number;
  /** Records that were dropped. */
  readonly lost: number;
}

interface QueuedRecord {
  readonly record: CallRecord | EndedCall;
  readonly reported: boolean;
}

function isEnded(record: CallRecord | EndedCall): record is EndedCall {
  return record.state === "ended";
}

/** Opens without a busy timeout: waiting for a lock would block this thread. */
function open(path: string): DatabaseSync {
  const db = openCallDatabase(path);
  db.exec("PRAGMA busy_timeout = 0");
  return db;
}

/** Whether SQLite rejected a value of the record, such as NaN or an invalid time. */
function isInvalidRecord(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError ||
    /constraint failed|cannot store|too big/.test(messageOf(error));
}
