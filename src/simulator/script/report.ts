import type { TimelineEntry } from "../caller/timeline.ts";
import type { Step } from "./judge.ts";

/** How a script went. */
export interface ScriptReport {
  readonly name: string;
  readonly passed: boolean;
  readonly steps: readonly Step[];
  readonly timeline: readonly TimelineEntry[];
  /** Both sides as heard: 8 kHz samples on one clock, one stream after the other. */
  readonly recording: { readonly spoken: Int16Array; readonly heard: Int16Array };
}

/** A report to a reader: one line a step, with what is wrong under it. */
export function formatScriptReport(
  { name, passed, steps }: Pick<ScriptReport, "name" | "passed" | "steps">,
): string {
  const width = Math.max(...steps.map(({ where }) => where.length));
  const lines = steps.flatMap(({ state, where, who, title, problems }) => [
    `  ${state.padEnd(11)}  ${where.padEnd(width)}  ${who.padEnd(6)}  ${oneLine(title)}`,
    ...problems.map((problem) => `${" ".repeat(15)}${oneLine(problem)}`),
  ]);
  const failed = steps.filter(({ state }) => state === "failed").length;
  const verdict = passed ? "passed" : `failed: ${failed} of ${steps.length} steps`;
  return `${name}\n\n${lines.join("\n")}\n\n${verdict}\n`;
}

/** Texts of scripts and services go to a terminal: without what could move its cursor, and not too long. */
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
  return plain.length > 500 ? `${plain.slice(0, 500)}…` : plain;
}
