import type { CallRecord } from "./call_record.ts";
import type { ListedCall } from "./call_list.ts";
import type { FoundRecording } from "./call_text.ts";
import { printable } from "../printable.ts";

const COLUMNS = [
  "callSid",
  "direction",
  "from",
  "to",
  "assistant",
  "model",
  "startedAt",
  "endedAt",
  "seconds",
  "reason",
  "turns",
  "bargeIns",
  "modelUsd",
  "carrierMinutes",
  "summary",
] as const satisfies readonly (keyof ListedCall)[];

export const CSV_HEADER = COLUMNS.join(",") + "\r\n";

/** A call as a row of comma-separated values, with its line end. Source: RFC 4180 */
export function csvRow(call: ListedCall): string {
  return COLUMNS.map((column) => cell(String(call[column] ?? ""))).join(",") + "\r\n";
}

/** A call as JSON, on one line, with its recording if there is one. */
export function jsonOf(call: CallRecord, recording?: FoundRecording): string {
  return printable(JSON.stringify(recording ? { ...call, recording } : call));
}

/** Spreadsheets calculate what begins with `=`, `@` or `-`, or with `+` unless it is a number: `'` makes it a text. */
function cell(text: string): string {
  const shown = printable(text);
  const safe = /^(?:[=@-]|\+(?!\d+$))/.test(shown) ? `'${shown}` : shown;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
