import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/clock.ts";
import { CallStore } from "../../src/records/call_store.ts";
import { RemoteCallStore, serveCallStore } from "../../src/records/remote_call_store.ts";
import { Recordings } from "../../src/recording/recordings.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { TestService } from "../support/service.ts";

/** A file system in memory, where there is one: the call store of a cell shares its thread with the audio. */
const RAM_DISK = "/dev/shm";

/** The service of one cell, with a call store in a folder of its own. */
export class CellService implements AsyncDisposable {
  readonly service: TestService;
  readonly #folder = makeFolder();

  constructor({ modelUrl, operatorUrl }: { readonly modelUrl: string; readonly operatorUrl: string }) {
    const log = createLog({ level: "error", format: "pretty", write: (line) => console.error(line) });
    const recordings = new Recordings({ folder: `${this.#folder}/recordings` }, systemClock, log);
    const { port1, port2 } = new MessageChannel();
    serveCallStore(new CallStore(`${this.#folder}/calls.db`, systemClock, log), recordings, port2);
    const env = {
      OPENAI_API_KEY: "sk-of-the-cell",
      OPENAI_REALTIME_URL: modelUrl,
      DATA_DIR: this.#folder,
      WEBHOOK_SECRET: "a secret of 24 characters",
      GREETING: "Say hello.",
      // The real value: tests on a fake clock run with a longer one.
      MODEL_PONG_SECONDS: "3",
    };
    this.service = new TestService(env, systemClock, assistants(operatorUrl), new RemoteCallStore(port1));
  }

  /** Stops the service. @returns The records on disk: the number of the caller's turns in each. */
  async stop(): Promise<number[]> {
    await this.service.stop();
    using db = new DatabaseSync(`${this.#folder}/calls.db`, { readOnly: true });
    return db.prepare("SELECT caller_turns FROM calls").all().map((row) => Number(row.caller_turns));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

function makeFolder(): string {
  try {
    return Deno.makeTempDirSync({ dir: RAM_DISK });
  } catch {
    return Deno.makeTempDirSync();
  }
}

function assistants(operatorUrl: string) {
  return {
    tools: {
      book_table: {
        description: "Books a table",
        method: "POST",
        url: `${operatorUrl}/tool`,
        allowPrivate: true,
        timeoutSeconds: 10,
      },
    },
    destinations: { sales: { number: "+15550100", ringSeconds: 10 } },
    afterCall: { url: `${operatorUrl}/webhook`, allowPrivate: true },
    assistants: {
      reception: { tools: ["end_call", "transfer_call", "book_table"], transferTo: ["sales"] },
    },
  };
}
