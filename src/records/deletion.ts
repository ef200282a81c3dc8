import type { DatabaseSync } from "node:sqlite";
import { indexCall, isoTime, numberOf, removeCall, textOf, unindexCall } from "./call_rows.ts";
import { NumberMatcher } from "./number_matcher.ts";
import { closeCall, openCallParties } from "./open_calls.ts";
import { inTransaction } from "./migrations.ts";

/** The calls in which a phone number occurs. */
export interface NumberMatches {
  /** CallSids of calls from and to it. */
  readonly calls: readonly string[];
  /** CallSids of other calls that mention it in a transcript, event, summary or message. */
  readonly mentions: readonly string[];
}

/** Every column whose text can mention a number. */
const TEXTS = [
  { table: "calls", key: "id", column: "summary" },
  { table: "turns", key: "call_id", column: "text" },
  { table: "events", key: "call_id", column: "name" },
  { table: "events", key: "call_id", column: "detail" },
  { table: "events", key: "call_id", column: "arguments" },
  { table: "events", key: "call_id", column: "result" },
  { table: "messages", key: "call_id", column: "name" },
  { table: "messages", key: "call_id", column: "number" },
  { table: "messages", key: "call_id", column: "message" },
] as const;

/** The calls that {@linkcode forgetNumber} would delete or change. Reads all texts: 1 s for 10,000 calls. */
export function findNumber(db: DatabaseSync, number: string): NumberMatches {
  return listMatches(findMatches(db, new NumberMatcher(number)));
}

/**
 * Deletes the calls from and to a number and redacts it in the texts of all other calls. Nothing of it remains in the
 * bytes of the file. Blocks other writers, for seconds with 10,000 calls.
 *
 * @throws {Error} when SQLite fails, or when another connection reads longer than the busy timeout. Retry then.
 */
export function forgetNumber(db: DatabaseSync, number: string): NumberMatches {
  const about = new NumberMatcher(number);
  // Rewriting a table must not cascade to the rows of the others.
  db.exec("PRAGMA foreign_keys = OFF");
  try {
    const deletedCounts = inTransaction(db, () => {
      const matches = findMatches(db, about);
      const { calls, mentions, openCalls } = matches;
      for (const callSid of [...openCalls, ...calls.values()]) closeCall(db, callSid);
      for (const id of calls.keys()) {
        removeCall(db, id);
        for (const table of CHILD_TABLES) db.prepare(`DELETE FROM ${table} WHERE call_id = ?`).run(id);
      }
      for (const id of mentions.keys()) redactCall(db, id, about);
      rewriteTables(db);
      return listMatches(matches);
    });
    releasePages(db);
    truncateLog(db);
    return deletedCounts;
  } finally {
    db.exec("PRAGMA foreign_keys = ON");
  }
}

/**
 * Deletes up to `limit` calls that started before a time, oldest first, and returns their CallSids.
 *
 * @throws {RangeError} for an invalid time.
 */
export function deleteBefore(db: DatabaseSync, time: string, limit: number): string[] {
  const rows = db.prepare("SELECT id, call_sid FROM calls WHERE started_at < ? ORDER BY started_at LIMIT ?")
    .all(isoTime(time), limit);
  inTransaction(db, () => {
    for (const { id } of rows) removeCall(db, numberOf(id));
  });
  releasePages(db);
  return rows.map(({ call_sid }) => textOf(call_sid));
}

/** Frees unused pages; the pragma frees one page per row fetched. */
function releasePages(db: DatabaseSync): void {
  db.prepare("PRAGMA incremental_vacuum").all();
}

function truncateLog(db: DatabaseSync): void {
  const { busy } = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? {};
  if (busy !== 0) {
    throw new Error(
      "Cannot truncate the call database's write-ahead log: another process has it open. Try again.",
    );
  }
}

const CHILD_TABLES = ["turns", "events", "messages"] as const;

function listMatches({ calls, mentions, openCalls }: ReturnType<typeof findMatches>): NumberMatches {
  return { calls: [...new Set([...calls.values(), ...openCalls])], mentions: [...mentions.values()] };
}

function findMatches(db: DatabaseSync, number: NumberMatcher) {
  const calls = new Map<number, string>();
  const mentions = new Map<number, string>();
  for (const row of db.prepare("SELECT id, call_sid, from_number, to_number FROM calls").iterate()) {
    const parties = [textOf(row.from_number), textOf(row.to_number)];
    if (parties.some((party) => number.isParty(party))) calls.set(numberOf(row.id), textOf(row.call_sid));
  }
  for (const { table, key, column } of TEXTS) {
    const texts = db.prepare(
      `SELECT ${table}.${key} AS id, ${column} AS text, call_sid FROM ${table}
        ${table === "calls" ? "" : "JOIN calls ON id = call_id"} WHERE ${column} GLOB '*[0-9]*[0-9]*'`,
    );
    for (const { id, text, call_sid } of texts.iterate()) {
      if (calls.has(numberOf(id)) || !number.occursIn(textOf(text))) continue;
      mentions.set(numberOf(id), textOf(call_sid));
    }
  }
  // A call in progress, or one that a crash interrupted: its recording exists.
  const openCalls = openCallParties(db).filter(({ from, to }) => number.isParty(from) || number.isParty(to))
    .map(({ callSid }) => callSid);
  return { calls, mentions, openCalls };
}

function redactCall(db: DatabaseSync, id: number, number: NumberMatcher): void {
  unindexCall(db, id);
  for (const { table, key, column } of TEXTS) {
    const position = table === "calls" ? "0" : "position";
    const rows = db.prepare(
      `SELECT ${position} AS position, ${column} AS text FROM ${table} WHERE ${key} = ?`,
    )
      .all(id);
    const update = db.prepare(
      `UPDATE ${table} SET ${column} = ? WHERE ${key} = ? ${table === "calls" ? "" : "AND position = ?"}`,
    );
    for (const { position: at, text } of rows) {
      if (typeof text !== "string" || !number.occursIn(text)) continue;
      if (table === "calls") update.run(number.redact(text), id);
      else update.run(number.redact(text), id, numberOf(at));
    }
  }
  indexCall(db, id);
}

/**
 * Rewrites every table. SQLite's `secure_delete` zeroes deleted rows, but not the copies left in a page when rows move to
 * its neighbour; freed pages are zeroed whole. `VACUUM` would do the same, but Deno denies it with narrow permissions.
 */
function rewriteTables(db: DatabaseSync): void {
  for (const table of ["calls", "open_calls", ...CHILD_TABLES]) {
    db.exec(`CREATE TEMP TABLE kept AS SELECT * FROM main.${table};
      DELETE FROM main.${table};
      INSERT INTO main.${table} SELECT * FROM kept;
      DROP TABLE kept`);
  }
  db.exec("INSERT INTO call_index (call_index) VALUES ('rebuild')");
}
