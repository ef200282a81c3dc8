import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { messageOf } from "../error_message.ts";
import type { CallRecord, EndedCall, Turn } from "./call_record.ts";
import { isoTime, numberOf } from "./call_rows.ts";
import { closeCall, endOpenCall, openCall } from "./open_calls.ts";

/** A record of a call in progress, or of an ended one. */
export interface QueuedRecord {
  readonly record: CallRecord | EndedCall;
  /** Whether the webhook of an ended call is safe. */
  readonly reported: boolean;
}

export function isEnded(record: CallRecord | EndedCall): record is EndedCall {
  return record.state === "ended";
}

/** Writes a record. Returns the problem of a record that can never be written. */
export function writeRecord(
  db: DatabaseSync,
  { record, reported }: QueuedRecord,
): { readonly callSid: string; readonly problem: string } | undefined {
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
    return { callSid: record.callSid, problem: messageOf(error) };
  }
}

/** Whether SQLite rejected a value of the record, such as NaN or an invalid time. */
function isInvalidRecord(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError ||
    /constraint failed|cannot store|too big/.test(messageOf(error));
}

/** Writes one call, replacing an earlier record of it. Needs an open transaction. */
export function writeCall(db: DatabaseSync, call: EndedCall): void {
  const earlier = db.prepare("SELECT id FROM calls WHERE call_sid = ?").get(call.callSid);
  if (earlier) removeCall(db, numberOf(earlier.id));
  const { costs, tokens, turns, events, messages } = call;
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
    model_usd: costs.modelUsd,
    transcription_usd: costs.transcriptionUsd,
    summary_usd: costs.summaryUsd,
    carrier_usd: costs.carrierUsd,
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
    messages.map(({ kind, name, number, message, urgent, recorded }, position) => ({
      call_id: id,
      position,
      kind,
      name: storable(name),
      number: storable(number),
      message: storable(message),
      urgent: Number(urgent),
      recorded_from_ms: recorded?.fromMs ?? null,
      recorded_to_ms: recorded?.toMs ?? null,
    })),
  );
  indexCall(db, id);
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

/** The latencies of a call's answers with all hops measured, rounded and separated by commas; null without such answers. */
function latencyList(turns: readonly Turn[]): string | null {
  const list = turns.flatMap(({ latency: { modelMs, sendMs, playbackMs } = {} }) =>
    modelMs === undefined || sendMs === undefined || playbackMs === undefined
      ? []
      : [Math.max(0, Math.round(modelMs + sendMs + playbackMs))]
  );
  return list.length === 0 ? null : list.join();
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
