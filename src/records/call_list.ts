import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { ListedCall } from "./call_record.ts";
import { isoTime, readListedCall } from "./call_rows.ts";

/** Conditions on calls; all of them must match. */
export interface CallFilter {
  /** Words of the transcript, summary and messages (the last may be a prefix), part of a number, or a CallSid. */
  readonly search?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly endReason?: string | undefined;
  readonly assistant?: string | undefined;
  /** Started at this time or later; ISO 8601. */
  readonly since?: string | undefined;
  /** Started before this time; ISO 8601. */
  readonly until?: string | undefined;
}

export interface CallQuery extends CallFilter {
  /** `next` of the previous page. */
  readonly before?: string | undefined;
  /** Default 50, at most 500. */
  readonly limit?: number | undefined;
}

/** Newest calls first. */
export interface CallPage {
  readonly calls: readonly ListedCall[];
  /** `before` of the next page; undefined on the last page. */
  readonly next: string | undefined;
}

const MAX_LIMIT = 500;

/** @throws {RangeError} for an invalid time, limit or `before`. */
export function listCalls(db: DatabaseSync, { before, limit = 50, ...filter }: CallQuery): CallPage {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new RangeError(`limit is ${limit}; expected a whole number from 1`);
  }
  const most = Math.min(limit, MAX_LIMIT);
  const { sql, values } = filterCondition(filter);
  const page = before === undefined ? [] : parsePageStart(before);
  const rows = db.prepare(
    `SELECT * FROM calls WHERE ${sql} ${page.length > 0 ? "AND (started_at, id) < (?, ?)" : ""}
      ORDER BY started_at DESC, id DESC LIMIT ?`,
  ).all(...values, ...page, most + 1);
  const last = rows.length > most ? rows[most - 1] : undefined;
  return { calls: rows.slice(0, most).map(readListedCall), next: last && `${last.started_at}_${last.id}` };
}

/** The filter as an SQL condition on `calls`. */
function filterCondition(
  filter: CallFilter,
): { readonly sql: string; readonly values: SQLInputValue[] } {
  const { search = "", from, to, endReason, assistant, since, until } = filter;
  const conditions = ["1"];
  const values: SQLInputValue[] = [];
  const need = (condition: string, ...bound: SQLInputValue[]) => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (from !== undefined) need("from_number = ?", from);
  if (to !== undefined) need("to_number = ?", to);
  if (endReason !== undefined) need("end_reason = ?", endReason);
  if (assistant !== undefined) need("assistant = ?", assistant);
  if (since !== undefined) need("started_at >= ?", isoTime(since));
  if (until !== undefined) need("started_at < ?", isoTime(until));
  if (search.trim() !== "") {
    const words = fullTextQuery(search);
    const digits = /^[\d\s().+-]{3,}$/.test(search) ? search.replaceAll(/\D/g, "") : "";
    const ways = ["call_sid = ?"];
    const bound: SQLInputValue[] = [search.trim()];
    if (words !== "") {
      ways.push("id IN (SELECT rowid FROM call_index WHERE call_index MATCH ?)");
      bound.push(words);
    }
    if (digits !== "") {
      ways.push("from_number LIKE ?", "to_number LIKE ?");
      bound.push(`%${digits}%`, `%${digits}%`);
    }
    need(`(${ways.join(" OR ")})`, ...bound);
  }
  return { sql: conditions.join(" AND "), values };
}

const MAX_SEARCH_LENGTH = 1_000;
/** Each word costs a lookup in the index. */
const MAX_SEARCH_WORDS = 32;

/**
 * The search as a full-text query. Every word is quoted, so that none is an operator. The last word matches as a prefix
 * unless it is so short that it would match most calls.
 * Source: https://www.sqlite.org/fts5.html#full_text_query_syntax
 *
 * @throws {RangeError} when the search is too long.
 */
function fullTextQuery(search: string): string {
  if (search.length > MAX_SEARCH_LENGTH) {
    throw new RangeError(`search has ${search.length} characters; expected at most ${MAX_SEARCH_LENGTH}`);
  }
  const words = search.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  if (words.length > MAX_SEARCH_WORDS) {
    throw new RangeError(`search has ${words.length} words; expected at most ${MAX_SEARCH_WORDS}`);
  }
  const beginning = /[^a-z\d]|.../i.test(words.at(-1) ?? "") ? "*" : "";
  return words.length === 0 ? "" : words.map((word) => `"${word}"`).join(" ") + beginning;
}

function parsePageStart(before: string): [string, number] {
  const [, time, id] = /^(\d{4}-[\d:.TZ-]+)_(\d{1,15})$/.exec(before) ?? [];
  if (time === undefined || id === undefined) {
    throw new RangeError(`before is "${before}"; expected "next" of the previous page`);
  }
  return [time, Number(id)];
}
