import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import {
  type CallEvent,
  type CallMessage,
  type EndedCall,
  EVENT_KINDS,
  type ListedCall,
  MESSAGE_KINDS,
  type Span,
  type Turn,
} from "./call_record.ts";

/** A row as SQLite returns it. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** Reads a row of `calls`. */
export function readListedCall(row: Row): ListedCall {
  return {
    callSid: textOf(row.call_sid),
    direction: directionOf(row.direction),
    from: textOf(row.from_number),
    to: textOf(row.to_number),
    assistant: textOf(row.assistant),
    model: textOf(row.model),
    state: "ended",
    startedAt: textOf(row.started_at),
    endedAt: textOf(row.ended_at),
    seconds: numberOf(row.seconds),
    endReason: textOf(row.end_reason),
    callerTurns: numberOf(row.caller_turns),
    bargeIns: numberOf(row.barge_ins),
    costUsd: numberOf(row.cost_usd),
    costs: {
      modelUsd: numberOf(row.model_usd),
      transcriptionUsd: numberOf(row.transcription_usd),
      summaryUsd: numberOf(row.summary_usd),
      carrierUsd: numberOf(row.carrier_usd),
    },
    carrierMinutes: numberOf(row.carrier_minutes),
    summary: optionalText(row.summary),
  };
}

export function readCall(db: DatabaseSync, callSid: string): EndedCall | undefined {
  const row = db.prepare("SELECT * FROM calls WHERE call_sid = ?").get(callSid);
  if (!row) return undefined;
  const id = numberOf(row.id);
  const rowsOf = (table: "turns" | "events" | "messages") =>
    db.prepare(`SELECT * FROM ${table} WHERE call_id = ? ORDER BY position`).all(id);
  return {
    ...readListedCall(row),
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
    messages: rowsOf("messages").map(callMessageOf),
  };
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

function callMessageOf(row: Row): CallMessage {
  const recorded = spanOf(row.recorded_from_ms, row.recorded_to_ms);
  return {
    kind: MESSAGE_KINDS.find((kind) => kind === row.kind) ?? "message",
    name: textOf(row.name),
    number: textOf(row.number),
    message: textOf(row.message),
    urgent: row.urgent === 1,
    ...(recorded && { recorded }),
  };
}
