import { ACCEPTED, type SocketCost } from "./cost.ts";
import type { AttackResult } from "./attack.ts";
import { type MeasuredWindow, spreadOf } from "./measured_window.ts";
import type { ProbeReport } from "./twilio_probe.ts";
import type { CounterComparison } from "./counters.ts";

/** Log lines that one run may cause: each refusal reason logs once in ten seconds. */
const MAX_LOG_LINES = 400;
/** Target: cost of a socket refused before its upgrade, as a share of an accepted one. */
const MAX_REFUSED_SHARE = 0.1;

/** Measurements of one window. */
export interface WindowReport {
  readonly window: MeasuredWindow;
  /** Twilio's webhooks beside the calls. */
  readonly probe: ProbeReport;
  readonly seconds: number;
  /** At the end of the window. */
  readonly residentMb: number;
  readonly heapUsedMb: number;
  readonly eventLoopDelayMs: number;
  /** CPU of the service, as a share of one core. */
  readonly cpuShare: number;
  /** CPU of other programs, as a share of one core. */
  readonly foreignShare: number;
}

/** Everything that is checked. */
export interface Outcome {
  readonly windows: readonly WindowReport[];
  readonly results: readonly AttackResult[];
  readonly counters: readonly CounterComparison[];
  /** Good calls: placed, still in the service at the end, and close reasons of those that ended early. */
  readonly calls: { readonly placed: number; readonly inService: number; readonly ended: readonly string[] };
  readonly logLines: number;
  readonly stopped: { readonly code: number; readonly ms: number };
  readonly costs: readonly SocketCost[];
}

/** Problems found. Delays are not judged: they depend on how quiet the machine was. */
export function findProblems(outcome: Outcome): string[] {
  const { windows, results, counters, calls, logLines, stopped, costs } = outcome;
  return [
    ...windows.filter(({ window }) => window.lost > 0)
      .map(({ window }) => `${window.lost} frames of good calls were lost in "${window.name}"`),
    ...windows.filter(({ probe }) => Object.keys(probe.refused).length > 0)
      .map(({ window, probe }) =>
        `Twilio's webhooks were answered ${answers(probe.refused)} in "${window.name}"`
      ),
    ...calls.ended.map((how) => `a good call ended: ${how}`),
    ...(calls.inService === calls.placed ? [] : [`the service reports ${calls.inService} calls`]),
    ...results.filter(({ unexpected }) => Object.keys(unexpected).length > 0)
      .map(({ name, unexpected }) => `"${name}" was answered ${answers(unexpected)}`),
    ...counters.filter(({ expected, counted }) => expected !== counted)
      .map(({ counter, expected, counted }) => `${counter}: ${expected} expected, ${counted} counted`),
    ...(logLines > MAX_LOG_LINES ? [`the log grew by ${logLines} lines in an attack`] : []),
    ...(stopped.code === 0 ? [] : [`the service stopped with code ${stopped.code}`]),
    ...costs.filter((cost) => cost.refused && shareOf(cost, costs) > MAX_REFUSED_SHARE)
      .map((cost) => `"${cost.name}" costs ${percent(shareOf(cost, costs))} of an accepted socket`),
  ];
}

/** All tables (Markdown). */
export function tables({ windows, results, counters, costs }: Outcome): string {
  const spread = (values: readonly number[]) => {
    const { p50, p99, max } = spreadOf(values);
    return `${p50.toFixed(2)} / ${p99.toFixed(2)} / ${max.toFixed(1)}`;
  };
  const windowRows = windows.map(({ window, ...of }) => ({
    "window": window.name,
    "s": of.seconds.toFixed(0),
    "caller to model, ms: p50 / p99 / max": spread(window.toModel),
    "model to caller": spread(window.toCaller),
    "Twilio's webhooks, p99 ms": `${of.probe.sent}, ${of.probe.p99Ms.toFixed(1)}`,
    "bench late, p99 ms": spreadOf(window.senderDelay).p99.toFixed(2),
    "frames": `${window.sent + window.voiceSent}`,
    "lost": `${window.lost}`,
    "event loop delay, at most ms": `${of.eventLoopDelayMs}`,
    "CPU": percent(of.cpuShare),
    "foreign": percent(of.foreignShare),
    "resident, MB": of.residentMb.toFixed(0),
    "heap, MB": of.heapUsedMb.toFixed(1),
  }));
  const sum = results.reduce((sum, { times, size }) => sum + times * size, 0);
  const attacks = results.map(({ name, times, size, answers: counts }) => ({
    "attack": name,
    "times": `${times}`,
    "requests and frames": `${times * size}`,
    "answers": answers(counts),
  }));
  const total = { "attack": "total", "times": "", "requests and frames": `${sum}`, "answers": "" };
  return [
    table(windowRows),
    table([...attacks, total]),
    table(
      counters.map(({ counter, expected, counted }) => ({
        counter,
        "expected": `${expected}`,
        "counted": `${counted}`,
      })),
    ),
    table(costs.map((cost) => ({
      "socket": cost.name,
      "CPU, ms": cost.median.toFixed(3),
      "share of an accepted one": percent(shareOf(cost, costs)),
      "rounds": cost.rounds.map((each) => each.toFixed(3)).join(" "),
    }))),
  ].filter(Boolean).join("\n\n");
}

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

function shareOf({ median }: SocketCost, costs: readonly SocketCost[]): number {
  return median / (costs.find(({ name }) => name.startsWith(ACCEPTED))?.median ?? NaN);
}

function answers(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).map(([response, times]) => `${response}: ${times}`).join(", ");
}

function table(rows: readonly Readonly<Record<string, string>>[]): string {
  const [first] = rows;
  if (!first) return "";
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const head = Object.keys(first);
  return [line(head), line(head.map(() => "---")), ...rows.map((row) => line(Object.values(row)))].join("\n");
}
