import { csvLine, parseCsv } from "./csv.ts";

/** How a call that was placed, or may have been, went. */
export interface CallResult {
  /** E.164. */
  readonly number: string;
  /** `completed`, `busy`, `no-answer`, `failed`, `canceled`; `unknown` when the service did not say. */
  readonly outcome: string;
  readonly seconds?: number;
  /** Who answered, where Twilio listened for it. */
  readonly answeredBy?: string;
  readonly callSid?: string;
  /** When it was over, ISO 8601. */
  readonly at: string;
  readonly detail?: string;
}

const COLUMNS = ["number", "outcome", "seconds", "answered_by", "call_sid", "at", "detail"];

export const RESULTS_HEADER = csvLine(COLUMNS);

export function resultLine(
  { number, outcome, seconds, answeredBy, callSid, at, detail }: CallResult,
): string {
  return csvLine([number, outcome, String(seconds ?? ""), answeredBy ?? "", callSid ?? "", at, detail ?? ""]);
}

/**
 * The numbers a results file has.
 *
 * @throws {TypeError} when the file is another one.
 */
export function calledNumbers(text: string, path: string): ReadonlySet<string> {
  const foreign = new TypeError(
    `Cannot add results to "${path}": it is no results file; name another one with --out`,
  );
  const firstLine = text.replace(/^\ufeff/, "").split(/\r?\n/, 1)[0] ?? "";
  if (text.trim() !== "" && firstLine !== COLUMNS.join(",")) throw foreign;
  try {
    return new Set(parseCsv(text).slice(1).map(({ cells }) => cells[0] ?? ""));
  } catch {
    throw foreign;
  }
}
