import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/clock.ts";
import { type Server, startServer } from "../../src/app/server.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import { Recordings } from "../../src/recording/recordings.ts";
import { CallStore } from "../../src/records/call_store.ts";
import { RemoteCallStore, serveCallStore } from "../../src/records/remote_call_store.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { parseObject } from "../../src/json.ts";
import { configOf } from "../support/service.ts";
import { CountingClock } from "./counting_clock.ts";
import type { LoadUrls } from "./load.ts";

/** The real service with a call store, on a clock that counts its timers. Its log is reduced to numbers of errors. */
export class SoakService {
  readonly clock = new CountingClock();
  /** Numbers of log lines of level "error", by event and code. */
  readonly errors = new Map<string, number>();
  /** Calls that came back after their stream was lost for good: each part of a call has a webhook. */
  resumed = 0;
  readonly server: Server;
  readonly #folder = Deno.makeTempDirSync();

  constructor({ modelUrl, operatorUrl }: LoadUrls) {
    const env = {
      PORT: "0",
      DATA_DIR: this.#folder,
      OPENAI_API_KEY: "sk-of-the-soak",
      OPENAI_REALTIME_URL: modelUrl,
      WEBHOOK_SECRET: "a secret of 24 characters",
      GREETING: "Say hello.",
      CARRIER_PRICES: "in=0, out=0, sip=0, stream=0, amd=0",
    };
    const log = createLog({ level: "info", format: "json", write: (line) => this.#count(line) });
    const { port1, port2 } = new MessageChannel();
    // The store has the system clock, because its timers outlive calls.
    const store = new CallStore(`${this.#folder}/calls.db`, systemClock, log);
    serveCallStore(store, new Recordings({ folder: `${this.#folder}/recordings` }, systemClock, log), port2);
    this.server = startServer({
      config: configOf(env, assistants(operatorUrl)),
      openSession: gaDialect(this.clock),
      records: new RemoteCallStore(port1),
      clock: this.clock,
      log,
    });
  }

  /** Stops the service. @returns how many records each call has, and how many calls ended for each reason. */
  async stop(): Promise<{ records: number; byReason: Record<string, number> }> {
    await this.server.stop();
    using db = new DatabaseSync(`${this.#folder}/calls.db`, { readOnly: true });
    const rows = db.prepare(
      "SELECT end_reason AS reason, count(*) AS calls FROM calls GROUP BY 1 ORDER BY 2 DESC",
    ).all();
    const byReason = Object.fromEntries(rows.map(({ reason, calls }) => [String(reason), Number(calls)]));
    await Deno.remove(this.#folder, { recursive: true });
    return { records: Object.values(byReason).reduce((sum, calls) => sum + calls, 0), byReason };
  }

  #count(line: string): void {
    const { level, event, code } = parseObject(line) ?? {};
    if (event === "call resumed") this.resumed++;
    if (level !== "error") return;
    const name = code === undefined ? String(event) : `${event}: ${code}`;
    this.errors.set(name, (this.errors.get(name) ?? 0) + 1);
  }
}

function assistants(operatorUrl: string) {
  const book = {
    description: "Books a table",
    method: "POST",
    url: `${operatorUrl}/tool`,
    allowPrivate: true,
    timeoutSeconds: 10,
  };
  return {
    tools: { book_table: book },
    destinations: { sales: { number: "+15550100", ringSeconds: 10 } },
    afterCall: { url: `${operatorUrl}/webhook`, allowPrivate: true },
    assistants: {
      reception: { tools: ["end_call", "transfer_call", "book_table"], transferTo: ["sales"] },
    },
  };
}
