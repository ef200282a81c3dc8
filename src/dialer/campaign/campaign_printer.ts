import { escapeUnprintable } from "../../printable.ts";
import type { CampaignResult } from "./campaign_results.ts";
import type { CampaignProgress } from "./campaign_run.ts";
import type { Recipient, SkippedRow } from "./recipients.ts";

/** Maximum length of a printed line (characters). */
const MAX_LINE = 1_000;
const ERASE_LINE = "\r\x1b[K";

export interface PrinterIo {
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` can overwrite a line. */
  readonly errIsTerminal: boolean;
}

/** Prints each result, the progress in between, and the counts; or one JSON object at the end. */
export class CampaignPrinter {
  readonly #io: PrinterIo;
  readonly #json: boolean;
  readonly #results: CampaignResult[] = [];
  /** Rows that are not called, and calls that the service refused. */
  readonly #skipped: SkippedRow[];
  #refusals = 0;
  #lastWaiting: string | undefined;

  constructor(io: PrinterIo, json: boolean, skipped: readonly SkippedRow[]) {
    this.#io = io;
    this.#json = json;
    this.#skipped = [...skipped];
    for (const row of skipped) this.#print(skippedLine(row));
  }

  printResult(result: CampaignResult): void {
    this.#results.push(result);
    const { number, outcome, seconds, answeredBy, detail } = result;
    const length = seconds === undefined ? "" : `${seconds} s`;
    this.#print(columns(number, outcome, length, answeredBy ?? detail ?? ""));
  }

  printRefusal({ line, request: { to } }: Recipient, reason: string): void {
    this.#skipped.push({ line, number: to, reason });
    this.#refusals++;
    this.#print(columns(to, "refused", "", reason));
  }

  /** Overwrites one line on a terminal; elsewhere prints a line when the reason to wait changes. */
  printProgress({ done, total, active, waiting }: CampaignProgress): void {
    const { err, errIsTerminal } = this.#io;
    if (errIsTerminal) {
      const [first] = active;
      const calls = first ? `, ${active.length} in progress (${first.join(" ")})` : "";
      err(`${ERASE_LINE}${done} of ${total} done${calls}${waiting ? `; waiting: ${oneLine(waiting)}` : ""}`);
    } else if (waiting !== undefined && waiting !== this.#lastWaiting) {
      this.#lastWaiting = waiting;
      err(`waiting: ${oneLine(waiting)}\n`);
    }
  }

  /** @param stopped Why the campaign ended early. */
  finish(stopped: string | undefined): void {
    const counts = new Map<string, number>();
    for (const { outcome } of this.#results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    const { out, err, errIsTerminal } = this.#io;
    if (this.#json) {
      const [results, skipped] = [this.#results, this.#skipped];
      return out(JSON.stringify({ results, skipped, counts: Object.fromEntries(counts), stopped }) + "\n");
    }
    const rows = { refused: this.#refusals, skipped: this.#skipped.length - this.#refusals };
    for (const [name, count] of Object.entries(rows)) if (count > 0) counts.set(name, count);
    if (errIsTerminal) err(ERASE_LINE);
    const lines = [...counts].sort(([name, a], [other, b]) => b - a || (name < other ? -1 : 1))
      .map(([name, count]) => `${String(count).padStart(6)}  ${name}\n`);
    out(`\n${lines.join("")}`);
    if (stopped !== undefined) err(oneLine(stopped) + "\n");
  }

  #print(line: string): void {
    if (this.#json) return;
    if (this.#io.errIsTerminal) this.#io.err(ERASE_LINE);
    this.#io.out(`${oneLine(line)}\n`);
  }
}

/** The plan of a dry run. */
export function formatPlan(recipients: readonly Recipient[], skipped: readonly SkippedRow[]): string {
  const planned = recipients.map(({ request: { to, assistant, objective, variables = {} } }) => {
    const values = Object.entries({ assistant, objective, ...variables })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    return columns(to, "would be called", "", values.join(" "));
  });
  return [...planned, ...skipped.map(skippedLine)].map((line) => `${oneLine(line)}\n`).join("");
}

function skippedLine({ line, number, reason }: SkippedRow): string {
  return columns(number, "skipped", line === undefined ? "" : `line ${line}`, reason);
}

function columns(number: string, outcome: string, length: string, text: string): string {
  return `${number.padEnd(16)}  ${outcome.padEnd(15)}  ${length.padStart(8)}  ${text}`.trimEnd();
}

function oneLine(text: string): string {
  return escapeUnprintable(text.slice(0, MAX_LINE));
}
