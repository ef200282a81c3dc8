import { ACCEPTED, type Cost } from "./cost.ts";
import type { Made } from "./attack.ts";
import { spreadOf, type Window } from "./delays.ts";
import type { Entry } from "./ledger.ts";

/** Lines in the log that one attack may leave behind: each reason may have one each ten seconds. */
const MOST_LOG_LINES = 400;
/** What a socket refused before its upgrade may cost, of what an accepted one does. */
const REFUSED_SHARE = 0.1;

/** One window: what happened to the good calls, and what the service and the machine said of it. */
export interface Measured {
  readonly window: Window;
  readonly seconds: number;
  /** At its end. */
  readonly residentMb: number;
  readonly heapUsedMb: number;
  readonly eventLoopDelayMs: number;
  /** Of one core. */
  readonly cpuShare: number;
  /** What others used, of one core. */
  readonly foreignShare: number;
}

/** Everything that is judged. */
export interface Outcome {
  readonly measured: readonly Measured[];
  readonly made: readonly Made[];
  readonly ledger: readonly Entry[];
  /** Good calls that were placed, those the service still had at the end, and how some ended that should not have. */
  readonly calls: { readonly placed: number; readonly inService: number; readonly ended: readonly string[] };
  readonly logLines: number;
  readonly stopped: { readonly code: number; readonly ms: number };
  readonly costs: readonly Cost[];
}

/** What is not as it should be. Delays are left to the reader, who knows how quiet the machine was. */
export function findings(outcome: Outcome): string[] {
  const { measured, made, ledger, calls, logLines, stopped, costs } = outcome;
  return [
    ...measured.filter(({ window }) => window.lost > 0)
      .map(({ window }) => `${window.lost} frames of good calls were lost in "${window.name}"`),
    ...calls.ended.map((how) => `a good call ended: ${how}`),
    ...(calls.inService === calls.placed ? [] : [`the service says it has ${calls.inService} calls`]),
    ...made.filter(({ odd }) => Object.keys(odd).length > 0)
      .map(({ name, odd }) => `"${name}" was answered ${answers(odd)}`),
    ...ledger.filter(({ due, counted }) => due !== counted)
      .map(({ counter, due, counted }) => `${counter}: ${due} were due, ${counted} counted`),
    ...(logLines > MOST_LOG_LINES ? [`the log grew by ${logLines} lines in an attack`] : []),
    ...(stopped.code === 0 ? [] : [`the service stopped with code ${stopped.code}`]),
    ...costs.filter((cost) => cost.refused && shareOf(cost, costs) > REFUSED_SHARE)
      .map((cost) => `"${cost.name}" costs ${percent(shareOf(cost, costs))} of an accepted socket`),
  ];
}

/** All tables, in Markdown. */
export function tables({ measured, made, ledger, costs }: Outcome): string {
  const three = (values: readonly number[]) => {
    const { p50, p99, max } = spreadOf(values);
    return `${p50.toFixed(2)} / ${p99.toFixed(2)} / ${max.toFixed(1)}`;
  };
  const windows = measured.map(({ window, ...of }) => ({
    "window": window.name,
    "s": of.seconds.toFixed(0),
    "caller to model, ms: p50 / p99 / max": three(window.toModel),
    "model to caller": three(window.toCaller),
    "bench late, p99": spreadOf(window.slip).p99.toFixed(2),
    "frames": `${window.sent + window.voiceSent}`,
    "lost": `${window.lost}`,
    "timers late, at most ms": `${of.eventLoopDelayMs}`,
    "CPU": percent(of.cpuShare),
    "foreign": percent(of.foreignShare),
    "resident, MB": of.residentMb.toFixed(0),
    "heap, MB": of.heapUsedMb.toFixed(1),
  }));
  const all = made.reduce((sum, { times, size }) => sum + times * size, 0);
  const attacks = made.map(({ name, times, size, answers: got }) => ({
    "attack": name,
    "times": `${times}`,
    "requests and frames": `${times * size}`,
    "answers": answers(got),
  }));
  const inAll = { "attack": "in all", "times": "", "requests and frames": `${all}`, "answers": "" };
  return [
    table(windows),
    table([...attacks, inAll]),
    table(ledger.map(({ counter, due, counted }) => ({ counter, "due": `${due}`, "counted": `${counted}` }))),
    table(costs.map((cost) => ({
      "socket": cost.name,
      "CPU, ms": cost.median.toFixed(3),
      "of an accepted one": percent(shareOf(cost, costs)),
      "rounds": cost.rounds.map((each) => each.toFixed(3)).join(" "),
    }))),
  ].filter(Boolean).join("\n\n");
}

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

function shareOf({ median }: Cost, costs: readonly Cost[]): number {
  return median / (costs.find(({ name }) => name.startsWith(ACCEPTED))?.median ?? NaN);
}

function answers(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).map(([answer, times]) => `${answer}: ${times}`).join(", ");
}

function table(rows: readonly Readonly<Record<string, string>>[]): string {
  const [first] = rows;
  if (!first) return "";
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const head = Object.keys(first);
  return [line(head), line(head.map(() => "---")), ...rows.map((row) => line(Object.values(row)))].join("\n");
}
