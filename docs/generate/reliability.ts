/** Sections of docs/reliability.md, each from a run of `deno task faults` or `deno task soak` with `--write`. */

import { cpus } from "node:os";
import type { Cell } from "../../tests/faults/cell.ts";
import { type Fault, faultName, type Phase, PHASES, type Side } from "../../tests/faults/fault.ts";
import type { Measurement } from "../../tests/faults/measurement.ts";
import type { SoakResult } from "../../tests/soak/soak.ts";
import { replaceSection, table } from "./page.ts";

/** A run of `deno task faults`. */
export interface FaultRun {
  readonly results: ReadonlyMap<Cell, Measurement>;
  /** The targets that each cell missed. */
  readonly missed: ReadonlyMap<Cell, readonly string[]>;
  readonly command: string;
}

const TITLES: Record<Side, string> = {
  model: "Line between Parley and the model",
  twilio: "Line between Twilio and Parley",
};

/** The page with the results of a run of the matrix. */
export function withFaults(page: string, { results, missed, command }: FaultRun): string {
  const failed = [...missed].filter(([, targets]) => targets.length > 0);
  const lags = [...results.values()].map(({ lagMs }) => lagMs).sort((a, b) => a - b);
  return replaceSection(
    page,
    "faults",
    [
      `\`${command}\`, ${today()}, ${machine()}. Timers of the measuring process, which is also the service's, were up to ` +
      `${lags.at(-1)} ms late (median of the cells: ${lags[Math.floor(lags.length / 2)]} ms).`,
      `**${results.size} cells: ${
        results.size - failed.length
      } meet every target, ${failed.length} miss one.**`,
      ...failed.map(([{ side, phase, fault }, targets]) =>
        `- ${TITLES[side]}, ${phase}, ${faultName(fault)}: ${targets.join("; ")}`
      ),
      totals([...results.values()]),
      ...(Object.keys(TITLES) as Side[]).flatMap((side) => matrix(side, results)),
    ].join("\n\n"),
  );
}

/** What must be the same in all cells, as sums. */
function totals(cells: readonly Measurement[]): string {
  const count = (isTrue: (measured: Measurement) => boolean) => cells.filter(isTrue).length;
  const sum = (value: (measured: Measurement) => number) =>
    cells.reduce((total, measured) => total + value(measured), 0);
  return table(["in all cells", "number"], [
    ["cells with exactly one record", String(count(({ records }) => records === 1))],
    ["cells with exactly one webhook", String(count(({ webhooks }) => webhooks === 1))],
    [
      "cells in which a tool or a transfer ran twice",
      String(count(({ toolRuns, dials }) => toolRuns > 1 || dials > 1)),
    ],
    ["frames that one session received twice", String(sum(({ doubled }) => doubled))],
    ["frames that a second session received again, on purpose", String(sum(({ repeated }) => repeated))],
    ["facts that the next session did not get", String(sum(({ unknown }) => unknown.length))],
    ["sockets left", String(sum(({ socketsLeft }) => socketsLeft))],
  ]);
}

function matrix(side: Side, results: ReadonlyMap<Cell, Measurement>): string[] {
  const cells = [...results].filter(([cell]) => cell.side === side);
  if (cells.length === 0) return [];
  const phases = PHASES.filter((phase) => cells.some(([cell]) => cell.phase === phase));
  const names = [...new Set(cells.map(([{ fault }]) => faultName(fault)))];
  const rows = names.map((name) => [
    name,
    ...phases.map((phase) => {
      const found = cells.find(([cell]) => cell.phase === phase && faultName(cell.fault) === name);
      return found ? cellText(...found) : "";
    }),
  ]);
  return [`### ${TITLES[side]}`, table(["fault", ...phases.map(titleOf)], rows)];
}

function titleOf(phase: Phase): string {
  return phase === "tool" ? "tool running" : phase;
}

/** Frames lost, longest silence, and time to the next session. */
function cellText({ phase, fault }: Cell, { outcome, lost, silenceMs, recoveryMs }: Measurement): string {
  const end = outcome === "goes on" ? "" : isPlanned(phase, fault) ? " end" : ` **${outcome}**`;
  const session = recoveryMs === undefined ? "–" : seconds(recoveryMs);
  return `${lost} / ${seconds(silenceMs)} / ${session}${end}`;
}

function isPlanned(phase: Phase, fault: Fault): boolean {
  return phase === "goodbye" || fault.kind === "refuse" && fault.ms > 10_000 ||
    fault.kind === "http" && fault.status === 401;
}

/** The page with the result of a random walk. */
export function withRandom(
  page: string,
  { steps, seed, calls, command }: { steps: number; seed: number; calls: number; command: string },
): string {
  return replaceSection(
    page,
    "random",
    `\`${command}\`, ${today()}: ${steps.toLocaleString("en")} events in ${
      calls.toLocaleString("en")
    } calls, ` +
      `seed ${seed}. No invariant broke.`,
  );
}

/** The page with the result of a soak. */
export function withSoak(page: string, result: SoakResult, problems: readonly string[]): string {
  const { options: { calls, seconds: length, seed }, memory } = result;
  const rows: [string, string][] = [
    ["calls", `${result.calls.toLocaleString("en")}, ${calls} at a time`],
    ["answers heard", result.answers.toLocaleString("en")],
    ["barge-ins", result.bargeIns.toLocaleString("en")],
    ["tool runs", result.toolRuns.toLocaleString("en")],
    ["broken lines", listed(result.faults)],
    ["ended because", listed(result.byReason)],
    [
      "records / webhooks / second webhooks of calls that came back",
      `${result.records} / ${result.reported} / ${result.reportedTwice}`,
    ],
    [
      "left afterwards: calls / sockets / timers",
      `${result.callsLeft} / ${result.socketsLeft} / ${result.timersLeft}`,
    ],
    ["unhandled rejections", String(result.unhandledRejections)],
  ];
  const shown = memory.filter((_, at) =>
    at % Math.ceil(memory.length / 12) === 0 || at === memory.length - 1
  );
  return replaceSection(
    page,
    "soak",
    [
      `\`deno task soak --minutes ${
        length / 60
      } --calls ${calls} --seed ${seed}\`, ${today()}, ${machine()}. ` +
      (problems.length === 0 ? "Nothing was left over." : `**Missed: ${problems.join("; ")}.**`),
      table(["soak", "result"], rows),
      table(
        ["minute", ...shown.map(({ minute }) => String(minute))],
        [
          ["memory of the process (RSS, MB)", ...shown.map(({ rssMb }) => String(rssMb))],
          ["heap, lowest of the minute (MB)", ...shown.map(({ heapMb }) => String(heapMb))],
          ["sockets", ...shown.map(({ sockets }) => String(sockets))],
        ],
      ),
    ].join("\n\n"),
  );
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).sort(([, a], [, b]) => b - a).map(([name, count]) => `${count} ${name}`).join(
    ", ",
  );
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function machine(): string {
  const [load = 0] = Deno.loadavg();
  return `${cpus().length} processors with a load of ${
    load.toFixed(1)
  } at the end, Deno ${Deno.version.deno}`;
}
