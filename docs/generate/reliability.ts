/** docs/reliability.md, from the results of `deno task faults --write`. */

import type { Cell } from "../../tests/faults/cell.ts";
import { faultName, type Phase, PHASES, type Side } from "../../tests/faults/fault.ts";
import type { Measurement } from "../../tests/faults/measurement.ts";
import { table } from "./page.ts";

const HEAD = [
  "fault",
  "call",
  "frames lost (speech)",
  "frames repeated",
  "silence (ms)",
  "next session (ms)",
  "new audio (ms)",
  "unanswered",
  "sessions / streams",
  "not known",
  "tool runs / transfers",
  "record / webhook",
  "lag (ms)",
  "missed targets",
];

const TITLES: Record<Side, string> = {
  model: "Line between Parley and the model",
  twilio: "Line between Twilio and Parley",
};

/** @param missed The targets that each cell missed. */
export function reliabilityPage(
  results: ReadonlyMap<Cell, Measurement>,
  missed: ReadonlyMap<Cell, readonly string[]>,
): string {
  const failed = [...missed.values()].filter((targets) => targets.length > 0).length;
  return [
    "# Reliability",
    "Measured by `deno task faults --write`, which breaks the lines of calls in progress. Do not edit.",
    `${results.size} cells: ${results.size - failed} meet every target, ${failed} miss one or more.`,
    LEGEND,
    ...sections(results, missed),
  ].join("\n\n") + "\n";
}

const LEGEND =
  `Each cell is a call of its own with the real service, a stand-in model and a stand-in caller. The fault
begins once, in the named phase, and hits the connection that is open then (while dialling: the next one). "refused" also
refuses new connections for that time, "HTTP" answers them with that status for 1 s.

- **call**: "goes on" if the caller finished the script.
- **frames lost**: 20 ms of the caller that no session received; those of speech in brackets. **repeated**: received by two
  sessions, on purpose.
- **silence**: longest time without a sound on either side, from the fault to the end of the call.
- **next session**: from the fault to \`session.updated\` of the next session. **new audio**: from the fault until a reply that
  was requested after it is heard.
- **unanswered**: utterances of the caller without a reply that was heard.
- **not known**: what was said, heard or returned by a tool before the fault, and not given to the next session.
- **lag**: how late timers of the measuring process fired at most. It is added to what a cell may take.`;

function* sections(
  results: ReadonlyMap<Cell, Measurement>,
  missed: ReadonlyMap<Cell, readonly string[]>,
): Generator<string> {
  for (const side of Object.keys(TITLES) as Side[]) {
    const cells = [...results].filter(([cell]) => cell.side === side);
    if (cells.length > 0) yield `## ${TITLES[side]}`;
    for (const phase of PHASES) {
      const ofPhase = cells.filter(([cell]) => cell.phase === phase);
      if (ofPhase.length === 0) continue;
      yield `### ${title(phase)}`;
      yield table(HEAD, ofPhase.map(([cell, measured]) => row(cell, measured, missed.get(cell) ?? [])));
    }
  }
}

function title(phase: Phase): string {
  const text = phase === "tool" ? "tool running" : phase;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function row({ fault }: Cell, measured: Measurement, missed: readonly string[]): string[] {
  const { outcome, said, lost, lostSpeech, repeated, silenceMs, recoveryMs, audioMs } = measured;
  return [
    faultName(fault),
    said ? `${outcome} ("${said.slice(0, 24)}…")` : outcome,
    `${lost} (${lostSpeech})`,
    String(repeated),
    String(silenceMs),
    String(recoveryMs ?? ""),
    String(audioMs ?? ""),
    String(measured.unanswered),
    `${measured.sessions} / ${measured.streams}`,
    measured.unknown.join(", "),
    `${measured.toolRuns} / ${measured.dials}`,
    `${measured.records} / ${measured.webhooks}`,
    String(measured.lagMs),
    missed.join("; "),
  ];
}
