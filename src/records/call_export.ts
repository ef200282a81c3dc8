import { csvLine } from "../csv.ts";
import { escapeUnprintable } from "../printable.ts";
import type { ListedCall } from "./call_list.ts";
import type { CallRecord } from "./call_record.ts";

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
  "carrierMinutes",
  "summary",
] as const satisfies readonly (keyof ListedCall)[];

export const CSV_HEADER = csvLine(COLUMNS);

/** One call as a row of {@linkcode CSV_HEADER}, with its line end. */
export function callCsvRow(call: ListedCall): string {
  return csvLine(COLUMNS.map((column) => String(call[column] ?? "")));
}

/** One call as JSON on one line. */
export function callJson(call: CallRecord): string {
  return escapeUnprintable(JSON.stringify(call));
}
