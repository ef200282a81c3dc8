import type { Finding } from "../../src/check/finding.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import type { ServiceConfig } from "../../src/app/service_config.ts";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import type { EndedCall } from "../../src/records/call_record.ts";
import { RemoteCallStore } from "../../src/records/remote_call_store.ts";
import {
  type SimulatedModel,
  type SimulatedModelOptions,
  startSimulatedModel,
} from "../../src/simulator/model/model_server.ts";
import { type Server, startServer } from "../../src/app/server.ts";
import { type RecordsThread, startRecordsThread } from "../../src/app/records_thread.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { ChangeSignal } from "../support/wait_until.ts";
import { configOf } from "../support/service.ts";

export interface ConsoleServiceOptions {
  readonly env?: Record<string, string>;
  readonly assistants?: unknown;
  /** The stand-in model that answers, unless `OPENAI_REALTIME_URL` names another. */
  readonly model?: SimulatedModelOptions;
  /** Findings of `parley check`. */
  readonly findings?: readonly Finding[];
  /** Stored call records. */
  readonly records?: readonly EndedCall[];
  readonly clock?: Clock;
}

/** A whole service for a browser: stand-in model, records, by default the system clock. */
export class ConsoleService implements AsyncDisposable {
  readonly lines: JsonObject[] = [];
  /** On localhost, where browsers allow the microphone without HTTPS. */
  readonly origin: string;
  readonly #server: Server;
  readonly #model: SimulatedModel;
  readonly #records: RecordsThread;
  readonly #folder: string;
  readonly #changes = new ChangeSignal();

  static async start(options: ConsoleServiceOptions = {}): Promise<ConsoleService> {
    const folder = await Deno.makeTempDir({ prefix: "parley-browser-" });
    const env = { PORT: "0", DATA_DIR: folder, LOG_LEVEL: "error", ...options.env };
    const config = configOf(env, options.assistants);
    return new ConsoleService(config, await startRecordsThread(config), folder, options);
  }

  private constructor(
    config: ServiceConfig,
    thread: RecordsThread,
    folder: string,
    options: ConsoleServiceOptions,
  ) {
    const { model, findings = [], records = [], clock = systemClock } = options;
    this.#folder = folder;
    this.#records = thread;
    this.#model = startSimulatedModel(model);
    const store = new RemoteCallStore(thread.port);
    for (const record of records) store.write(record);
    const log = createLog({
      level: "debug",
      format: "json",
      secrets: config.secrets,
      write: (line) => {
        this.lines.push(parseObject(line) ?? {});
        this.#changes.notify();
      },
    });
    this.#server = startServer({
      config,
      openSession: gaDialect(clock),
      modelUrl: options.env?.OPENAI_REALTIME_URL === undefined ? this.#model.url : undefined,
      records: store,
      check: () => Promise.resolve(findings),
      clock,
      log,
    });
    this.origin = this.#server.url.replace("127.0.0.1", "localhost");
  }

  /** The URL of a console view. */
  page(view: string): string {
    return `${this.origin}/console/${view}`;
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await this.#model.close();
    this.#records.terminate();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
