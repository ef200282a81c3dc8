/** `parley calls`: its flags, and what it prints. It reads the file itself, beside the service. */

import { basename, dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { CALLS_USAGE, type CallsArguments, parseCallsArgs } from "./calls_arguments.ts";
import { CSV_HEADER, csvRow, jsonOf } from "../records/call_export.ts";
import { openCallFile } from "../records/call_file.ts";
import { type CallFilter, listCalls, type ListedCall } from "../records/call_list.ts";
import { readCall } from "../records/call_rows.ts";
import { formatCall, formatTable, type FoundRecording } from "../records/call_text.ts";
import { forget, type Traces, tracesOf } from "../records/forget.ts";
import { printable } from "../printable.ts";

/** What the command needs of the world. */
export interface CallsIo {
  out(text: string): void;
  err(text: string): void;
  /** The file of calls. */
  readonly path: string;
  /** Whether somebody can be asked. */
  readonly isTerminal: boolean;
  /** Asks yes or no. */
  confirm(question: string): boolean;
  /** Milliseconds since 1970. */
  wallTime(): number;
  /** The recording of a call, if there is one. */
  recording?(callSid: string): Promise<FoundRecording | undefined>;
  /** Deletes what is kept elsewhere of these calls, such as recordings; rejects when it cannot. */
  alsoForget?(callSids: readonly string[]): Promise<void>;
}

const PAGE = 500;

/** Runs the command and says how the program should exit: 1 when there is no such call or the file fails, 2 for wrong arguments. */
export async function runCalls(args: string[], io: CallsIo): Promise<number> {
  let asked: CallsArguments | "help";
  try {
    asked = parseCallsArgs(args, io.wallTime());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    io.err(error.message + "\n");
    return 2;
  }
  if (asked === "help") {
    io.out(CALLS_USAGE + "\n");
    return 0;
  }
  try {
    return await withFile(asked, io);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    io.err(`${printable(error.message)}\n`);
    return 1;
  }
}

async function withFile(asked: CallsArguments, io: CallsIo): Promise<number> {
  if (!isFile(io.path)) {
    if (asked.callSid !== undefined) return noSuchCall(asked.callSid, io);
    if (asked.forget === undefined && asked.format !== "text") await write(undefined, asked, io);
    else io.out(`No calls are kept yet: there is no "${io.path}"\n`);
    return 0;
  }
  const db = open(io.path);
  try {
    if (asked.forget !== undefined) return await forgetNumber(db, asked.forget, asked.yes, io);
    if (asked.callSid === undefined) await write(db, asked, io);
    else return await showCall(db, asked.callSid, asked.format, io);
    return 0;
  } finally {
    db.close();
  }
}

function open(path: string): DatabaseSync {
  try {
    return openCallFile(path);
  } catch (error) {
    if (!(error instanceof Error) || error.message.startsWith("Cannot")) throw error;
    throw new Error(`Cannot read "${path}": ${error.message}`);
  }
}

async function showCall(db: DatabaseSync, callSid: string, format: string, io: CallsIo): Promise<number> {
  const call = readCall(db, callSid);
  if (!call) return noSuchCall(callSid, io);
  const recording = await io.recording?.(callSid);
  io.out(format === "json" ? jsonOf(call, recording) + "\n" : formatCall(call, recording));
  return 0;
}

function noSuchCall(callSid: string, { err }: CallsIo): number {
  err(`There is no call ${printable(callSid)}; "parley calls" lists those there are\n`);
  return 1;
}

/** Prints the list; without a file, an empty one. */
async function write(
  db: DatabaseSync | undefined,
  { filter, limit, format }: CallsArguments,
  { out, recording }: CallsIo,
): Promise<void> {
  const calls = db ? pages(db, filter, limit) : [];
  if (format === "text") {
    const shown = [...calls];
    out(shown.length > 0 ? formatTable(shown) : "No calls\n");
  } else if (format === "csv") {
    out(CSV_HEADER);
    for (const call of calls) out(csvRow(call));
  } else {
    out('{"calls":[');
    let between = "\n";
    for (const { callSid } of calls) {
      const call = db && readCall(db, callSid);
      if (!call) continue;
      out(between + jsonOf(call, await recording?.(callSid)));
      between = ",\n";
    }
    out("\n]}\n");
  }
}

function* pages(db: DatabaseSync, filter: CallFilter, limit: number): Generator<ListedCall> {
  let before: string | undefined;
  for (let left = limit; left > 0; left -= PAGE) {
    const page = listCalls(db, { ...filter, before, limit: Math.min(left, PAGE) });
    yield* page.calls;
    before = page.next;
    if (before === undefined) return;
  }
}

async function forgetNumber(db: DatabaseSync, number: string, yes: boolean, io: CallsIo): Promise<number> {
  const shown = printable(number);
  const traces = tracesOf(db, number);
  const { calls, mentions } = traces;
  io.out(
    calls.length + mentions.length === 0
      ? `Nothing is kept about ${shown}\n`
      : `About ${shown} there is: ${describe(traces)}\n`,
  );
  for (const name of brokenFiles(io.path)) {
    io.err(`${printable(name)} could not be read and was not looked through; delete it if nobody needs it\n`);
  }
  if (calls.length + mentions.length === 0) return 0;
  if (!yes) {
    if (!io.isTerminal) {
      io.err("Nothing was deleted; say --yes to delete it\n");
      return 1;
    }
    if (!io.confirm("Delete all of it for ever?")) {
      io.out("Nothing was deleted\n");
      return 1;
    }
  }
  // What is elsewhere goes first: its calls are found only while they are here.
  await io.alsoForget?.(calls);
  io.out(`Deleted: ${describe(forget(db, number))}\n`);
  return 0;
}

function describe({ calls, mentions }: Traces): string {
  return `${counted(calls.length, "call")} from or to it; ${
    counted(mentions.length, "other call")
  } that name it`;
}

/** Files of calls that were set aside, beside this one. */
function brokenFiles(path: string): string[] {
  const start = `${basename(path)}.broken-`;
  return [...Deno.readDirSync(dirname(path))].map(({ name }) => name).filter((name) =>
    name.startsWith(start)
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
