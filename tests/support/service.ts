import { type Clock, systemClock } from "../../src/clock.ts";
import { loadConfig, type ServiceConfig } from "../../src/app/service_config.ts";
import type { ServiceOptions } from "../../src/app/compose.ts";
import { type Server, startServer } from "../../src/app/server.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { ChangeSignal } from "./wait_until.ts";

/** A configuration from exactly these variables and this assistants file, if given. */
export function configOf(env: Record<string, string> = {}, assistants?: unknown): ServiceConfig {
  const file = assistants === undefined ? {} : { ASSISTANTS_FILE: "assistants.jsonc" };
  const settings: Record<string, string> = { ...file, ...env };
  return loadConfig({
    env: (name) => settings[name],
    readFile: (path) => path === "assistants.jsonc" ? JSON.stringify(assistants) : undefined,
    readBytes: (path) => Deno.readFileSync(path),
  });
}

/** The stream token in TwiML. */
export function tokenIn(twiml: string): string {
  return /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
}

/** A running service, its log lines as objects, and the clock it runs on. Its carrier is free, unless it is given prices. */
export class TestService implements AsyncDisposable {
  readonly lines: JsonObject[] = [];
  readonly url: string;
  readonly server: Server;
  readonly #changes = new ChangeSignal();
  readonly #dataDir = Deno.makeTempDirSync();

  /** @param records Store of ended calls, closed with the service; by default calls are not stored. */
  constructor(
    env: Record<string, string>,
    clock: Clock = systemClock,
    assistants?: unknown,
    records?: ServiceOptions["records"],
  ) {
    const config = configOf(
      {
        PORT: "0",
        DATA_DIR: this.#dataDir,
        // A test that advances its clock by many seconds at once leaves no time for a pong.
        MODEL_PONG_SECONDS: "600",
        CARRIER_PRICES: "in=0, out=0, sip=0, stream=0, amd=0",
        ...env,
      },
      assistants,
    );
    const log = createLog({
      level: "debug",
      format: "json",
      secrets: config.secrets,
      write: (line) => {
        this.lines.push(parseObject(line) ?? {});
        this.#changes.notify();
      },
    });
    this.server = startServer({ config, openSession: gaDialect(clock), records, clock, log });
    this.url = this.server.url;
  }

  get streamUrl(): string {
    return `${this.url.replace("http", "ws")}/media-stream`;
  }

  /** Announces a call as Twilio's webhook does; returns its token. */
  async announce(callSid: string, from = "+15551230000"): Promise<string> {
    return tokenIn(
      await this.post("/incoming-call", { CallSid: callSid, From: from, CallStatus: "ringing" }),
    );
  }

  /** Posts a form to a webhook as Twilio does, unsigned; returns the response's text. */
  async post(path: string, form: Record<string, string>): Promise<string> {
    const body = new URLSearchParams({ From: "+15551230000", To: "+15559870000", ...form });
    return await (await fetch(this.url + path, { method: "POST", body })).text();
  }

  events(event: string): JsonObject[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Waits for a log line; returns it. */
  async logged(event: string, count = 1): Promise<JsonObject> {
    return await this.#changes.until(
      `${count} of "${event}" in the log`,
      () => this.events(event)[count - 1],
    );
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await Deno.remove(this.#dataDir, { recursive: true }).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
