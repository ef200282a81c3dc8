import { basename } from "node:path";
import { StartError } from "../app/confined_worker.ts";
import { permissionsFor } from "../app/permissions.ts";
import { type Service, startService } from "../app/service.ts";
import { loadConfig, type ServiceConfig } from "../app/service_config.ts";
import type { Assistants } from "../assistants/assistant.ts";
import { systemClock } from "../clock.ts";
import { ConfigError } from "../config/config_error.ts";
import { processEnvironment } from "../config/environment.ts";
import { invocation } from "../invocation.ts";
import type { Fields, Log } from "../telemetry/log.ts";
import { findProblems } from "./check_command.ts";
import { runCommand } from "./command.ts";
import { SERVE } from "./commands.ts";
import { configuredLog } from "./configured_log.ts";
import { FileWatch, recordReads } from "./file_watch.ts";
import { EXIT, type ExitCode } from "./exit_code.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

export function startServe(args: readonly string[]): Promise<ExitCode> {
  return runCommand(
    SERVE,
    args,
    processTerminal,
    ({ reloads }) => reloads ? serveWithReloads(processTerminal) : serve(processTerminal),
  );
}

async function serve(terminal: Terminal): Promise<ExitCode> {
  const running = await start(loadConfig(processEnvironment), terminal, handleSignals);
  const callsCut = await running.stopped;
  running.log.info("stopped", { calls_cut: callsCut || undefined });
  return callsCut > 0 ? EXIT.callsCut : EXIT.ok;
}

/**
 * Serves until the process ends. Starts again when the settings change, and reloads changed assistants files.
 */
async function serveWithReloads(terminal: Terminal): Promise<never> {
  for (;;) {
    const environment = recordReads(processEnvironment);
    let running: Running | undefined;
    let watch: FileWatch | undefined;
    const reload = () => running?.service.send({ reload: reloadAssistants(running, environment) });
    Deno.addSignalListener("SIGHUP", reload);
    try {
      const config = loadConfig(environment);
      watch = new FileWatch(environment.paths);
      running = await start(config, terminal);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      watch ??= new FileWatch(environment.paths);
      terminal.err(`${error.message}\nWaiting for a change of ${[...environment.paths].join(", ")}.\n`);
    }
    using changes = watch;
    for (;;) {
      const changed = await changes.changes();
      if (running === undefined || changed.some((path) => /^\.env(\.|$)/.test(basename(path)))) break;
      reload();
    }
    Deno.removeSignalListener("SIGHUP", reload);
    running?.log.info("starting again", { reason: "the settings changed" });
    running?.service.send("stop");
    await running?.stopped;
  }
}

interface Running {
  readonly service: Service;
  readonly config: ServiceConfig;
  readonly log: Log;
  /** Resolves with the number of calls cut off, when the service and its model have stopped. */
  readonly stopped: Promise<number>;
}

/**
 * @param onOpen Called before the log says that the service listens.
 * @throws {ConfigError} when the service cannot start with this configuration.
 */
async function start(
  config: ServiceConfig,
  { out }: Terminal,
  onOpen: (running: Running) => void = () => {},
): Promise<Running> {
  const log = configuredLog(config, console.log);
  for (const warning of config.warnings) log.warn("configuration", { problem: warning });
  log.info("limits", limitsOf(config));
  const model = config.OPENAI_API_KEY
    ? undefined
    : (await import("../simulator/model/model_server.ts")).startSimulatedModel();
  try {
    const service = await openService(config, model?.url);
    const running = { service, config, log, stopped: service.stopped.finally(() => model?.close()) };
    onOpen(running);
    log.info("listening", { url: service.url, public_url: config.PUBLIC_URL });
    if (config.APP_ENV !== "production") out(nextSteps(config, service.url));
    return running;
  } catch (error) {
    await model?.close();
    throw error;
  }
}

/** The limits on calls and spending, for the log. */
function limitsOf(config: ServiceConfig): Fields {
  return {
    calls: config.MAX_CALLS ?? "none",
    seconds_per_call: config.MAX_CALL_SECONDS ?? "none",
    calls_per_caller_and_hour: config.CALLS_PER_CALLER_AND_HOUR ?? "none",
    calls_per_number_and_day: config.CALLS_PER_NUMBER_AND_DAY ?? "none",
    usd_per_day: config.MAX_USD_PER_DAY ?? "none",
    output_tokens: config.MAX_OUTPUT_TOKENS ?? "none",
    truncation: config.TRUNCATION ?? "none",
  };
}

/** @throws {ConfigError} when the service cannot start with this configuration. */
async function openService(config: ServiceConfig, modelUrl: string | undefined): Promise<Service> {
  try {
    return await startService(config, modelUrl, () => findProblems(config));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw new ConfigError([
      error.portTaken
        ? `PORT: ${config.PORT} is in use by another program; stop it or set another port`
        : error.message,
    ]);
  }
}

/**
 * The terminal signals all processes, and `deno task` and npx pass it on: a repetition within this time (ms).
 */
const SAME_SIGNAL_MS = 1_000;

/** The first SIGINT or SIGTERM drains, a later one stops immediately. SIGHUP reloads the assistants file. */
function handleSignals(running: Running): void {
  const { service } = running;
  let drainingSince: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      const now = systemClock.now();
      if (drainingSince === undefined) service.send("drain");
      else if (now - drainingSince >= SAME_SIGNAL_MS) service.send("stop");
      drainingSince ??= now;
    });
  }
  Deno.addSignalListener("SIGHUP", () => service.send({ reload: reloadAssistants(running) }));
}

/** Loads the assistants again; undefined, with a log line, when they cannot be used without a restart. */
function reloadAssistants(
  { config, log }: Running,
  environment = processEnvironment,
): Assistants | undefined {
  try {
    const { assistants } = loadConfig(environment);
    const allowed = permissionsFor(config, undefined).net;
    const needed = permissionsFor({ ...config, assistants }, undefined).net;
    const newHosts = needed.filter((host) => !allowed.includes(host));
    if (newHosts.length === 0) return assistants;
    log.error("assistants not reloaded", { problem: `new hosts need a restart: ${newHosts.join(", ")}` });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) log.error("assistants not reloaded", { problem });
  }
  return undefined;
}

function nextSteps(config: ServiceConfig, url: string): string {
  const model = config.OPENAI_API_KEY
    ? ""
    : "OPENAI_API_KEY is not set, so a stand-in model answers: it repeats what you say.\n";
  return `
${model}To talk to it, open this page and press Call:

  ${url}/console/#phone

To hear a simulated caller, run in a second terminal:

  ${invocation(`rehearse --url ${url} --out call.wav`)}

`;
}
