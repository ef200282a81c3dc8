import { type CallRequest, readCallRequest } from "../call_request.ts";
import { readPhoneNumber } from "../../phone_number.ts";
import { parseCsv } from "../../csv.ts";
import { PLACING } from "./campaign_results.ts";

export interface Recipient {
  /** Line of the campaign file; undefined for a number from the command line. */
  readonly line?: number | undefined;
  readonly request: CallRequest;
}

/** A row that is not called. */
export interface SkippedRow {
  readonly line?: number | undefined;
  /** As written in the file. */
  readonly number: string;
  readonly reason: string;
}

export interface Recipients {
  readonly recipients: readonly Recipient[];
  readonly skipped: readonly SkippedRow[];
}

/** Values for rows that leave them out. */
export type RequestDefaults = Omit<CallRequest, "to">;

const NUMBER_COLUMNS = ["to", "number"];
/** These names are case-insensitive; other columns are variables, whose names are not. */
const KNOWN_COLUMNS = [...NUMBER_COLUMNS, "assistant", "objective"];

/**
 * Reads a campaign file: CSV with a header. Column `number` or `to` is required, `assistant` and `objective` are optional,
 * all others are variables. An empty cell takes the default.
 *
 * @throws {TypeError} when the file is not such a table.
 */
export function readRecipients(text: string, path: string, defaults: RequestDefaults): Recipients {
  const [header, ...rows] = rowsOf(text, path);
  const columns = header?.cells.map((name) => columnName(name.trim())) ?? [];
  const numberColumn = columns.findIndex((name) => NUMBER_COLUMNS.includes(name));
  if (numberColumn < 0) {
    throw new TypeError(
      `Cannot use "${path}" as a campaign file: its first row has no column "number". Separate columns by commas.`,
    );
  }
  const duplicate = columns.find((name, at) => name !== "" && columns.indexOf(name) !== at);
  const problem = NUMBER_COLUMNS.every((name) => columns.includes(name))
    ? 'it has both a column "to" and a column "number"'
    : duplicate === undefined
    ? undefined
    : `two columns are named ${JSON.stringify(duplicate)}`;
  if (problem) throw new TypeError(`Cannot use "${path}" as a campaign file: ${problem}`);
  const recipients: Recipient[] = [];
  const skipped: SkippedRow[] = [];
  for (const { line, cells } of rows) {
    const values: [string, string][] = [];
    for (const [at, cell] of cells.entries()) {
      const column = columns[at] ?? "";
      if (at !== numberColumn && column !== "" && cell.trim() !== "") values.push([column, cell.trim()]);
    }
    const number = cells[numberColumn]?.trim() ?? "";
    const request = cells.length > columns.length
      ? `the row has ${cells.length} cells for ${columns.length} columns`
      : buildRequest(number, Object.fromEntries(values), defaults);
    if (typeof request === "string") skipped.push({ line, number, reason: request });
    else recipients.push({ line, request });
  }
  return { recipients, skipped };
}

/** The request for one number, or why it cannot be called. */
export function buildRequest(
  number: string,
  { assistant, objective, ...variables }: Record<string, string>,
  defaults: RequestDefaults,
): CallRequest | string {
  const to = readPhoneNumber(number);
  if (to === undefined) return "not a phone number such as +15551230000";
  const allVariables = { ...defaults.variables, ...variables };
  // The service's own validation, but before the first call.
  const read = readCallRequest(JSON.stringify({
    to,
    assistant: assistant ?? defaults.assistant,
    objective: objective ?? defaults.objective,
    ...(Object.keys(allVariables).length > 0 ? { variables: allVariables } : {}),
  }));
  return "problems" in read ? read.problems.join("; ") : read;
}

/**
 * Skips numbers that are on the do-not-call list, were already called, or are duplicates.
 *
 * @param called See {@linkcode calledNumbers}.
 */
export function excludeNumbers(
  { recipients, skipped }: Recipients,
  doNotCall: ReadonlySet<string>,
  called: ReadonlyMap<string, string>,
): Recipients {
  const remaining: Recipient[] = [];
  const excluded: SkippedRow[] = [...skipped];
  const seenNumbers = new Set<string>();
  for (const recipient of recipients) {
    const { line, request: { to } } = recipient;
    const reason = doNotCall.has(to)
      ? "on the do-not-call list"
      : called.get(to) === PLACING
      ? "perhaps called: an earlier run ended before the result"
      : called.has(to)
      ? "already called"
      : seenNumbers.has(to)
      ? "duplicate"
      : undefined;
    seenNumbers.add(to);
    if (reason === undefined) remaining.push(recipient);
    else excluded.push({ line, number: to, reason });
  }
  return { recipients: remaining, skipped: excluded.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

function columnName(name: string): string {
  return KNOWN_COLUMNS.find((column) => column === name.toLowerCase()) ?? name;
}

function rowsOf(text: string, path: string) {
  try {
    return parseCsv(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TypeError(`Cannot read "${path}" as CSV: ${error.message}`);
  }
}
