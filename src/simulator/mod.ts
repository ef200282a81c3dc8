/**
 * Rehearses scripts, to test your own assistants.
 *
 * @example
 * ```ts
 * Deno.test("transfers to sales", async () => {
 *   await passScript("tests/transfers_to_sales.json", { serve });
 * });
 * ```
 * @module
 */

import { rehearseScript, type ScriptOptions } from "./script/play_script.ts";
import { formatScriptReport, type ScriptReport } from "./script/script_report.ts";

export { rehearseScript, type RunningService, type ScriptOptions } from "./script/play_script.ts";
export { formatScriptReport, type ScriptReport } from "./script/script_report.ts";
export { ScriptError } from "./script/script.ts";
export type { Step } from "./script/evaluate_script.ts";

/** Thrown when steps of a script failed; the message is the report. */
export class ScriptFailure extends Error {
  override readonly name = "ScriptFailure";

  constructor(readonly report: ScriptReport) {
    super(formatScriptReport(report));
  }
}

/**
 * Rehearses a script that must pass.
 *
 * @param script The path of a script, or its value.
 * @throws {ScriptFailure} when a step failed.
 * @throws {ScriptError} when the script is invalid or cannot be played.
 */
export async function passScript(script: unknown, options: ScriptOptions): Promise<ScriptReport> {
  const report = await rehearseScript(script, options);
  if (!report.passed) throw new ScriptFailure(report);
  return report;
}
