import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import {
  type CallEvent,
  type CallMessage,
  type EndedCall,
  EVENT_KINDS,
  type Span,
  type Turn,
} from "./call_record.ts";

/** A row as SQLite returns it. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Writes one call, replacing an earlier record of it. Needs an open transaction. */
export function writeCall(db: DatabaseSync, call: EndedCall): void {
  const previousId = callId(db, call.callSid);
  if (previousId !== undefined) removeCall(db, previousId);
  const { tokens, turns, events, messages } = call;
  const [id = 0] = insert(db, "calls", [{
    call_sid: storable(call.callSid),
    direction: call.direction,
    from_number: storable(call.from),
    to_number: storable(call.to),
    assistant: storable(call.assistant),
    model: storable(call.model),
    started_at: isoTime(call.startedAt),
    ended_at: isoTime(call.endedAt),
    seconds: call.seconds,
    end_reason: storable(call.endReason),
    caller_turns: call.callerTurns,
    answers: turns.filter(({ speaker }) => speaker === "assistant").length,
    barge_ins: call.bargeIns,
    text_in: tokens.textIn,
    text_cached: tokens.textCached,
    text_out: tokens.textOut,
    audio_in: tokens.audioIn,
    audio_cached: tokens.audioCached,
    audio_out: tokens.audioOut,
    cost_usd: call.costUsd,
    carrier_minutes: call.carrierMinutes,
    summary: storableOrNull(call.summary),
    latencies_ms: latencyList(turns),
  }]);
  insert(
    db,
    "turns",
    turns.map((turn, position) => ({
      call_id: id,
      position,
      speaker: turn.speaker,
      text: storableOrNull(turn.text),
      at_ms: turn.atMs,
      heard_ms: turn.heardMs ?? null,
      total_ms: turn.totalMs ?? null,
      interrupted: turn.interrupted ? 1 : 0,
      latency_model_ms: turn.latency?.modelMs ?? null,
      latency_send_ms: turn.latency?.sendMs ?? null,
      latency_playback_ms: turn.latency?.playbackMs ?? null,
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
      name: storable(event.name),
      ok: event.ok === undefined ? null : Number(event.ok),
      ms: event.ms ?? null,
      detail: storableOrNull(event.detail),
      arguments: storableOrNull(event.arguments),
      result: storableOrNull(event.result),
    })),
  );
  insert(
    db,
    "messages",
    messages.map(({ name, number, message, urgent }, position) => ({
      call_id: id,
      position,
      name: storable(name),
      number: storable(number),
      message: storable(message),
      urgent: Number(urgent),
    })),
  );
  indexCall(db, id);
}

/** The members that a listed call and a whole call share. */
export function rowToHead(row: Row) {
  return {
    callSid: textOf(row.call_sid),
    direction: directionOf(row.direction),
    from: textOf(row.from_number),
    to: textOf(row.to_number),
    assistant: textOf(row.assistant),
    model: textOf(row.model),
    state: "ended" as const,
    startedAt: textOf(row.started_at),
    endedAt: textOf(row.ended_at),
    seconds: numberOf(row.seconds),
    endReason: textOf(row.end_reason),
    callerTurns: numberOf(row.caller_turns),
    bargeIns: numberOf(row.barge_ins),
    costUsd: numberOf(row.cost_usd),
    carrierMinutes: numberOf(row.carrier_minutes),
  };
}

export function readCall(db: DatabaseSync, callSid: string): EndedCall | undefined {
  const row = db.prepare("SELECT * FROM calls WHERE call_sid = ?").get(callSid);
  if (!row) return undefined;
  const id = numberOf(row.id);
  const rowsOf = (table: "turns" | "events" | "messages") =>
    db.prepare(`SELECT * FROM ${table} WHERE call_id = ? ORDER BY position`).all(id);
  return {
    ...rowToHead(row),
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
    summary: optionalText(row.summary),
    messages: rowsOf("messages").map(callMessageOf),
  };
}

/** Primary key of a call. */
export function callId(db: DatabaseSync, callSid: string): number | undefined {
  const row = db.prepare("SELECT id FROM calls WHERE call_sid = ?").get(callSid);
  return row && numberOf(row.id);
}

/** Deletes a call with its turns, events and messages. Needs an open transaction. */
export function removeCall(db: DatabaseSync, id: number): void {
  unindexCall(db, id);
  db.prepare("DELETE FROM calls WHERE id = ?").run(id);
}

/** Adds a call to the full-text index. */
export function indexCall(db: DatabaseSync, id: number): void {
  db.prepare("INSERT INTO call_index (rowid, words) SELECT id, words FROM call_words WHERE id = ?").run(id);
}

/** Removes a call from the full-text index. Its texts must still be those that were indexed. */
export function unindexCall(db: DatabaseSync, id: number): void {
  db.prepare(
    "INSERT INTO call_index (call_index, rowid, words) SELECT 'delete', id, words FROM call_words WHERE id = ?",
  ).run(id);
}

/** Converts to ISO 8601 in UTC, which sorts by time. @throws {RangeError} for an invalid time. */
export function isoTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new RangeError(`"${text}" is not a time in ISO 8601`);
  return time.toISOString();
}

export function textOf(value: SQLOutputValue | undefined): string {
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot read the call database: expected text, found ${value}`);
}

export function numberOf(value: SQLOutputValue | undefined): number {
  if (typeof value === "number") return value;
  throw new TypeError(`Cannot read the call database: expected a number, found ${value}`);
}

function directionOf(value: SQLOutputValue | undefined): EndedCall["direction"] {
  return value === "outbound" ? "outbound" : "inbound";
}

function optionalText(value: SQLOutputValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function optionalNumber(value: SQLOutputValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function turnOf(row: Row): Turn {
  const latency = {
    modelMs: optionalNumber(row.latency_model_ms),
    sendMs: optionalNumber(row.latency_send_ms),
    playbackMs: optionalNumber(row.latency_playback_ms),
  };
  return {
    speaker: row.speaker === "caller" ? "caller" : "assistant",
    text: optionalText(row.text),
    atMs: numberOf(row.at_ms),
    heardMs: optionalNumber(row.heard_ms),
    totalMs: optionalNumber(row.total_ms),
    interrupted: row.interrupted === 1 || undefined,
    latency: Object.values(latency).some((ms) => ms !== undefined) ? latency : undefined,
    spoken: spanOf(row.spoken_from_ms, row.spoken_to_ms),
    generated: spanOf(row.generated_from_ms, row.generated_to_ms),
    played: spanOf(row.played_from_ms, row.played_to_ms),
  };
}

function spanOf(from: SQLOutputValue | undefined, to: SQLOutputValue | undefined): Span | undefined {
  return typeof from === "number" && typeof to === "number" ? { fromMs: from, toMs: to } : undefined;
}

/** Leaves out an event of an unknown kind. */
function eventOf(row: Row): CallEvent[] {
  const kind = EVENT_KINDS.find((eventKind) => eventKind === row.kind);
  if (!kind) return [];
  return [{
    atMs: numberOf(row.at_ms),
    kind,
    name: textOf(row.name),
    ok: row.ok === null ? undefined : row.ok === 1,
    ms: optionalNumber(row.ms),
    detail: optionalText(row.detail),
    arguments: optionalText(row.arguments),
    result: optionalText(row.result),
  }];
}

/** The latencies of a call's answers with all hops measured, rounded and separated by commas; null without such answers. */
function latencyList(turns: readonly Turn[]): string | null {
  const list = turns.flatMap(({ latency: { modelMs, sendMs, playbackMs } = {} }) =>
    modelMs === undefined || sendMs === undefined || playbackMs === undefined
      ? []
      : [Math.max(0, Math.round(modelMs + sendMs + playbackMs))]
  );
  return list.length === 0 ? null : list.join();
}

function callMessageOf(row: Row): CallMessage {
  return {
    name: textOf(row.name),
    number: textOf(row.number),
    message: textOf(row.message),
    urgent: row.urgent === 1,
  };
}

/** Inserts rows with equal columns and returns their keys. Names are constants; values are bound. */
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

/** Replaces what SQLite would truncate at (NUL) and what UTF-8 cannot encode (lone surrogates). */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\ufffd");
}

function storableOrNull(text: string | undefined): string | null {
  return text === undefined ? null : storable(text);
}
