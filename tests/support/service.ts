import { type Clock, systemClock } from "../../src/clock.ts";
import { type Config, loadConfig } from "../../src/config/config.ts";
import { type Server, type ServerOptions, startServer } from "../../src/app/server.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { Bell } from "./bell.ts";

/** Timers of a service without calls: one watches the event loop. */
export const IDLE_TIMERS = 1;

/** A configuration from exactly these variables, and this assistants file if there is one. */
export function configOf(env: Record<string, string> = {}, assistants?: unknown): Config {
  const file = assistants === undefined ? {} : { ASSISTANTS_FILE: "assistants.jsonc" };
  const given: Record<string, string> = { ...file, ...env };
  return loadConfig({
    env: (name) => given[name],
    readFile: (path) => path === "assistants.jsonc" ? JSON.stringify(assistants) : undefined,
  });
}

/** A running service, its log lines as objects, and the clock it runs on. */
export class TestService implements AsyncDisposable {
  readonly lines: JsonObject[] = [];
  readonly url: string;
  readonly server: Server;
  readonly #bell = new Bell();

  /** @param records Where calls are kept, and closed with it; nowhere without it. */
  constructor(
    env: Record<string, string>,
    clock: Clock = systemClock,
    assistants?: unknown,
    records?: ServerOptions["records"],
  ) {
    const config = configOf({ PORT: "0", ...env }, assistants);
    const log = createLog({
      level: "debug",
      format: "json",
      secrets: config.secrets,
      write: (line) => {
        this.lines.push(parseObject(line) ?? {});
        this.#bell.ring();
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
    const body = new URLSearchParams({
      CallSid: callSid,
      From: from,
      To: "+15559870000",
      CallStatus: "ringing",
    });
    const twiml = await (await fetch(`${this.url}/incoming-call`, { method: "POST", body })).text();
    return /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
  }

  events(event: string): JsonObject[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Waits for a log line; returns it. */
  async logged(event: string, count = 1): Promise<JsonObject> {
    return await this.#bell.until(`${count} of "${event}" in the log`, () => this.events(event)[count - 1]);
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}
