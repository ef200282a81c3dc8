/**
 * Rehearses scripts, for tests of one's own assistants.
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
import { formatScriptReport, type ScriptReport } from "./script/report.ts";

export { rehearseScript, type ScriptOptions, type Served } from "./script/play_script.ts";
export { formatScriptReport, type ScriptReport } from "./script/report.ts";
export { ScriptError } from "./script/script.ts";
export type { Step } from "./script/judge.ts";

/** A script that did not go as it says; the message is the report. */
export class ScriptFailure extends Error {
  override readonly name = "ScriptFailure";

  constructor(readonly report: ScriptReport) {
    super(formatScriptReport(report));
  }
}

/**
 * Rehearses a script that is to pass.
 *
 * @param script The path of a script, or a script.
 * @throws {ScriptFailure} when a step failed, with the report.
 * @throws {ScriptError} when the script is none, or asks for what can never come.
 */
export async function passScript(script: unknown, options: ScriptOptions): Promise<ScriptReport> {
  const report = await rehearseScript(script, options);
  if (!report.passed) throw new ScriptFailure(report);
  return report;
}
