import { probeSandbox } from "../app/sandbox.ts";
import { loadConfig, type ServiceConfig } from "../app/service_config.ts";
import { explainRoute } from "../check/explain_route.ts";
import type { Finding } from "../check/finding.ts";
import { redactFinding } from "../check/redact_finding.ts";
import { type CheckDependencies, runChecks } from "../check/run_checks.ts";
import { systemClock } from "../clock.ts";
import { processEnvironment } from "../config/environment.ts";
import { counted } from "../counted.ts";
import { gaDialect } from "../model/ga/ga_session.ts";
import { escapeUnprintable } from "../printable.ts";
import { runCommand, UsageError } from "./command.ts";
import { CHECK } from "./commands.ts";
import { EXIT, type ExitCode } from "./exit_code.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

export interface CheckIo extends CheckDependencies<ServiceConfig>, Pick<Terminal, "out" | "err"> {}

export function startCheck(args: readonly string[]): Promise<ExitCode> {
  return runCheck(args, { ...processTerminal, ...processChecks(() => loadConfig(processEnvironment)) });
}

/** The findings of `parley check` while the service runs with this configuration. */
export async function findProblems(config: ServiceConfig): Promise<readonly Finding[]> {
  return await Array.fromAsync(
    runChecks(processChecks(() => config), false),
    (finding) => redactFinding(finding, config.secrets),
  );
}

function processChecks(loadConfig: () => ServiceConfig): CheckDependencies<ServiceConfig> {
  return {
    loadConfig,
    // Loaded on demand, because it is most of the program and a running service has it in its own thread.
    startService: async (config) => (await import("./temporary_service.ts")).startTemporaryService(config),
    openSession: gaDialect(systemClock),
    clock: systemClock,
    readFile: (path) => Deno.readTextFile(path),
    sandbox() {
      const config = loadConfig();
      return probeSandbox(config, `${config.DATA_DIR}/..`);
    },
  };
}

/** Exit code 1 means that a check failed. */
export function runCheck(args: readonly string[], io: CheckIo): Promise<ExitCode> {
  return runCommand(CHECK, args, io, async ({ route, from, at, json, fix, "print-config": printConfig }) => {
    if (printConfig) return printSettings(io, json);
    if (route !== undefined) return explain({ to: route, from, at }, io);
    if (from !== undefined) throw new UsageError("--from needs --route");
    if (at !== undefined) throw new UsageError("--at needs --route");
    let secrets: readonly string[] = [];
    const loadConfig = (): ServiceConfig => {
      const config = io.loadConfig();
      secrets = config.secrets;
      return config;
    };
    const findings: Finding[] = [];
    for await (const each of runChecks({ ...io, loadConfig }, fix)) {
      const finding = redactFinding(each, secrets);
      findings.push(finding);
      if (!json) io.out(format(finding));
    }
    const failures = findings.filter(({ level }) => level === "failed").length;
    const warnings = findings.filter(({ level }) => level === "warning").length;
    const count = `${counted(findings.length, "check")}: ${failures} failed, ${counted(warnings, "warning")}`;
    io.out(json ? JSON.stringify({ failures, warnings, findings }) + "\n" : `\n${count}\n`);
    return failures > 0 ? EXIT.failed : EXIT.ok;
  });
}

function explain(query: Parameters<typeof explainRoute>[0], { out, loadConfig, clock }: CheckIo): ExitCode {
  const { assistants } = loadConfig();
  try {
    out(explainRoute(query, assistants, clock) + "\n");
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(error.message);
  }
}

/** The settings that have a value, with their sources in columns; `--json` prints all of them. */
function printSettings({ out, loadConfig }: CheckIo, json: boolean): ExitCode {
  const { origins } = loadConfig();
  if (json) {
    out(JSON.stringify({ settings: origins }) + "\n");
    return EXIT.ok;
  }
  const rows = origins.filter(({ value }) => value !== undefined).map(({ name, value = "", source }) => ({
    setting: escapeUnprintable(`${name}=${value}`),
    source,
  }));
  const width = Math.max(...rows.map(({ setting }) => Math.min(setting.length, MAX_SETTING_WIDTH)));
  for (const { setting, source } of rows) out(`${setting.padEnd(width)}  (${source})\n`);
  return EXIT.ok;
}

/** Longer settings do not move the column of the sources (characters). */
const MAX_SETTING_WIDTH = 70;

/** Level, check and finding in columns; the remedy below the finding. */
function format({ check, level, message, remedy }: Finding): string {
  const text = `${level.padEnd(7)}  ${check.padEnd(16)}  ${message}\n`;
  return remedy === undefined ? text : `${text}${" ".repeat(27)}-> ${remedy}\n`;
}
