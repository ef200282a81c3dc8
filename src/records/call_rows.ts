import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import {
  type CallEvent,
  type CallMessage,
  type CallRecord,
  EVENT_KINDS,
  type Span,
  type Turn,
} from "./call_record.ts";

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Writes one call, in the place of an earlier record of the same. The caller makes the transaction. */
export function writeCall(db: DatabaseSync, call: CallRecord): void {
  const before = callId(db, call.callSid);
  if (before !== undefined) removeCall(db, before);
  const { tokens, turns, events, messages } = call;
  const [id = 0] = insert(db, "calls", [{
    call_sid: clean(call.callSid),
    direction: call.direction,
    from_number: clean(call.from),
    to_number: clean(call.to),
    assistant: clean(call.assistant),
    model: clean(call.model),
    started_at: isoTime(call.startedAt),
    ended_at: isoTime(call.endedAt),
    seconds: call.seconds,
    reason: clean(call.reason),
    turns: turns.length,
    answers: turns.filter(({ who }) => who === "assistant").length,
    barge_ins: events.filter(({ kind }) => kind === "barge-in").length,
    text_in: tokens.textIn,
    text_cached: tokens.textCached,
    text_out: tokens.textOut,
    audio_in: tokens.audioIn,
    audio_cached: tokens.audioCached,
    audio_out: tokens.audioOut,
    model_usd: call.modelUsd,
    carrier_minutes: call.carrierMinutes,
    summary: cleanOr(call.summary),
  }]);
  insert(
    db,
    "turns",
    turns.map((turn, position) => ({
      call_id: id,
      position,
      who: turn.who,
      text: cleanOr(turn.text),
      at_ms: turn.atMs,
      heard_ms: turn.heardMs ?? null,
      total_ms: turn.totalMs ?? null,
      cut: turn.cut ? 1 : 0,
      latency_model_ms: turn.latency?.modelMs ?? null,
      latency_sent_ms: turn.latency?.sentMs ?? null,
      latency_heard_ms: turn.latency?.heardMs ?? null,
      spoken_from_ms: turn.spoken?.fromMs ?? null,
      spoken_to_ms: turn.spoken?.toMs ?? null,
      generated_from_ms: turn.generated?.fromMs ?? null,
      generated_to_ms: turn.generated?.toMs ?? null,
      played_from_ms: turn.played?.fromMs ?? null,
      played_to_ms: turn.played?.toMs ?? null,
    })),
  );
  insert(
    db,
    "events",
    events.map((event, position) => ({
      call_id: id,
      position,
      at_ms: event.atMs,
      kind: event.kind,
      name: clean(event.name),
      ok: event.ok === undefined ? null : Number(event.ok),
      ms: event.ms ?? null,
      detail: cleanOr(event.detail),
    })),
  );
  insert(
    db,
    "messages",
    messages.map(({ name, number, message, urgent }, position) => ({
      call_id: id,
      position,
      name: clean(name),
      number: clean(number),
      message: clean(message),
      urgent: Number(urgent),
    })),
  );
  indexCall(db, id);
}

/** What a list shows of a call as well as a look at it does. */
export function headOf(row: Row) {
  return {
    callSid: textOf(row.call_sid),
    direction: directionOf(row.direction),
    from: textOf(row.from_number),
    to: textOf(row.to_number),
    assistant: textOf(row.assistant),
    model: textOf(row.model),
    startedAt: textOf(row.started_at),
    endedAt: textOf(row.ended_at),
    seconds: numberOf(row.seconds),
    reason: textOf(row.reason),
  };
}

/** Everything of one call. */
export function readCall(db: DatabaseSync, callSid: string): CallRecord | undefined {
  const row = db.prepare("SELECT * FROM calls WHERE call_sid = ?").get(callSid);
  if (!row) return undefined;
  const id = numberOf(row.id);
  const rowsOf = (table: "turns" | "events" | "messages") =>
    db.prepare(`SELECT * FROM ${table} WHERE call_id = ? ORDER BY position`).all(id);
  return {
    ...headOf(row),
    turns: rowsOf("turns").map(turnOf),
    events: rowsOf("events").flatMap(eventOf),
    tokens: {
      textIn: numberOf(row.text_in),
      textCached: numberOf(row.text_cached),
      textOut: numberOf(row.text_out),
      audioIn: numberOf(row.audio_in),
      audioCached: numberOf(row.audio_cached),
      audioOut: numberOf(row.audio_out),
    },
    modelUsd: numberOf(row.model_usd),
    carrierMinutes: numberOf(row.carrier_minutes),
    summary: textOr(row.summary),
    messages: rowsOf("messages").map(messageOf),
  };
}

/** The call's number in the file. */
export function callId(db: DatabaseSync, callSid: string): number | undefined {
  const row = db.prepare("SELECT id FROM calls WHERE call_sid = ?").get(callSid);
  return row && numberOf(row.id);
}

/** Deletes one call with all that belongs to it. The caller makes the transaction. */
export function removeCall(db: DatabaseSync, id: number): void {
  unindexCall(db, id);
  db.prepare("DELETE FROM calls WHERE id = ?").run(id);
}

/** Makes the words of a call findable. */
export function indexCall(db: DatabaseSync, id: number): void {
  db.prepare("INSERT INTO call_index (rowid, words) SELECT id, words FROM call_words WHERE id = ?").run(id);
}

/** Takes the words of a call out of the index; they must still be what they were when they came in. */
export function unindexCall(db: DatabaseSync, id: number): void {
  db.prepare(
    "INSERT INTO call_index (call_index, rowid, words) SELECT 'delete', id, words FROM call_words WHERE id = ?",
  ).run(id);
}

/** ISO 8601 in UTC, which sorts by time. @throws {RangeError} when it is no time. */
export function isoTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new RangeError(`"${text}" is no time; ISO 8601 was expected`);
  return time.toISOString();
}

export function textOf(value: SQLOutputValue | undefined): string {
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot read the file of calls: found ${value} where a text was expected`);
}

export function numberOf(value: SQLOutputValue | undefined): number {
  if (typeof value === "number") return value;
  throw new TypeError(`Cannot read the file of calls: found ${value} where a number was expected`);
}

function directionOf(value: SQLOutputValue | undefined): CallRecord["direction"] {
  return value === "outbound" ? "outbound" : "inbound";
}

function textOr(value: SQLOutputValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function numberOr(value: SQLOutputValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function turnOf(row: Row): Turn {
  const latency = {
    modelMs: numberOr(row.latency_model_ms),
    sentMs: numberOr(row.latency_sent_ms),
    heardMs: numberOr(row.latency_heard_ms),
  };
  return {
    who: row.who === "caller" ? "caller" : "assistant",
    text: textOr(row.text),
    atMs: numberOf(row.at_ms),
    heardMs: numberOr(row.heard_ms),
    totalMs: numberOr(row.total_ms),
    cut: row.cut === 1 || undefined,
    latency: Object.values(latency).some((ms) => ms !== undefined) ? latency : undefined,
    spoken: spanOf(row.spoken_from_ms, row.spoken_to_ms),
    generated: spanOf(row.generated_from_ms, row.generated_to_ms),
    played: spanOf(row.played_from_ms, row.played_to_ms),
  };
}

function spanOf(from: SQLOutputValue | undefined, to: SQLOutputValue | undefined): Span | undefined {
  return typeof from === "number" && typeof to === "number" ? { fromMs: from, toMs: to } : undefined;
}

/** An event of a kind this program does not know is left out. */
function eventOf(row: Row): CallEvent[] {
  const kind = EVENT_KINDS.find((known) => known === row.kind);
  if (!kind) return [];
  return [{
    atMs: numberOf(row.at_ms),
    kind,
    name: textOf(row.name),
    ok: row.ok === null ? undefined : row.ok === 1,
    ms: numberOr(row.ms),
    detail: textOr(row.detail),
  }];
}

function messageOf(row: Row): CallMessage {
  return {
    name: textOf(row.name),
    number: textOf(row.number),
    message: textOf(row.message),
    urgent: row.urgent === 1,
  };
}

/** Adds rows, which all have the same columns, and gives their numbers. Names are ours, values are bound. */
function insert(
  db: DatabaseSync,
  table: string,
  rows: readonly Readonly<Record<string, SQLInputValue>>[],
): number[] {
  const names = Object.keys(rows[0] ?? {});
  if (names.length === 0) return [];
  const sql = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
  const statement = db.prepare(sql);
  return rows.map((row) => Number(statement.run(...Object.values(row)).lastInsertRowid));
}

/** SQLite ends a text at its first NUL, and no UTF-8 has half a pair. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

function cleanOr(text: string | undefined): string | null {
  return text === undefined ? null : clean(text);
}
