import type { Finding } from "../../src/check/finding.ts";
import { systemClock } from "../../src/clock.ts";
import type { Config } from "../../src/config/config.ts";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import type { CallRecord } from "../../src/records/call_record.ts";
import { RemoteCallStore } from "../../src/records/store_port.ts";
import {
  type RehearsalModel,
  type RehearsalModelOptions,
  startRehearsalModel,
} from "../../src/simulator/model/server.ts";
import { type Server, startServer } from "../../src/app/server.ts";
import { type RecordsThread, startRecords } from "../../src/app/records_thread.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Bell } from "../support/bell.ts";
import { configOf } from "../support/service.ts";

export interface ConsoleServiceOptions {
  readonly env?: Record<string, string>;
  readonly assistants?: unknown;
  /** The stand-in model that answers, unless `OPENAI_REALTIME_URL` names another. */
  readonly model?: RehearsalModelOptions;
  /** What `parley check` is to find. */
  readonly findings?: readonly Finding[];
  /** Calls there are records of. */
  readonly records?: readonly CallRecord[];
}

/** A service as a browser meets it: with the stand-in model, with records, on the real clock. */
export class ConsoleService implements AsyncDisposable {
  readonly lines: JsonObject[] = [];
  /** Its origin, by the name under which browsers give pages a microphone. */
  readonly origin: string;
  readonly #server: Server;
  readonly #model: RehearsalModel;
  readonly #records: RecordsThread;
  readonly #folder: string;
  readonly #bell = new Bell();

  static async start(options: ConsoleServiceOptions = {}): Promise<ConsoleService> {
    const folder = await Deno.makeTempDir({ prefix: "parley-browser-" });
    const env = { PORT: "0", DATA_DIR: folder, LOG_LEVEL: "error", ...options.env };
    const config = configOf(env, options.assistants);
    return new ConsoleService(config, await startRecords(config), folder, options);
  }

  private constructor(
    config: Config,
    thread: RecordsThread,
    folder: string,
    options: ConsoleServiceOptions,
  ) {
    const { model, findings = [], records = [] } = options;
    this.#folder = folder;
    this.#records = thread;
    this.#model = startRehearsalModel(model);
    const store = new RemoteCallStore(thread.port);
    for (const record of records) store.write(record);
    const log = createLog({
      level: "debug",
      format: "json",
      secrets: config.secrets,
      write: (line) => {
        this.lines.push(parseObject(line) ?? {});
        this.#bell.ring();
      },
    });
    this.#server = startServer({
      config,
      openSession: gaDialect(systemClock),
      modelUrl: options.env?.OPENAI_REALTIME_URL === undefined ? this.#model.url : undefined,
      records: store,
      check: () => Promise.resolve(findings),
      clock: systemClock,
      log,
    });
    this.origin = this.#server.url.replace("127.0.0.1", "localhost");
  }

  /** An address of the console. */
  page(view: string): string {
    return `${this.origin}/console/${view}`;
  }

  events(event: string): JsonObject[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Waits for a log line; returns it. */
  async logged(event: string, count = 1): Promise<JsonObject> {
    return await this.#bell.until(`${count} of "${event}" in the log`, () => this.events(event)[count - 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await this.#model.close();
    this.#records.end();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
