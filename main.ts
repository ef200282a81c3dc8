/** The command line. */

import { systemClock } from "./src/clock.ts";
import { runCheck } from "./src/cli/check_command.ts";
import type { Finding } from "./src/check/finding.ts";
import { presentable } from "./src/check/presentable.ts";
import { survey, type SurveyDeps } from "./src/check/survey.ts";
import type { Assistants } from "./src/assistants/assistant.ts";
import { type Config, ConfigError, loadConfig } from "./src/config/config.ts";
import { processSurroundings } from "./src/config/surroundings.ts";
import { StartError } from "./src/app/confined.ts";
import { permissionsFor } from "./src/app/permissions.ts";
import { trySandbox } from "./src/app/sandbox.ts";
import { type Service, startService } from "./src/app/service.ts";
import { type Server, startServer } from "./src/app/server.ts";
import { gaDialect } from "./src/model/ga/ga_session.ts";
import { dial } from "./src/model/web_socket/web_socket.ts";
import { runCall } from "./src/cli/call_command.ts";
import { runCalls } from "./src/cli/calls_command.ts";
import { deleteRecordings, findRecording, recordingsFolder } from "./src/recording/stored_recordings.ts";
import { startRehearsalModel } from "./src/simulator/model/server.ts";
import { runRehearse } from "./src/cli/rehearse_command.ts";
import { createLog, type Log } from "./src/telemetry/log.ts";
import deno from "./deno.json" with { type: "json" };

const HELP = `Parley answers the phone with an AI.

Usage: parley [command]

  serve      answer calls (also without a command)
  rehearse   place one call without a phone; parley rehearse --help says more
  call       have the running service call a number, or a list of them; parley call --help says more
  calls      show what is kept of calls, or delete it; parley calls --help says more
  check      look at everything that can be wrong before the first call; parley check --help says more
  version    print the version
  help       print this

Settings come from the environment and from .env; .env.example explains each.`;

/** Exit codes. Deno's own for an error nobody caught is 1 too. */
const DONE = 0, FAILED = 1, WRONG_USAGE = 2, CALLS_CUT = 3;

function openLog(config: Config, write: (line: string) => void): Log {
  return createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT, secrets: config.secrets, write });
}

/** @param reloads Whether Deno watches the files: it then owns the signals, and an exit only makes it wait. */
async function serve(reloads: boolean): Promise<number> {
  const config = loadConfig(processSurroundings);
  const log = openLog(config, console.log);
  for (const warning of config.warnings) log.warn("configuration", { problem: warning });
  const standIn = config.OPENAI_API_KEY ? undefined : startRehearsalModel();
  const service = await open(config, standIn?.url);
  log.info("listening", { url: service.url, public_url: config.PUBLIC_URL });
  if (config.APP_ENV === "development") printNextSteps(config, service.url);
  if (!reloads) obeySignals(service, config, log);
  const cut = await service.stopped;
  await standIn?.close();
  log.info("stopped", { calls_cut: cut || undefined });
  return cut > 0 ? CALLS_CUT : DONE;
}

/** @throws {ConfigError} when it cannot start with this configuration. */
async function open(config: Config, modelUrl: string | undefined): Promise<Service> {
  try {
    return await startService(config, modelUrl, () => lookForProblems(config));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw new ConfigError([
      error.portTaken
        ? `PORT: found ${config.PORT}, which another program listens on; stop it or set another port`
        : error.message,
    ]);
  }
}

/** The first signal drains, a second one cuts. SIGHUP reads the assistants again; what is wrong with them changes nothing. */
function obeySignals(service: Service, config: Config, log: Log): void {
  let asked = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      service.tell(asked ? "stop" : "drain");
      asked = true;
    });
  }
  Deno.addSignalListener("SIGHUP", () => service.tell({ reload: reread(config, log) }));
}

/** The assistants as they are now, if they can be used. */
function reread(config: Config, log: Log): Assistants | undefined {
  try {
    const { assistants } = loadConfig(processSurroundings);
    const known = permissionsFor(config, undefined).net;
    const hosts = permissionsFor({ ...config, assistants }, undefined).net.filter((host) =>
      !known.includes(host)
    );
    if (hosts.length === 0) return assistants;
    log.error("assistants not reloaded", { problem: `new hosts need a restart: ${hosts.join(", ")}` });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) log.error("assistants not reloaded", { problem });
  }
  return undefined;
}

/**
 * Starts the service in this thread, for one rehearsal; and the stand-in model where there is no key for a real one. Nobody
 * is told of its calls, and what it writes is apart from what the service writes.
 */
function serveHere(
  config: Config,
  log: Log,
  modelUrl?: string,
): { readonly url: string; close(): Promise<void> } {
  const { afterCall: _, ...assistants } = config.assistants;
  const standIn = config.OPENAI_API_KEY || modelUrl ? undefined : startRehearsalModel();
  const server: Server = startServer({
    config: { ...config, assistants, DATA_DIR: `${config.DATA_DIR}/rehearsal` },
    openSession: gaDialect(systemClock),
    modelUrl: modelUrl ?? standIn?.url,
    clock: systemClock,
    log,
  });
  return {
    url: server.url,
    async close() {
      await server.stop();
      await standIn?.close();
    },
  };
}

function printNextSteps(config: Config, url: string): void {
  console.log(`
${
    config.OPENAI_API_KEY
      ? ""
      : "There is no OPENAI_API_KEY, so the embedded stand-in model answers: it says back what it hears.\n"
  }\
To talk to it, open this address and press Call:

  ${url}/console/#phone

To have a stand-in caller talk, open a second terminal here and run:

  npx -y deno@2.9.6 task rehearse --url ${url} --out call.wav
`);
}

/** Says in our words what the sandbox refused: its own advice is for who started Deno. */
async function permitted<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new Error("Parley may only touch files in the folder it is started in");
  }
}

const encoder = new TextEncoder();
const out = (text: string) => void Deno.stdout.writeSync(encoder.encode(text));
const err = (text: string) => void Deno.stderr.writeSync(encoder.encode(text));

/** What is looked at for problems, and how. */
const surveyed: SurveyDeps = {
  loadConfig: () => loadConfig(processSurroundings),
  serve: (config) =>
    Promise.resolve(serveHere(config, openLog({ ...config, LOG_LEVEL: "warn" }, console.error))),
  openSession: gaDialect(systemClock),
  clock: systemClock,
  readFile: (path) => permitted(Deno.readTextFile(path)),
  sandbox() {
    const config = loadConfig(processSurroundings);
    return trySandbox(config, `${config.DATA_DIR}/..`);
  },
};

/** What `parley check` finds, beside the service that runs with this configuration. */
async function lookForProblems(config: Config): Promise<readonly Finding[]> {
  const sandbox = () => trySandbox(config, `${config.DATA_DIR}/..`);
  const findings = await survey({ ...surveyed, loadConfig: () => config, sandbox }, false, () => {});
  return findings.map((finding) => presentable(finding, config.secrets));
}

/** `parley check`. */
async function check(args: string[]): Promise<number> {
  return await runCheck(args, { out, err, ...surveyed });
}

/** `parley rehearse`: against the server of `--url`, or one started for this call. */
async function rehearse(args: string[]): Promise<number> {
  const config = loadConfig(processSurroundings);
  const hangUp = new AbortController();
  Deno.addSignalListener("SIGINT", () => hangUp.abort());
  return await runRehearse(args, {
    out,
    err,
    errIsTerminal: Deno.stderr.isTerminal(),
    readFile: (path) => permitted(Deno.readFile(path)),
    writeFile: (path, bytes) => permitted(Deno.writeFile(path, bytes)),
    serve: (audioFormat = config.AUDIO_FORMAT, modelUrl) =>
      Promise.resolve(
        serveHere(
          { ...config, PORT: 0, AUDIO_FORMAT: audioFormat },
          openLog({ ...config, LOG_LEVEL: "warn" }, console.error),
          modelUrl,
        ),
      ),
    account: {
      ...(config.TWILIO_AUTH_TOKEN ? { authToken: config.TWILIO_AUTH_TOKEN } : {}),
      ...(config.PUBLIC_URL ? { publicUrl: config.PUBLIC_URL } : {}),
    },
    // Deno's own client would send the caller's frames in pairs; see docs/design/model-socket.md.
    open: (url, headers, handlers) => dial(url.href, { headers, handlers }),
    signal: hangUp.signal,
  });
}

/** `parley call`: the running service places the calls. */
async function call(args: string[]): Promise<number> {
  const config = loadConfig(processSurroundings);
  const stop = new AbortController();
  Deno.addSignalListener("SIGINT", () => stop.abort());
  return await runCall(args, {
    out,
    err,
    errIsTerminal: Deno.stderr.isTerminal(),
    async readFile(path) {
      try {
        return await permitted(Deno.readTextFile(path));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
    },
    appendFile: (path, text) => permitted(Deno.writeTextFile(path, text, { append: true })),
    service: { url: config.PUBLIC_URL ?? `http://127.0.0.1:${config.PORT}`, token: config.ADMIN_TOKEN },
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    clock: systemClock,
    signal: stop.signal,
  });
}

/** `parley calls`: what is kept of calls. */
async function calls(args: string[]): Promise<number> {
  const { DATA_DIR } = loadConfig(processSurroundings);
  const recordings = recordingsFolder(DATA_DIR);
  return await runCalls(args, {
    out,
    err,
    path: `${DATA_DIR}/calls.db`,
    recording: (callSid) => findRecording(recordings, callSid),
    alsoForget: (callSids) => deleteRecordings(recordings, callSids),
    isTerminal: Deno.stdin.isTerminal(),
    confirm: (question) => confirm(question),
    wallTime: () => systemClock.wallTime(),
  });
}

async function run([command = "serve", ...args]: string[]): Promise<number> {
  switch (command) {
    case "serve":
      return await serve(args.includes("--reloads"));
    case "rehearse":
      return await rehearse(args);
    case "call":
      return await call(args);
    case "calls":
      return await calls(args);
    case "check":
      return await check(args);
    case "version":
    case "--version":
      console.log(deno.version);
      return DONE;
    case "help":
    case "--help":
    case "-h":
      console.log(HELP);
      return DONE;
    default:
      console.error(`Unknown command "${command}"\n\n${HELP}`);
      return WRONG_USAGE;
  }
}

if (import.meta.main) {
  try {
    Deno.exit(await run(Deno.args));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    Deno.exit(FAILED);
  }
}
