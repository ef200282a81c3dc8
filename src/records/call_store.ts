import type { DatabaseSync } from "node:sqlite";
import { BoundedMap } from "../bounded_map.ts";
import type { Cancel, Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { isDiskFull } from "../file_error.ts";
import type { Log } from "../telemetry/log.ts";
import { CallDatabaseFile } from "./call_database_file.ts";
import { type CallPage, type CallQuery, listCalls } from "./call_list.ts";
import type { CallRecord, EndedCall } from "./call_record.ts";
import { readCall } from "./call_rows.ts";
import { callStats, type DayStats, listAssistants, type StatsQuery } from "./call_stats.ts";
import { deleteBefore } from "./deletion.ts";
import { inTransaction } from "./migrations.ts";
import { isEnded, type QueuedRecord, writeRecord } from "./call_writer.ts";
import { unreportedCalls } from "./open_calls.ts";
import { beginPlacement, type EarlierPlacement, endPlacement } from "./placements.ts";

/** How long records are collected for one write (ms). */
const BATCH_MS = 250;
/** Pause after a failed write (ms). */
const RETRY_MS = 5_000;
/** Maximum number of queued records while writes fail; beyond it the oldest is dropped. */
const MAX_QUEUED = 1_000;
/** Batch size and pause (ms) of deletions: short enough not to delay calls in progress. */
const DELETE_BATCH = 10;
const DELETE_PAUSE_MS = 20;

/** Condition of a {@linkcode CallStore}. */
export interface StoreStatus {
  /** Records in memory only. */
  readonly waiting: number;
  /** Failed writes. */
  readonly failures: number;
  /** Records that were dropped. */
  readonly lost: number;
}

/** Records of ended calls in a SQLite file. Reads throw SQLite's errors; writes never throw. */
export class CallStore {
  readonly #file: CallDatabaseFile;
  readonly #clock: Clock;
  readonly #log: Log;
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
   * Opens the file. While the disk is full, records are queued.
   *
   * @param path File, or `:memory:`.
   * @param onStatus Called when the status changes.
   * @throws {NewerFileError} when a newer Parley wrote it.
   * @throws {Error} when the file can be neither opened nor created.
   */
  constructor(path: string, clock: Clock, log: Log, onStatus: (status: StoreStatus) => void = () => {}) {
    this.#file = new CallDatabaseFile(path, clock, log);
    this.#clock = clock;
    this.#log = log;
    this.#onStatus = onStatus;
    try {
      void this.#file.database;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      log.error("call database not open", { file: path, problem: messageOf(error) });
    }
  }

  get status(): StoreStatus {
    return { waiting: this.#queue.size, failures: this.#failures, lost: this.#lost };
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
    // A resumed call: its first part must not be replaced.
    if (this.#queuedEnd(record.callSid)) this.flush();
    if (!this.#queuedEnd(record.callSid)) this.#enqueue(record, false);
  }

  /** The calls that an earlier process did not report, or did not end: those ended as "interrupted". */
  unreported(): EndedCall[] {
    return unreportedCalls(this.#file.database);
  }

  /**
   * Notes a `POST /calls` request with this `Idempotency-Key`, on disk. Never throws.
   *
   * @param request Its content, to recognise a key that is used for another request.
   * @returns the earlier request with this key, of the last 24 h.
   */
  beginPlacement(key: string, request: string): EarlierPlacement | undefined {
    return this.#notePlacement((db) => beginPlacement(db, key, request, this.#clock.wallTime()));
  }

  /** Notes the answer to a request, JSON text; without one, the key may be used again. Never throws. */
  endPlacement(key: string, answer: string | undefined): void {
    this.#notePlacement((db) => endPlacement(db, key, answer));
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
    this.#onStatus(this.status);
  }

  /** Lists calls, newest first, without those still queued. @throws {RangeError} for an invalid query. */
  list(query: CallQuery = {}): CallPage {
    return listCalls(this.#file.database, query);
  }

  get(callSid: string): EndedCall | undefined {
    return this.#queuedEnd(callSid) ?? readCall(this.#file.database, callSid);
  }

  /** Sums by day and assistant. @throws {RangeError} for an invalid query. */
  stats(query: StatsQuery = {}): DayStats[] {
    return callStats(this.#file.database, query);
  }

  /** The assistants of all calls, sorted. */
  assistants(): string[] {
    return listAssistants(this.#file.database);
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
    try {
      while (!this.#closed) {
        const some = deleteBefore(this.#file.database, time, DELETE_BATCH);
        deleted.push(...some);
        if (some.length < DELETE_BATCH) break;
        await new Promise<void>((resolve) => this.#clock.after(DELETE_PAUSE_MS, resolve));
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
    this.#file.close();
  }

  #queuedEnd(callSid: string): EndedCall | undefined {
    const record = this.#queue.get(callSid)?.record;
    return record && isEnded(record) ? record : undefined;
  }

  #enqueue(record: CallRecord | EndedCall, reported: boolean): void {
    this.#queue.set(record.callSid, { record, reported });
    this.#cancelTimer ??= this.#clock.after(BATCH_MS, () => this.flush());
  }

  /** Writes the queue in one transaction. @throws SQLite's error. */
  #writeAll(): void {
    const invalid = this.#file.replaceIfCorrupt(() => {
      const db = this.#file.database;
      return inTransaction(
        db,
        () => [...this.#queue.values()].flatMap((queued) => writeRecord(db, queued) ?? []),
      );
    });
    this.#queue.clear();
    for (const { callSid, problem } of invalid) this.#drop(callSid, problem);
  }

  #notePlacement<Result>(work: (db: DatabaseSync) => Result): Result | undefined {
    if (this.#closed) return undefined;
    try {
      return work(this.#file.database);
    } catch (error) {
      this.#log.error("idempotency key not stored", { problem: messageOf(error) });
      return undefined;
    }
  }

  #drop(call: string, problem: string): void {
    this.#lost++;
    this.#log.error("call record lost", { call, problem });
    this.#onStatus(this.status);
  }
}
