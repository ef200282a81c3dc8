import type { TimelineEntry } from "../caller/timeline.ts";
import type { Step } from "./evaluate_script.ts";

/** The result of a script. */
export interface ScriptReport {
  readonly name: string;
  readonly passed: boolean;
  readonly steps: readonly Step[];
  readonly timeline: readonly TimelineEntry[];
  /** Both sides as heard: 8 kHz samples on one clock, one stream after the other. */
  readonly recording: { readonly spoken: Int16Array; readonly heard: Int16Array };
}

/** One line for each step, with its problems below. */
export function formatScriptReport(
  { name, passed, steps }: Pick<ScriptReport, "name" | "passed" | "steps">,
): string {
  const width = Math.max(...steps.map(({ location }) => location.length));
  const lines = steps.flatMap(({ state, location, actor, title, problems }) => [
    `  ${state.padEnd(11)}  ${location.padEnd(width)}  ${actor.padEnd(6)}  ${terminalLine(title)}`,
    ...problems.map((problem) => `${" ".repeat(15)}${terminalLine(problem)}`),
  ]);
  const failed = steps.filter(({ state }) => state === "failed").length;
  const verdict = passed ? "passed" : `failed: ${failed} of ${steps.length} steps`;
  return `${name}\n\n${lines.join("\n")}\n\n${verdict}\n`;
}

/** A text of the script or service on one line, without control characters that could move a terminal's cursor. */
function terminalLine(text: string): string {
  // deno-lint-ignore no-control-regex -- matches the control characters to remove
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
  return plain.length > 500 ? `${plain.slice(0, 500)}…` : plain;
}
