import { csvLine, parseCsv } from "../../csv.ts";

/** Outcome written before a call is placed. Without a later row, the campaign died before it knew the result. */
export const PLACING = "placing";
/** Outcome of a call that was not placed after all: the number is called by the next run. */
export const NOT_PLACED = "not placed";

/** Result of a call that was, or may have been, placed. */
export interface CampaignResult {
  /** E.164. */
  readonly number: string;
  /** `completed`, `busy`, `no-answer`, `failed`, `canceled` or `unknown`; in the file also the two above. */
  readonly outcome: string;
  readonly seconds?: number | undefined;
  /** Result of answering-machine detection, if it was on. */
  readonly answeredBy?: string | undefined;
  readonly callSid?: string | undefined;
  /** When it ended or, in a row `placing`, was about to be placed; ISO 8601. */
  readonly at: string;
  readonly detail?: string | undefined;
}

const COLUMNS = ["number", "outcome", "seconds", "answered_by", "call_sid", "at", "detail"];

export const RESULTS_HEADER = csvLine(COLUMNS);

export function resultLine(
  { number, outcome, seconds, answeredBy, callSid, at, detail }: CampaignResult,
): string {
  return csvLine([number, outcome, String(seconds ?? ""), answeredBy ?? "", callSid ?? "", at, detail ?? ""]);
}

/**
 * The numbers of a results file that were or may have been called, with their last outcome.
 *
 * @throws {TypeError} when it is not a results file.
 */
export function calledNumbers(text: string, path: string): ReadonlyMap<string, string> {
  const notResults = new TypeError(
    `Cannot append to "${path}": it is not a results file. Set another file with --out.`,
  );
  const firstLine = text.replace(/^\ufeff/, "").split(/\r?\n/, 1)[0] ?? "";
  if (text.trim() !== "" && firstLine !== COLUMNS.join(",")) throw notResults;
  try {
    const last = new Map(
      parseCsv(text).slice(1).map(({ cells: [number = "", outcome = ""] }) => [number, outcome]),
    );
    return new Map([...last].filter(([, outcome]) => outcome !== NOT_PLACED));
  } catch {
    throw notResults;
  }
}
