import { loadConfig } from "../app/service_config.ts";
import { type Clock, systemClock } from "../clock.ts";
import { processEnvironment } from "../config/environment.ts";
import { CampaignPrinter, formatPlan } from "../dialer/campaign/campaign_printer.ts";
import {
  calledNumbers,
  type CampaignResult,
  NOT_PLACED,
  PLACING,
  resultLine,
  RESULTS_HEADER,
} from "../dialer/campaign/campaign_results.ts";
import { CampaignRun } from "../dialer/campaign/campaign_run.ts";
import {
  buildRequest,
  excludeNumbers,
  readRecipients,
  type Recipient,
  type Recipients,
} from "../dialer/campaign/recipients.ts";
import { ServiceClient } from "../dialer/campaign/service_client.ts";
import { throwFileError, unlessMissing } from "../file_error.ts";
import { readDoNotCall } from "../phone_number.ts";
import { type CallOptions, readCallOptions } from "./call_options.ts";
import { runCommand, suggestName, UsageError } from "./command.ts";
import { CALL } from "./commands.ts";
import { EXIT, type ExitCode } from "./exit_code.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

export interface CallIo extends Terminal {
  /** Undefined for a missing file. */
  readFile(path: string): Promise<string | undefined>;
  /** Creates a missing file. Resolves when the text is on disk. */
  appendFile(path: string, text: string): Promise<void>;
  /** Locks a file until the process ends; false when another process has locked it. */
  lockFile?(path: string): boolean;
  /** The service to use without `--url`, and `ADMIN_TOKEN`. */
  readonly service: { readonly url: string; readonly token?: string | undefined };
  /** Names of the assistants of `service`; undefined: not known. */
  readonly assistants?: readonly string[];
  /** The system's, an IANA name. */
  readonly timeZone: string;
  readonly clock: Clock;
  /** Stops placing and following calls when it aborts. */
  readonly signal?: AbortSignal;
}

export async function startCall(args: readonly string[]): Promise<ExitCode> {
  const config = loadConfig(processEnvironment);
  const interrupt = new AbortController();
  // SIGHUP: the terminal was closed.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => interrupt.abort());
  }
  return await runCall(args, {
    ...processTerminal,
    readFile: (path) => unlessMissing(Deno.readTextFile(path)),
    async appendFile(path, text) {
      using file = await Deno.open(path, { append: true, create: true });
      const bytes = new TextEncoder().encode(text);
      for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
      await file.syncData();
    },
    lockFile(path) {
      const file = Deno.openSync(path, { read: true });
      // Deno before 2.7 cannot try a lock. The open file holds it until the process ends.
      return file.tryLockSync?.(true) ?? true;
    },
    assistants: config.assistants.assistants.map(({ name }) => name),
    service: { url: config.PUBLIC_URL ?? `http://127.0.0.1:${config.PORT}`, token: config.ADMIN_TOKEN },
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    clock: systemClock,
    signal: interrupt.signal,
  });
}

/**
 * Exit code 1 means that a recipient was not called, or that a result is unknown. The outcomes of calls do
 * not matter.
 */
export function runCall(args: readonly string[], io: CallIo): Promise<ExitCode> {
  return runCommand(
    CALL,
    args,
    io,
    (values, number) => call(readCallOptions(values, number, io.timeZone), io),
  );
}

async function call(options: CallOptions, io: CallIo): Promise<ExitCode> {
  const { atOnce, rate, hours, dryRun, json, out } = options;
  const { clock, service, signal } = io;
  const earlierResults = out === undefined ? undefined : await readFile(out, io);
  const called = calledNumbers(earlierResults ?? "", out ?? "");
  const doNotCall = options.doNotCall === undefined
    ? new Set<string>()
    : readDoNotCall(await readExistingFile(options.doNotCall, io), options.doNotCall);
  const listed = await recipientsOf(options, io);
  const { recipients, skipped } = excludeNumbers(listed, doNotCall, called);
  if (options.url === undefined) checkAssistants(options, recipients, io);
  // Excluded numbers are expected in a file, but not as the only number; unusable rows are failures in both.
  let failures = (options.file === undefined ? skipped : listed.skipped).length;
  if (dryRun) {
    io.out(json ? JSON.stringify({ recipients, skipped }) + "\n" : formatPlan(recipients, skipped));
    return failures > 0 ? EXIT.failed : EXIT.ok;
  }
  // Before the first call, so that a file that cannot be written is reported early.
  if (out !== undefined) {
    await appendFile(out, startOfResults(earlierResults), io);
    if (io.lockFile?.(out) === false) {
      throw new Error(
        `Cannot append to "${out}": another "parley call" is using it. Wait until it has ended.`,
      );
    }
  }
  const save = async (result: CampaignResult) => {
    if (out !== undefined) await appendFile(out, resultLine(result), io);
  };
  const saveOutcome = ({ request: { to } }: Recipient, outcome: string, detail = "") =>
    save({ number: to, outcome, at: new Date(clock.wallTime()).toISOString(), detail });
  const printer = new CampaignPrinter(io, json, skipped);
  const stopped = await new CampaignRun({
    recipients,
    client: new ServiceClient({ url: options.url ?? service.url, token: service.token, clock }),
    atOnce,
    perMinute: rate,
    hours,
    clock,
    signal,
    onPlacing: (recipient) => saveOutcome(recipient, PLACING),
    onNotPlaced: (recipient, reason) => saveOutcome(recipient, NOT_PLACED, reason),
    async onResult(result) {
      if (result.outcome === "unknown") failures++;
      printer.printResult(result);
      await save(result);
    },
    onRefusal(recipient, reason) {
      failures++;
      printer.printRefusal(recipient, reason);
    },
    onProgress: (progress) => printer.printProgress(progress),
  }).run();
  printer.finish(stopped);
  return failures > 0 || stopped !== undefined ? EXIT.failed : EXIT.ok;
}

/** @throws {UsageError} naming an assistant that the service does not have. */
function checkAssistants(
  { defaults, file }: CallOptions,
  recipients: Recipients["recipients"],
  { assistants }: CallIo,
): void {
  if (assistants === undefined) return;
  const isUnknown = (name: string | undefined) => name !== undefined && !assistants.includes(name);
  const expected = (name: string) => `; expected ${assistants.join(" or ")}${suggestName(name, assistants)}`;
  const { assistant } = defaults;
  if (assistant !== undefined && isUnknown(assistant)) {
    throw new UsageError(`--assistant is ${JSON.stringify(assistant)}${expected(assistant)}`);
  }
  const listed = recipients.map(({ request }) => request.assistant).find(isUnknown);
  if (listed === undefined) return;
  throw new UsageError(`${file}: assistant ${JSON.stringify(listed)} does not exist${expected(listed)}`);
}

/** Text to write before the next row of a results file: the header, or the end of a truncated row. */
function startOfResults(earlier: string | undefined): string {
  if (!earlier?.trim()) return RESULTS_HEADER;
  return earlier.endsWith("\n") ? "" : "\r\n";
}

async function recipientsOf({ file, number = "", defaults }: CallOptions, io: CallIo): Promise<Recipients> {
  if (file !== undefined) return readRecipients(await readExistingFile(file, io), file, defaults);
  const request = buildRequest(number, {}, defaults);
  return typeof request === "string"
    ? { recipients: [], skipped: [{ number, reason: request }] }
    : { recipients: [{ request }], skipped: [] };
}

async function readExistingFile(path: string, io: CallIo): Promise<string> {
  const text = await readFile(path, io);
  if (text === undefined) throwFileError(path, new Deno.errors.NotFound());
  return text;
}

async function readFile(path: string, io: CallIo): Promise<string | undefined> {
  return await io.readFile(path).catch((error) => throwFileError(path, error));
}

async function appendFile(path: string, text: string, io: CallIo): Promise<void> {
  await io.appendFile(path, text).catch((error) => throwFileError(path, error, "write"));
}
