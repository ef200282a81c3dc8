import type { ListedCall, Skipped } from "./call_list.ts";
import type { CallResult } from "./results.ts";
import type { Progress } from "./run_list.ts";

/** Where the command prints to. */
export interface PrinterIo {
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` writes to a terminal, where a line can be overwritten. */
  readonly errIsTerminal: boolean;
}

/** Shows a run: each call that ends, one line that changes meanwhile, and the sum. With JSON, one object at the end. */
export class Printer {
  readonly #io: PrinterIo;
  readonly #json: boolean;
  readonly #results: CallResult[] = [];
  readonly #notCalled: Skipped[];
  #lastNote: string | undefined;

  constructor(io: PrinterIo, json: boolean, skipped: readonly Skipped[]) {
    this.#io = io;
    this.#json = json;
    this.#notCalled = [...skipped];
    for (const each of skipped) this.#print(notCalled(each));
  }

  ended(result: CallResult): void {
    this.#results.push(result);
    const { number, outcome, seconds, answeredBy, detail } = result;
    const length = seconds === undefined ? "" : `${seconds} s`;
    this.#print(columns(number, outcome, length, answeredBy ?? detail ?? ""));
  }

  refused(call: ListedCall, why: string): void {
    const line = call.line === undefined ? {} : { line: call.line };
    this.#notCalled.push({ ...line, number: call.request.to, why });
    this.#print(columns(call.request.to, "refused", "", why));
  }

  /** On a terminal one line that changes; elsewhere a line whenever there is something new to wait for. */
  progress({ done, of, active, waiting }: Progress): void {
    const { err, errIsTerminal } = this.#io;
    if (errIsTerminal) {
      const [first] = active;
      const calls = first ? `, ${active.length} on the line (${first.join(" ")})` : "";
      err(`\r\x1b[K${done} of ${of} done${calls}${waiting ? `; waiting: ${printable(waiting)}` : ""}`);
    } else if (waiting !== undefined && waiting !== this.#lastNote) {
      this.#lastNote = waiting;
      err(`waiting: ${printable(waiting)}\n`);
    }
  }

  /** @param stopped Why the run ended before its time. */
  finish(stopped: string | undefined): void {
    const counts = new Map<string, number>();
    for (const { outcome } of this.#results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    if (this.#json) {
      const summary = {
        calls: this.#results,
        notCalled: this.#notCalled,
        counts: Object.fromEntries(counts),
        stopped,
      };
      this.#io.out(JSON.stringify(summary) + "\n");
      return;
    }
    if (this.#notCalled.length > 0) counts.set("not called", this.#notCalled.length);
    if (this.#io.errIsTerminal) this.#io.err("\r\x1b[K");
    const lines = [...counts].sort(([what, a], [other, b]) => b - a || (what < other ? -1 : 1)).map((
      [what, count],
    ) => `${String(count).padStart(6)}  ${what}\n`);
    this.#io.out(`\n${lines.join("")}`);
    if (stopped !== undefined) this.#io.err(printable(stopped) + "\n");
  }

  #print(line: string): void {
    if (this.#json) return;
    if (this.#io.errIsTerminal) this.#io.err("\r\x1b[K");
    this.#io.out(`${printable(line)}\n`);
  }
}

/** What would be called, and what not. */
export function formatPlan(calls: readonly ListedCall[], skipped: readonly Skipped[]): string {
  const planned = calls.map(({ request: { to, assistant, objective, variables = {} } }) => {
    const values = Object.entries({ assistant, objective, ...variables })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    return columns(to, "would be called", "", values.join(" "));
  });
  return [...planned, ...skipped.map(notCalled)].map((line) => `${printable(line)}\n`).join("");
}

function notCalled({ line, number, why }: Skipped): string {
  return columns(number, "not called", line === undefined ? "" : `line ${line}`, why);
}

function columns(number: string, what: string, short: string, text: string): string {
  return `${number.padEnd(16)}  ${what.padEnd(15)}  ${short.padStart(8)}  ${text}`.trimEnd();
}

/** A text on one line, without controls and marks that turn its direction. */
function printable(text: string): string {
  return text.slice(0, 1_000).replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}
