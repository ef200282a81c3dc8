/** `parley call`: its flags, and what it reads and writes. The running service places the calls. */

import { parseArgs } from "node:util";
import type { Clock } from "../clock.ts";
import { flagProblem } from "./flag_problem.ts";
import { variableNameProblem } from "../dialer/call_request.ts";
import { CallingHours } from "../dialer/calling_hours.ts";
import {
  type CallList,
  type Defaults,
  readCallList,
  requestOf,
  withoutKnown,
} from "../dialer/campaign/call_list.ts";
import { formatPlan, Printer, type PrinterIo } from "../dialer/campaign/printer.ts";
import { calledNumbers, type CallResult, resultLine, RESULTS_HEADER } from "../dialer/campaign/results.ts";
import { ListRun } from "../dialer/campaign/run_list.ts";
import { ServiceClient } from "../dialer/campaign/service_client.ts";
import { readDoNotCall } from "../dialer/phone_number.ts";

export const CALL_USAGE =
  `parley call NUMBER | --file LIST: has the running service place calls, and follows them

  --file FILE          numbers to call: CSV with a column "number"; "assistant", "objective"; others are variables
  --assistant NAME     who makes the calls (the default assistant)
  --objective TEXT     what they are for: {{objective}} in the assistant's instructions
  --set NAME=VALUE     a variable, {{NAME}} in its instructions and greeting; can be repeated
  --rate N             begin at most N calls a minute
  --at-once N          at most N calls at a time (1)
  --hours 09:00-18:00  call within these hours only, and wait for them otherwise
  --time-zone ZONE     where they count, e.g. Europe/Berlin (this machine's)
  --do-not-call FILE   numbers that are never called, one a line
  --out FILE           write how each call went, as CSV; numbers that are in it are not called again
                       (with --file list.csv: list.results.csv)
  --url URL            the service (PUBLIC_URL, or else this machine's)
  --dry-run            say what would be called, and call nobody
  --json               print one JSON object at the end`;

/** What the command needs of the world. */
export interface CallIo extends PrinterIo {
  /** Text of a file; undefined where there is none. */
  readFile(path: string): Promise<string | undefined>;
  /** Adds to the end of a file, which is made if there is none. */
  appendFile(path: string, text: string): Promise<void>;
  /** Where the service is without `--url`, and `ADMIN_TOKEN`. */
  readonly service: { readonly url: string; readonly token?: string | undefined };
  /** The machine's. */
  readonly timeZone: string;
  readonly clock: Clock;
  /** Places no more calls when it aborts. */
  readonly signal?: AbortSignal;
}

/** What the command line asks for. */
interface CallArguments {
  readonly number: string | undefined;
  readonly file: string | undefined;
  readonly defaults: Defaults;
  readonly rate: number | undefined;
  readonly atOnce: number;
  readonly hours: CallingHours | undefined;
  readonly doNotCall: string | undefined;
  readonly out: string | undefined;
  readonly url: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/**
 * Runs the command and says how the program should exit: 0 when all was called that should be, however the calls ended; 1
 * when something was not, or how its call ended is not known; 2 for wrong arguments.
 */
export async function runCall(args: string[], io: CallIo): Promise<number> {
  let parsed: CallArguments | "help";
  try {
    parsed = parseCallArgs(args, io.timeZone);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    io.err(error.message + "\n");
    return 2;
  }
  if (parsed === "help") {
    io.out(CALL_USAGE + "\n");
    return 0;
  }
  try {
    return await call(parsed, io);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    io.err(error.message + "\n");
    return 1;
  }
}

async function call(asked: CallArguments, io: CallIo): Promise<number> {
  const { atOnce, rate, hours, dryRun, json, out } = asked;
  const { clock, service, signal } = io;
  const before = out === undefined ? undefined : await read(out, io);
  const called = out === undefined || before === undefined ? new Set<string>() : calledNumbers(before, out);
  const doNotCall = asked.doNotCall === undefined
    ? new Set<string>()
    : readDoNotCall(await need(asked.doNotCall, io), asked.doNotCall);
  const list = await listOf(asked, io);
  const { calls, skipped } = withoutKnown(list, doNotCall, called);
  // On a list it is in order that some numbers are left out; not that some cannot be read.
  const amiss = (asked.file === undefined ? skipped : list.skipped).length;
  if (dryRun) {
    io.out(json ? JSON.stringify({ calls, notCalled: skipped }) + "\n" : formatPlan(calls, skipped));
    return amiss > 0 ? 1 : 0;
  }
  // A file that cannot be written is told before the first call.
  if (out !== undefined) await append(out, startOf(before), io);
  const printer = new Printer(io, json, skipped);
  let failures = amiss;
  const stopped = await new ListRun({
    calls,
    client: new ServiceClient({ url: asked.url ?? service.url, token: service.token, clock }),
    atOnce,
    perMinute: rate,
    hours,
    clock,
    signal,
    async ended(result: CallResult) {
      if (result.outcome === "unknown") failures++;
      printer.ended(result);
      if (out !== undefined) await append(out, resultLine(result), io);
    },
    refused(listed, why) {
      failures++;
      printer.refused(listed, why);
    },
    progress: (progress) => printer.progress(progress),
  }).run();
  printer.finish(stopped);
  return failures > 0 || stopped !== undefined ? 1 : 0;
}

/** What a results file needs before its next row: the header, or the end of a row that was cut off. */
function startOf(before: string | undefined): string {
  if (!before?.trim()) return RESULTS_HEADER;
  return before.endsWith("\n") ? "" : "\r\n";
}

async function listOf({ file, number = "", defaults }: CallArguments, io: CallIo): Promise<CallList> {
  if (file !== undefined) return readCallList(await need(file, io), file, defaults);
  const request = requestOf(number, {}, defaults);
  return typeof request === "string"
    ? { calls: [], skipped: [{ number, why: request }] }
    : { calls: [{ request }], skipped: [] };
}

async function need(path: string, io: CallIo): Promise<string> {
  const text = await read(path, io);
  if (text === undefined) throw new TypeError(`Cannot read "${path}": there is no such file`);
  return text;
}

async function read(path: string, io: CallIo): Promise<string | undefined> {
  return await io.readFile(path).catch((error) => refuse("read", path, error));
}

async function append(path: string, text: string, io: CallIo): Promise<void> {
  await io.appendFile(path, text).catch((error) => refuse("write", path, error));
}

function refuse(verb: string, path: string, error: unknown): never {
  throw new TypeError(`Cannot ${verb} "${path}": ${error instanceof Error ? error.message : error}`);
}

/** @throws {TypeError} naming the flag that is wrong. */
function parseCallArgs(args: string[], timeZone: string): CallArguments | "help" {
  const { values, positionals } = parseFlags(args);
  if (values.help) return "help";
  const [number, ...others] = positionals;
  const { file, assistant, objective, url } = values;
  if (others.length > 0) {
    throw wrong(`one number was expected, and found ${positionals.length}; quote a number with spaces`);
  }
  if ((number === undefined) === (file === undefined)) throw wrong("a number or --file was expected");
  if (values["time-zone"] !== undefined && values.hours === undefined) {
    throw wrong("--time-zone is for --hours");
  }
  const given = values.set ?? [];
  return {
    number,
    file,
    defaults: {
      ...(assistant === undefined ? {} : { assistant }),
      ...(objective === undefined ? {} : { objective }),
      ...(given.length === 0 ? {} : { variables: Object.fromEntries(given.map(readVariable)) }),
    },
    rate: values.rate === undefined ? undefined : wholeNumber("--rate", values.rate),
    atOnce: wholeNumber("--at-once", values["at-once"] ?? "1"),
    hours: values.hours === undefined ? undefined : readHours(values.hours, values["time-zone"] ?? timeZone),
    doNotCall: values["do-not-call"],
    out: values.out ?? file?.replace(/(\.csv)?$/i, ".results.csv"),
    url: url === undefined ? undefined : readUrl(url),
    dryRun: values["dry-run"] ?? false,
    json: values.json ?? false,
  };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        file: { type: "string" },
        assistant: { type: "string" },
        objective: { type: "string" },
        set: { type: "string", multiple: true },
        rate: { type: "string" },
        "at-once": { type: "string" },
        hours: { type: "string" },
        "time-zone": { type: "string" },
        "do-not-call": { type: "string" },
        out: { type: "string" },
        url: { type: "string" },
        "dry-run": { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw wrong(flagProblem(error));
  }
}

function readVariable(text: string): [string, string] {
  const [, name = text, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (value === undefined) throw wrong(`--set is ${JSON.stringify(text)}, NAME=VALUE was expected`);
  const problem = variableNameProblem(name);
  if (problem) throw wrong(`--set names ${JSON.stringify(name)}; ${problem}`);
  return [name, value];
}

function readHours(text: string, timeZone: string): CallingHours {
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) throw wrong(`--hours is "${text}", 09:00-18:00 was expected`);
  try {
    return new CallingHours({ from, to, timeZone });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw wrong(`--hours or --time-zone: ${error.message}`);
  }
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ["http:", "https:"].includes(url.protocol)) return url.href.replace(/\/$/, "");
  throw wrong(`--url is ${JSON.stringify(text)}, an address such as http://localhost:5050 was expected`);
}

function wholeNumber(flag: string, text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw wrong(`${flag} is "${text}", a whole number from 1 was expected`);
}

function wrong(why: string): TypeError {
  return new TypeError(`Cannot call: ${why}; see "parley call --help"`);
}
