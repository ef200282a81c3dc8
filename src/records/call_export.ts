import { csvLine } from "../csv.ts";
import { escapeUnprintable } from "../printable.ts";
import type { CallCosts, CallRecord, ListedCall } from "./call_record.ts";

/** Columns of the CSV file: fields of a call, and of its costs. */
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
  "endReason",
  "callerTurns",
  "bargeIns",
  "costUsd",
  "modelUsd",
  "transcriptionUsd",
  "summaryUsd",
  "carrierUsd",
  "carrierMinutes",
  "summary",
] as const satisfies readonly (keyof ListedCall | keyof CallCosts)[];

export const CSV_HEADER = csvLine(COLUMNS);

/** One call as a row of {@linkcode CSV_HEADER}, with its line end. */
export function callCsvRow(call: ListedCall): string {
  const fields = { ...call, ...call.costs };
  return csvLine(COLUMNS.map((column) => String(fields[column] ?? "")));
}

/** One call as JSON on one line. */
export function callJson(call: CallRecord): string {
  return escapeUnprintable(JSON.stringify(call));
}
