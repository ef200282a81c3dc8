import type { DatabaseSync } from "node:sqlite";
import { isoTime, numberOf, textOf } from "./call_rows.ts";
import { indexCall, removeCall, unindexCall } from "./call_writer.ts";
import { NumberMatcher } from "./number_matcher.ts";
import { closeCall } from "./open_calls.ts";
import { inTransaction } from "./migrations.ts";

/** The calls in which a phone number occurs. */
export interface NumberMatches {
  /** CallSids of calls from and to it. */
  readonly calls: readonly string[];
  /** CallSids of other calls that mention it in a transcript, event, summary or message. */
  readonly mentions: readonly string[];
}

/** Every column whose text can mention a number. */
const TEXTS = {
  calls: ["summary"],
  turns: ["text"],
  events: ["name", "detail", "arguments", "result"],
  messages: ["name", "number", "message"],
} as const;
/** Their rows belong to a call. */
const CHILD_TABLES = ["turns", "events", "messages"] as const;

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
      for (const id of mentions.keys()) redactCall(db, id);
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

function listMatches({ calls, mentions, openCalls }: ReturnType<typeof findMatches>): NumberMatches {
  return { calls: [...new Set([...calls.values(), ...openCalls])], mentions: [...mentions.values()] };
}

/** Calls from and to the number, and others that mention it: CallSids by ID. Defines the function `redact` for SQL. */
function findMatches(db: DatabaseSync, number: NumberMatcher) {
  db.function("is_party", (party) => Number(number.isParty(textOf(party))));
  db.function("redact", (text) => typeof text === "string" ? number.redact(text) : text);
  const find = (from: string, condition: string) =>
    db.prepare(`SELECT DISTINCT id, call_sid FROM ${from} WHERE ${condition}`).all()
      .map(({ id, call_sid }) => [numberOf(id), textOf(call_sid)] as const);
  const calls = new Map(find("calls", "is_party(from_number) OR is_party(to_number)"));
  const mentions = new Map(
    Object.entries(TEXTS).flatMap(([table, columns]) =>
      columns.flatMap((column) =>
        find(
          table === "calls" ? table : `${table} JOIN calls ON id = call_id`,
          // GLOB is much faster than redact().
          `${column} GLOB '*[0-9]*[0-9]*' AND redact(${column}) <> ${column}`,
        )
      )
    ).filter(([id]) => !calls.has(id)),
  );
  // A call in progress, or one that a crash interrupted: its recording exists.
  const openCalls = db.prepare(
    "SELECT call_sid FROM open_calls WHERE record NOT NULL AND (is_party(record ->> 'from') OR is_party(record ->> 'to'))",
  ).all().map(({ call_sid }) => textOf(call_sid));
  return { calls, mentions, openCalls };
}

function redactCall(db: DatabaseSync, id: number): void {
  unindexCall(db, id);
  for (const [table, columns] of Object.entries(TEXTS)) {
    const changes = columns.map((column) => `${column} = redact(${column})`).join(", ");
    db.prepare(`UPDATE ${table} SET ${changes} WHERE ${table === "calls" ? "id" : "call_id"} = ?`).run(id);
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
