import { escapeUnprintable } from "../../printable.ts";
import type { Recording } from "../caller/rehearse.ts";
import type { TimelineEntry } from "../caller/timeline.ts";
import type { Step } from "./evaluate_script.ts";

/** The result of a script. */
export interface ScriptReport {
  readonly name: string;
  readonly passed: boolean;
  readonly steps: readonly Step[];
  readonly timeline: readonly TimelineEntry[];
  /** As heard, on one clock, one stream after the other. */
  readonly recording: Recording;
}

/** One line for each step, with its problems and notes below. */
export function formatScriptReport(
  { name, passed, steps }: Pick<ScriptReport, "name" | "passed" | "steps">,
): string {
  const width = Math.max(...steps.map(({ location }) => location.length));
  const lines = steps.flatMap(({ state, location, actor, title, problems, notes = [] }) => [
    `  ${state.padEnd(11)}  ${location.padEnd(width)}  ${actor.padEnd(6)}  ${terminalLine(title)}`,
    ...[...problems, ...notes].map((text) => `${" ".repeat(15)}${terminalLine(text)}`),
  ]);
  const failed = steps.filter(({ state }) => state === "failed").length;
  const verdict = passed ? "passed" : `failed: ${failed} of ${steps.length} steps`;
  return `${name}\n\n${lines.join("\n")}\n\n${verdict}\n`;
}

/** A text of the script or service on one line, at most 500 characters. */
function terminalLine(text: string): string {
  const plain = escapeUnprintable(text);
  return plain.length > 500 ? `${plain.slice(0, 500)}…` : plain;
}
