/** The command line. */

import { systemClock } from "./src/clock.ts";
import { type Config, ConfigError, loadConfig, processSurroundings } from "./src/config/config.ts";
import { type Server, startServer } from "./src/http/server.ts";
import { gaDialect } from "./src/model/ga_session.ts";
import { dial } from "./src/model/web_socket.ts";
import { startRehearsalModel } from "./src/rehearsal/model/server.ts";
import { runRehearse } from "./src/rehearsal/caller/command.ts";
import { createLog, type Log } from "./src/telemetry/log.ts";
import deno from "./deno.json" with { type: "json" };

const HELP = `Parley answers the phone with an AI.

Usage: parley [command]

  serve      answer calls (also without a command)
  rehearse   place one call without a phone; parley rehearse --help says more
  version    print the version
  help       print this

Settings come from the environment and from .env; .env.example explains each.`;

/** A service with whatever it needs beside it. */
interface Running {
  readonly server: Server;
  stop(): Promise<void>;
}

/** Starts the service, and the stand-in model where there is no key for a real one. */
function start(config: Config, log: Log): Running {
  const standIn = config.OPENAI_API_KEY ? undefined : startRehearsalModel();
  const server = startServer({
    config,
    openSession: gaDialect(systemClock),
    modelUrl: standIn?.url,
    clock: systemClock,
    log,
  });
  return {
    server,
    async stop() {
      await server.stop();
      await standIn?.close();
    },
  };
}

/** @throws {ConfigError} when the port is taken. */
function listen(config: Config, log: Log): Running {
  try {
    return start(config, log);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new ConfigError([
      `PORT: found ${config.PORT}, which another program listens on; stop it or set another port`,
    ]);
  }
}

function openLog(config: Config, write: (line: string) => void): Log {
  return createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT, secrets: config.secrets, write });
}

/** @param reloads Whether Deno watches the files: it then owns the signals, and an exit only makes it wait. */
async function serve(reloads: boolean): Promise<number> {
  const config = loadConfig(processSurroundings);
  const log = openLog(config, console.log);
  for (const warning of config.warnings) log.warn("configuration", { problem: warning });
  const { server, stop } = listen(config, log);
  log.info("listening", { url: server.url, public_url: config.PUBLIC_URL });
  if (config.APP_ENV === "development") printNextSteps(config, server.url);
  await new Promise<void>((resolve) => {
    if (reloads) return;
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, resolve);
  });
  await stop();
  log.info("stopped");
  return 0;
}

function printNextSteps(config: Config, url: string): void {
  console.log(`
${
    config.OPENAI_API_KEY
      ? ""
      : "There is no OPENAI_API_KEY, so the embedded stand-in model answers: it says back what it hears.\n"
  }\
To place a call without a phone, open a second terminal here and run:

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

/** `parley rehearse`: against the server of `--url`, or one started for this call. */
async function rehearse(args: string[]): Promise<number> {
  const config = loadConfig(processSurroundings);
  const encoder = new TextEncoder();
  const hangUp = new AbortController();
  Deno.addSignalListener("SIGINT", () => hangUp.abort());
  return await runRehearse(args, {
    out: (text) => void Deno.stdout.writeSync(encoder.encode(text)),
    err: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
    errIsTerminal: Deno.stderr.isTerminal(),
    readFile: (path) => permitted(Deno.readFile(path)),
    writeFile: (path, bytes) => permitted(Deno.writeFile(path, bytes)),
    async serve() {
      const { server, stop } = start(
        { ...config, PORT: 0 },
        openLog({ ...config, LOG_LEVEL: "warn" }, console.error),
      );
      return await Promise.resolve({ url: server.url, close: stop });
    },
    account: {
      ...(config.TWILIO_AUTH_TOKEN ? { authToken: config.TWILIO_AUTH_TOKEN } : {}),
      ...(config.PUBLIC_URL ? { publicUrl: config.PUBLIC_URL } : {}),
    },
    // Deno's own client would send the caller's frames in pairs; see docs/design/model-socket.md.
    open: (url, headers, handlers) => dial(url.href, { headers, handlers }),
    signal: hangUp.signal,
  });
}

async function run([command = "serve", ...args]: string[]): Promise<number> {
  switch (command) {
    case "serve":
      return await serve(args.includes("--reloads"));
    case "rehearse":
      return await rehearse(args);
    case "version":
    case "--version":
      console.log(deno.version);
      return 0;
    case "help":
    case "--help":
    case "-h":
      console.log(HELP);
      return 0;
    default:
      console.error(`Unknown command "${command}"\n\n${HELP}`);
      return 2;
  }
}

if (import.meta.main) {
  try {
    Deno.exit(await run(Deno.args));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
