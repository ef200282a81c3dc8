/** `parley check`: its flags and what it prints. */

import { parseArgs } from "node:util";
import type { Config } from "../config/config.ts";
import { flagProblem } from "./flag_problem.ts";
import type { Finding } from "../check/finding.ts";
import { presentable } from "../check/presentable.ts";
import { explainRoute, type RouteQuestion } from "../check/route.ts";
import { survey, type SurveyDeps } from "../check/survey.ts";

export const CHECK_USAGE =
  `parley check: looks at everything that can be wrong before the first call, and says what to do

  --fix           lead the calls of TWILIO_PHONE_NUMBER to PUBLIC_URL
  --json          print one JSON object instead of the lines
  --route NUMBER  only say which assistant takes a call to this number, and why
  --from NUMBER   with --route: who calls
  --at TIME       with --route: when, such as 2026-11-21T10:00`;

/** What the command needs of the world. */
export interface CheckDeps extends SurveyDeps {
  out(text: string): void;
  err(text: string): void;
}

/** Runs the command and says how the program should exit: 1 when a line failed, 2 for flags it does not know, else 0. */
export async function runCheck(args: string[], deps: CheckDeps): Promise<number> {
  let flags: CheckFlags;
  try {
    flags = parseFlags(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    deps.err(error.message + "\n");
    return 2;
  }
  if (flags.help) {
    deps.out(CHECK_USAGE + "\n");
    return 0;
  }
  if (flags.route !== undefined) return showRoute({ ...flags, to: flags.route }, deps);
  let secrets: readonly string[] = [];
  const loadConfig = (): Config => {
    const config = deps.loadConfig();
    secrets = config.secrets;
    return config;
  };
  const show = (finding: Finding) => flags.json || deps.out(format(presentable(finding, secrets)));
  const lines = (await survey({ ...deps, loadConfig }, flags.fix, show)).map((line) =>
    presentable(line, secrets)
  );
  const failures = lines.filter(({ level }) => level === "failed").length;
  const warnings = lines.filter(({ level }) => level === "warning").length;
  if (flags.json) deps.out(JSON.stringify({ failures, warnings, lines }) + "\n");
  else deps.out(`\n${lines.length} lines: ${failures} failed, ${counted(warnings, "warning")}\n`);
  return failures > 0 ? 1 : 0;
}

/** Says which assistant takes a call. */
function showRoute(question: RouteQuestion, { out, err, loadConfig, clock }: CheckDeps): number {
  try {
    out(explainRoute(question, loadConfig().assistants, clock) + "\n");
    return 0;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    err(error.message + "\n");
    return 2;
  }
}

interface CheckFlags extends Pick<RouteQuestion, "from" | "at"> {
  readonly json: boolean;
  readonly fix: boolean;
  readonly help: boolean;
  readonly route: string | undefined;
}

/** @throws {TypeError} naming the flag that is wrong. */
function parseFlags(args: string[]): CheckFlags {
  try {
    const { json = false, fix = false, help = false, route, from, at } = parseArgs({
      args,
      options: {
        json: { type: "boolean" },
        fix: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        route: { type: "string" },
        from: { type: "string" },
        at: { type: "string" },
      },
    }).values;
    return { json, fix, help, route, from, at };
  } catch (error) {
    throw new TypeError(`Cannot check: ${flagProblem(error)}; see "parley check --help"`);
  }
}

/** What was found stands in a column, and what to do below it. */
function format({ line, level, found, remedy }: Finding): string {
  const text = `${level.padEnd(7)}  ${line.padEnd(16)}  ${found}\n`;
  return remedy === undefined ? text : `${text}${" ".repeat(27)}-> ${remedy}\n`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
