import { type CallRequest, readCallRequest } from "../call_request.ts";
import { readPhoneNumber } from "../phone_number.ts";
import { parseCsv } from "./csv.ts";

/** A row that can be called. */
export interface ListedCall {
  /** In the file; undefined for the number of the command line. */
  readonly line?: number;
  readonly request: CallRequest;
}

/** A row that is not called, and why. */
export interface Skipped {
  readonly line?: number;
  /** As it stands there. */
  readonly number: string;
  readonly why: string;
}

export interface CallList {
  readonly calls: readonly ListedCall[];
  readonly skipped: readonly Skipped[];
}

/** What is not said for each call. */
export type Defaults = Omit<CallRequest, "to">;

const NUMBER_COLUMNS = ["to", "number"];
/** Columns that mean the same in any case; in the others, which are variables, it counts. */
const KNOWN_COLUMNS = [...NUMBER_COLUMNS, "assistant", "objective"];

/**
 * Reads a list of numbers to call: CSV whose first row names the columns. `to` or `number` is needed, `assistant` and
 * `objective` are known, all others are variables. An empty cell says nothing, and what the row does not say is as given.
 *
 * @throws {TypeError} when it is no such table.
 */
export function readCallList(text: string, path: string, defaults: Defaults): CallList {
  const [header, ...rows] = rowsOf(text, path);
  const columns = header?.cells.map((name) => columnName(name.trim())) ?? [];
  const numberColumn = columns.findIndex((name) => NUMBER_COLUMNS.includes(name));
  if (numberColumn < 0) {
    throw new TypeError(
      `Cannot use "${path}" as a list of numbers: its first row has no column "number"; columns are separated by commas`,
    );
  }
  const twice = columns.find((name, at) => name !== "" && columns.indexOf(name) !== at);
  const problem = NUMBER_COLUMNS.every((name) => columns.includes(name))
    ? "two columns name the number"
    : twice === undefined
    ? undefined
    : `two columns are named ${JSON.stringify(twice)}`;
  if (problem) throw new TypeError(`Cannot use "${path}" as a list of numbers: ${problem}`);
  const calls: ListedCall[] = [];
  const skipped: Skipped[] = [];
  for (const { line, cells } of rows) {
    const named: [string, string][] = [];
    for (const [at, cell] of cells.entries()) {
      const column = columns[at] ?? "";
      if (at !== numberColumn && column !== "" && cell.trim() !== "") named.push([column, cell.trim()]);
    }
    const number = cells[numberColumn]?.trim() ?? "";
    const read = cells.length > columns.length
      ? `the row has ${cells.length} cells for ${columns.length} columns`
      : requestOf(number, Object.fromEntries(named), defaults);
    if (typeof read === "string") skipped.push({ line, number, why: read });
    else calls.push({ line, request: read });
  }
  return { calls, skipped };
}

/** The call to one number, or why there is none. */
export function requestOf(
  number: string,
  { assistant, objective, ...variables }: Record<string, string>,
  defaults: Defaults,
): CallRequest | string {
  const to = readPhoneNumber(number);
  if (to === undefined) return "not a number such as +15551230000";
  const all = { ...defaults.variables, ...variables };
  // As the service would judge it, but before the first call.
  const read = readCallRequest(JSON.stringify({
    to,
    assistant: assistant ?? defaults.assistant,
    objective: objective ?? defaults.objective,
    ...(Object.keys(all).length > 0 ? { variables: all } : {}),
  }));
  return "problems" in read ? read.problems.join("; ") : read;
}

/** Leaves out numbers that are on the do-not-call list, were called before, or stand on the list twice. */
export function withoutKnown(
  { calls, skipped }: CallList,
  doNotCall: ReadonlySet<string>,
  called: ReadonlySet<string>,
): CallList {
  const left: ListedCall[] = [];
  const out: Skipped[] = [...skipped];
  const seen = new Set<string>();
  for (const call of calls) {
    const { to } = call.request;
    const why = doNotCall.has(to)
      ? "on the do-not-call list"
      : called.has(to)
      ? "in the results already"
      : seen.has(to)
      ? "on the list twice"
      : undefined;
    seen.add(to);
    if (why === undefined) left.push(call);
    else out.push({ ...(call.line === undefined ? {} : { line: call.line }), number: to, why });
  }
  return { calls: left, skipped: out.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

function columnName(name: string): string {
  return KNOWN_COLUMNS.find((known) => known === name.toLowerCase()) ?? name;
}

function rowsOf(text: string, path: string) {
  try {
    return parseCsv(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TypeError(`Cannot read "${path}" as CSV: ${error.message}`);
  }
}
