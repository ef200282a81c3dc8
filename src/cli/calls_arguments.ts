import { parseArgs } from "node:util";
import { flagProblem } from "./flag_problem.ts";
import type { CallFilter } from "../records/call_list.ts";

export const CALLS_USAGE =
  `parley calls [CALL_SID]: recent calls; or what was said and done in one, and what it cost

  --search TEXT    with these words, the last may be a beginning; or with these digits in a number
  --since TIME     begun since then: 2026-11-21, 2026-11-21T10:00, or 24h, 7d
  --limit N        at most so many, the newest first (20; all with --json and --csv)
  --json           print everything that is kept of them
  --csv            print a row for each call
  --forget NUMBER  delete its calls, and the number from all others; asks first
  --yes            with --forget: do not ask`;

/** What the command line asks for. */
export interface CallsArguments {
  readonly callSid: string | undefined;
  readonly filter: CallFilter;
  readonly limit: number;
  readonly format: "text" | "json" | "csv";
  readonly forget: string | undefined;
  readonly yes: boolean;
}

const DEFAULT_LIMIT = 20;
/** @param now Milliseconds since 1970. @throws {TypeError} naming the flag that is wrong. */
export function parseCallsArgs(args: string[], now: number): CallsArguments | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help) return "help";
  const [callSid, ...others] = positionals;
  const { search, since, limit, json = false, csv = false, yes = false } = values;
  const lists = search !== undefined || since !== undefined || limit !== undefined || csv;
  if (others.length > 0) throw wrong(`one call was expected, and found ${positionals.length}`);
  if (callSid !== undefined && lists) throw wrong("--search, --since, --limit and --csv are for the list");
  if (json && csv) throw wrong("--json or --csv was expected, and found both");
  if (values.forget !== undefined && (lists || json || callSid !== undefined)) {
    throw wrong("--forget goes with --yes alone");
  }
  if (/^(?:[\d\s().\-/]*)$/.test(values.forget ?? "+")) {
    throw wrong(`--forget is "${values.forget}", a number with its country code, +15551230000, was expected`);
  }
  if (yes && values.forget === undefined) throw wrong("--yes is for --forget");
  const format = json ? "json" : csv ? "csv" : "text";
  return {
    callSid,
    filter: { search, since: since === undefined ? undefined : readSince(since, now) },
    limit: limit === undefined ? (format === "text" ? DEFAULT_LIMIT : Infinity) : readLimit(limit),
    format,
    forget: values.forget,
    yes,
  };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        search: { type: "string" },
        since: { type: "string" },
        limit: { type: "string" },
        json: { type: "boolean" },
        csv: { type: "boolean" },
        forget: { type: "string" },
        yes: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw wrong(flagProblem(error));
  }
}

/** A time of this machine, or so long ago. */
function readSince(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,4})([dh])$/.exec(text) ?? [];
  if (count !== undefined) {
    return new Date(now - Number(count) * (unit === "d" ? 24 : 1) * 3_600_000).toISOString();
  }
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00`) : new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(time.getTime())) return time.toISOString();
  throw wrong(`--since is "${text}", a time such as 2026-11-21 or 7d was expected`);
}

function readLimit(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw wrong(`--limit is "${text}", a whole number from 1 was expected`);
}

function wrong(why: string): TypeError {
  return new TypeError(`Cannot show calls: ${why}; see "parley calls --help"`);
}
