import type { DatabaseSync } from "node:sqlite";
import { indexCall, isoTime, numberOf, removeCall, textOf, unindexCall } from "./call_rows.ts";
import { PhoneNumber } from "./stored_phone_number.ts";
import { inTransaction } from "./migrations.ts";

/** What the file has of a phone number. */
export interface Traces {
  /** CallSids of the calls from and to it. */
  readonly calls: readonly string[];
  /** CallSids of other calls in which it is written: in what was said, done, summed up, or left as a message. */
  readonly mentions: readonly string[];
}

/** Every text of a call that somebody may have put a number into, with its row. */
const TEXTS = [
  { table: "calls", key: "id", column: "summary" },
  { table: "turns", key: "call_id", column: "text" },
  { table: "events", key: "call_id", column: "name" },
  { table: "events", key: "call_id", column: "detail" },
  { table: "messages", key: "call_id", column: "name" },
  { table: "messages", key: "call_id", column: "number" },
  { table: "messages", key: "call_id", column: "message" },
] as const;

/** What {@linkcode forget} would delete or change. Reads every text: a second for ten thousand calls. */
export function tracesOf(db: DatabaseSync, number: string): Traces {
  const { calls, mentions } = find(db, new PhoneNumber(number));
  return { calls: [...calls.values()], mentions: [...mentions.values()] };
}

/**
 * Deletes the calls from and to a number, and takes it out of the texts of all others; then nothing of it is left in the
 * file's bytes either. Others cannot write meanwhile, some seconds for ten thousand calls.
 *
 * @throws {Error} when the disk fails, or somebody reads the old state for longer than this connection waits; try again then.
 */
export function forget(db: DatabaseSync, number: string): Traces {
  const about = new PhoneNumber(number);
  // A rewritten table must not take the rows of others with it.
  db.exec("PRAGMA foreign_keys = OFF");
  try {
    const found = inTransaction(db, () => {
      const { calls, mentions } = find(db, about);
      for (const id of calls.keys()) {
        removeCall(db, id);
        for (const table of PARTS) db.prepare(`DELETE FROM ${table} WHERE call_id = ?`).run(id);
      }
      for (const id of mentions.keys()) takeOut(db, id, about);
      rewrite(db);
      return { calls: [...calls.values()], mentions: [...mentions.values()] };
    });
    shrink(db);
    emptyLog(db);
    return found;
  } finally {
    db.exec("PRAGMA foreign_keys = ON");
  }
}

/**
 * Deletes calls begun before a time, the oldest first, `limit` at most, and gives their CallSids.
 *
 * @throws {RangeError} when it is no time.
 */
export function deleteBefore(db: DatabaseSync, time: string, limit: number): string[] {
  const rows = db.prepare("SELECT id, call_sid FROM calls WHERE started_at < ? ORDER BY started_at LIMIT ?")
    .all(isoTime(time), limit);
  inTransaction(db, () => {
    for (const { id } of rows) removeCall(db, numberOf(id));
  });
  shrink(db);
  return rows.map(({ call_sid }) => textOf(call_sid));
}

/** Gives the room of deleted rows back: a page for each row that is fetched. */
function shrink(db: DatabaseSync): void {
  db.prepare("PRAGMA incremental_vacuum").all();
}

/** Empties the log of writes. */
function emptyLog(db: DatabaseSync): void {
  const { busy } = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get() ?? {};
  if (busy !== 0) throw new Error("Cannot empty the log of the file of calls: somebody reads it; try again");
}

const PARTS = ["turns", "events", "messages"] as const;

function find(db: DatabaseSync, number: PhoneNumber) {
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
      if (calls.has(numberOf(id)) || !number.isIn(textOf(text))) continue;
      mentions.set(numberOf(id), textOf(call_sid));
    }
  }
  return { calls, mentions };
}

/** Takes the number out of the texts of one call. */
function takeOut(db: DatabaseSync, id: number, number: PhoneNumber): void {
  unindexCall(db, id);
  for (const { table, key, column } of TEXTS) {
    const place = table === "calls" ? "0" : "position";
    const rows = db.prepare(`SELECT ${place} AS place, ${column} AS text FROM ${table} WHERE ${key} = ?`).all(
      id,
    );
    const update = db.prepare(
      `UPDATE ${table} SET ${column} = ? WHERE ${key} = ? ${place === "0" ? "" : "AND position = ?"}`,
    );
    for (const { place: at, text } of rows) {
      if (typeof text !== "string" || !number.isIn(text)) continue;
      if (table === "calls") update.run(number.without(text), id);
      else update.run(number.without(text), id, numberOf(at));
    }
  }
  indexCall(db, id);
}

/**
 * Writes every table anew. SQLite's `secure_delete` zeroes what is deleted, but not the copies that are left in a page when
 * rows move to its neighbour; a page that is given back is zeroed whole. `VACUUM` would do the same, but Deno refuses it to
 * programs that may not go everywhere.
 */
function rewrite(db: DatabaseSync): void {
  for (const table of ["calls", ...PARTS]) {
    db.exec(`CREATE TEMP TABLE kept AS SELECT * FROM main.${table};
      DELETE FROM main.${table};
      INSERT INTO main.${table} SELECT * FROM kept;
      DROP TABLE kept`);
  }
  db.exec("INSERT INTO call_index (call_index) VALUES ('rebuild')");
}
