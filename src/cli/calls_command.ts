import type { DatabaseSync } from "node:sqlite";
import { loadConfig } from "../app/service_config.ts";
import { systemClock } from "../clock.ts";
import { processEnvironment } from "../config/environment.ts";
import { messageOf } from "../error_message.ts";
import { invocation } from "../invocation.ts";
import { escapeUnprintable } from "../printable.ts";
import { deleteRecordings, findRecording, recordingsFolder } from "../recording/stored_recordings.ts";
import { openCallDatabase } from "../records/call_database.ts";
import { callCsvRow, callJson, CSV_HEADER } from "../records/call_export.ts";
import { type CallFilter, listCalls } from "../records/call_list.ts";
import type { EndedCall, ListedCall } from "../records/call_record.ts";
import { formatCall, formatTable } from "../records/format_calls.ts";
import { readCall } from "../records/call_rows.ts";
import { NumberMatcher } from "../records/number_matcher.ts";
import { WebhookFiles, webhooksFolder } from "../webhooks/webhook_files.ts";
import { type FlagValues, runCommand, UsageError } from "./command.ts";
import { CALLS } from "./commands.ts";
import { EXIT, type ExitCode } from "./exit_code.ts";
import { forgetCalls } from "./forget_calls.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

/** Number of calls in a list. */
const DEFAULT_LIMIT = 20;
/** Calls read at a time. */
const PAGE = 500;

export interface CallsIo extends Pick<Terminal, "out" | "err"> {
  /** The call database. */
  readonly path: string;
  /** Whether `confirm` can ask. */
  readonly isTerminal: boolean;
  confirm(question: string): boolean;
  /** Unix time (ms). */
  wallTime(): number;
  recording?(callSid: string): Promise<{ readonly ms: number; readonly path: string } | undefined>;
  /**
   * Deletes a number in undelivered webhooks.
   *
   * @param dryRun Only counts.
   * @returns the number of webhooks deleted or changed.
   */
  forgetWebhooks?(number: string, dryRun: boolean): Promise<number>;
  /** Rejects when a recording cannot be deleted. */
  deleteRecordings?(callSids: readonly string[]): Promise<void>;
}

type CallsOptions = ReturnType<typeof readOptions>;

export function startCalls(args: readonly string[]): Promise<ExitCode> {
  const { DATA_DIR } = loadConfig(processEnvironment);
  const recordings = recordingsFolder(DATA_DIR);
  return runCalls(args, {
    ...processTerminal,
    path: `${DATA_DIR}/calls.db`,
    recording: (callSid) => findRecording(recordings, callSid),
    deleteRecordings: (callSids) => deleteRecordings(recordings, callSids),
    forgetWebhooks: (number, dryRun) =>
      new WebhookFiles(webhooksFolder(DATA_DIR)).forget(new NumberMatcher(number), dryRun),
    isTerminal: Deno.stdin.isTerminal(),
    confirm: (question) => confirm(question),
    wallTime: () => systemClock.wallTime(),
  });
}

/** Opens the database itself, while the service may be running. */
export function runCalls(args: readonly string[], io: CallsIo): Promise<ExitCode> {
  return runCommand(CALLS, args, io, async (values, callSid) => {
    const options = readOptions(values, callSid, io.wallTime());
    if (!isFile(io.path)) return await withoutDatabase(options, io);
    const db = openDatabase(io.path);
    try {
      if (options.forget !== undefined) return await forgetCalls(db, options.forget, options.yes, io);
      if (options.callSid !== undefined) return await showCall(db, options.callSid, options.format, io);
      await writeList(db, options, io);
      return EXIT.ok;
    } finally {
      db.close();
    }
  });
}

async function withoutDatabase(options: CallsOptions, io: CallsIo): Promise<ExitCode> {
  if (options.callSid !== undefined) return callNotFound(options.callSid, io);
  if (options.forget === undefined && options.format !== "text") await writeList(undefined, options, io);
  else io.out(`No calls stored yet: "${io.path}" does not exist\n`);
  return EXIT.ok;
}

function openDatabase(path: string): DatabaseSync {
  try {
    return openCallDatabase(path);
  } catch (error) {
    const problem = messageOf(error);
    throw new Error(problem.startsWith("Cannot") ? problem : `Cannot read "${path}": ${problem}`);
  }
}

async function showCall(db: DatabaseSync, callSid: string, format: string, io: CallsIo): Promise<ExitCode> {
  const call = await findCall(db, callSid, io);
  if (!call) return callNotFound(callSid, io);
  io.out(format === "json" ? callJson(call) + "\n" : formatCall(call));
  return EXIT.ok;
}

function callNotFound(callSid: string, { err }: CallsIo): ExitCode {
  err(`Call ${escapeUnprintable(callSid)} not found. List calls with "${invocation("calls")}".\n`);
  return EXIT.failed;
}

async function findCall(
  db: DatabaseSync,
  callSid: string,
  { recording }: CallsIo,
): Promise<EndedCall | undefined> {
  const call = readCall(db, callSid);
  const recordingInfo = call && await recording?.(callSid);
  return recordingInfo && call
    ? { ...call, recording: { state: "stored", ms: recordingInfo.ms, path: recordingInfo.path } }
    : call;
}

/** Prints the list; an empty one without a database. */
async function writeList(
  db: DatabaseSync | undefined,
  { filter, limit, format }: CallsOptions,
  io: CallsIo,
): Promise<void> {
  const { out } = io;
  const calls = db ? pages(db, filter, limit) : [];
  if (format === "text") {
    const listed = [...calls];
    return out(listed.length > 0 ? formatTable(listed) : "No calls\n");
  }
  if (format === "csv") {
    out(CSV_HEADER);
    for (const call of calls) out(callCsvRow(call));
    return;
  }
  out('{"calls":[');
  let separator = "\n";
  for (const { callSid } of calls) {
    const call = db && await findCall(db, callSid, io);
    if (!call) continue;
    out(separator + callJson(call));
    separator = ",\n";
  }
  out("\n]}\n");
}

function* pages(db: DatabaseSync, filter: CallFilter, limit: number): Generator<ListedCall> {
  let before: string | undefined;
  for (let remaining = limit; remaining > 0; remaining -= PAGE) {
    const page = listCalls(db, { ...filter, before, limit: Math.min(remaining, PAGE) });
    yield* page.calls;
    before = page.next;
    if (before === undefined) return;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** @param now Unix time (ms). @throws {UsageError} */
function readOptions(
  values: FlagValues<typeof CALLS.flags>,
  callSid: string | undefined,
  now: number,
) {
  const { search, since, limit, json, csv, forget, yes } = values;
  const forList = search !== undefined || since !== undefined || limit !== undefined || csv;
  if (callSid !== undefined && forList) {
    throw new UsageError("--search, --since, --limit and --csv are for the list, not for one call");
  }
  if (json && csv) throw new UsageError("expected either --json or --csv");
  if (forget !== undefined && (forList || json || callSid !== undefined)) {
    throw new UsageError("--forget allows no other flag than --yes");
  }
  if (forget !== undefined && /^[\d\s().\-/]*$/.test(forget)) {
    throw new UsageError(
      `--forget is ${JSON.stringify(forget)}; expected a number with its country code, such as +15551230000`,
    );
  }
  if (yes && forget === undefined) throw new UsageError("--yes needs --forget");
  const format = json ? "json" : csv ? "csv" : "text";
  const filter: CallFilter = { search, since: since === undefined ? undefined : readSince(since, now) };
  return {
    callSid,
    filter,
    limit: limit ?? (format === "text" ? DEFAULT_LIMIT : Infinity),
    format,
    forget,
    yes,
  };
}

/** Converts a local time or an age to ISO 8601. */
function readSince(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,4})([dh])$/.exec(text) ?? [];
  if (count !== undefined) {
    return new Date(now - Number(count) * (unit === "d" ? 24 : 1) * 3_600_000).toISOString();
  }
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00`) : new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(time.getTime())) return time.toISOString();
  throw new UsageError(`--since is ${JSON.stringify(text)}; expected a time such as 2026-11-21 or 7d`);
}
