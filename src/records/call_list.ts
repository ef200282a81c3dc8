import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { CallRecord } from "./call_record.ts";
import { headOf, isoTime, numberOf, type Row, textOf } from "./call_rows.ts";

/** Which calls; all that is given must hold. */
export interface CallFilter {
  /** Words said, the last one may be a beginning; or a part of a number; or a CallSid. */
  readonly search?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly reason?: string | undefined;
  readonly assistant?: string | undefined;
  /** Begun at this time or later; ISO 8601. */
  readonly since?: string | undefined;
  /** Begun before this time; ISO 8601. */
  readonly until?: string | undefined;
}

export interface CallQuery extends CallFilter {
  /** `next` of the page before. */
  readonly before?: string | undefined;
  /** 50 unless given, 500 at most. */
  readonly limit?: number | undefined;
}

/** What a list shows of a call. */
export interface ListedCall extends
  Pick<
    CallRecord,
    | "callSid"
    | "direction"
    | "from"
    | "to"
    | "assistant"
    | "model"
    | "startedAt"
    | "endedAt"
    | "seconds"
    | "reason"
    | "modelUsd"
    | "carrierMinutes"
    | "summary"
  > {
  readonly turns: number;
  readonly bargeIns: number;
}

/** The newest calls come first. */
export interface CallPage {
  readonly calls: readonly ListedCall[];
  /** Where the next page begins; undefined on the last one. */
  readonly next: string | undefined;
}

const MAX_LIMIT = 500;

/** Lists calls. @throws {RangeError} when a time, the limit or `before` is none. */
export function listCalls(db: DatabaseSync, { before, limit = 50, ...filter }: CallQuery): CallPage {
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`${limit} is no number of calls`);
  const most = Math.min(limit, MAX_LIMIT);
  const { sql, values } = where(filter);
  const page = before === undefined ? [] : pageStart(before);
  const rows = db.prepare(
    `SELECT * FROM calls WHERE ${sql} ${page.length > 0 ? "AND (started_at, id) < (?, ?)" : ""}
      ORDER BY started_at DESC, id DESC LIMIT ?`,
  ).all(...values, ...page, most + 1);
  const last = rows.length > most ? rows[most - 1] : undefined;
  return { calls: rows.slice(0, most).map(listed), next: last && `${last.started_at}_${last.id}` };
}

/** The filter as a condition on `calls`. */
export function where(filter: CallFilter): { readonly sql: string; readonly values: SQLInputValue[] } {
  const { search = "", from, to, reason, assistant, since, until } = filter;
  const conditions = ["1"];
  const values: SQLInputValue[] = [];
  const need = (condition: string, ...bound: SQLInputValue[]) => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (from !== undefined) need("from_number = ?", from);
  if (to !== undefined) need("to_number = ?", to);
  if (reason !== undefined) need("reason = ?", reason);
  if (assistant !== undefined) need("assistant = ?", assistant);
  if (since !== undefined) need("started_at >= ?", isoTime(since));
  if (until !== undefined) need("started_at < ?", isoTime(until));
  if (search.trim() !== "") {
    const words = wordsQuery(search);
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

/**
 * Every word in quotes, so that none is an operator; the last may be a beginning, if it is not one of half of all words.
 * Source: https://www.sqlite.org/fts5.html#full_text_query_syntax
 */
function wordsQuery(search: string): string {
  const words = search.match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  const beginning = /[^a-z\d]|.../i.test(words.at(-1) ?? "") ? "*" : "";
  return words.length === 0 ? "" : words.map((word) => `"${word}"`).join(" ") + beginning;
}

function pageStart(before: string): [string, number] {
  const [, time, id] = /^(\d{4}-[\d:.TZ-]+)_(\d{1,15})$/.exec(before) ?? [];
  if (time === undefined || id === undefined) {
    throw new RangeError(`"${before}" is no page of the list; "next" of the page before was expected`);
  }
  return [time, Number(id)];
}

function listed(row: Row): ListedCall {
  return {
    ...headOf(row),
    modelUsd: numberOf(row.model_usd),
    carrierMinutes: numberOf(row.carrier_minutes),
    ...(row.summary === null ? {} : { summary: textOf(row.summary) }),
    turns: numberOf(row.turns),
    bargeIns: numberOf(row.barge_ins),
  };
}
