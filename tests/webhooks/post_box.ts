import { parseObject } from "../../src/json.ts";
import { Outbox, type OutboxOptions } from "../../src/webhooks/webhook_queue.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Bell } from "../support/bell.ts";
import { FakeClock } from "../support/fake_clock.ts";

export const SECRET = "whsec_b2YtdGhlLXNlY3JldA==";

/** Longest time of one attempt (ms). */
export const ATTEMPT_MS = 15_000;
/** Longest time a stop waits for attempts (ms). */
export const STOP_MS = 2_000;

/** A webhook as it came. */
export interface Received {
  readonly id: string;
  readonly headers: Headers;
  readonly body: string;
}

/** Who gets webhooks: a server on loopback. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** What it answers; the webhook is in `received` before. */
  answer: (webhook: Received) => Response | Promise<Response> = () => new Response(null, { status: 204 });
  readonly #bell: Bell;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(bell: Bell) {
    this.#bell = bell;
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const { headers } = request;
      const webhook = { id: headers.get("webhook-id") ?? "", headers, body: await request.text() };
      this.received.push(webhook);
      this.#bell.ring();
      return await this.answer(webhook);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/calls?key=of-the-query`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A clock that tells how long the waits are. */
class RingingClock extends FakeClock {
  readonly waits: number[] = [];
  readonly #bell: Bell;

  constructor(bell: Bell) {
    super();
    this.#bell = bell;
  }

  override after(ms: number, then: () => void): () => void {
    this.waits.push(ms);
    this.#bell.ring();
    return super.after(ms, then);
  }
}

/** A folder, a clock and a log for outboxes, one after the other. */
export class PostBox implements AsyncDisposable {
  readonly bell = new Bell();
  readonly clock = new RingingClock(this.bell);
  readonly logged: string[] = [];
  readonly #root = Deno.makeTempDirSync();
  readonly #opened: Outbox[] = [];

  get folder(): string {
    return `${this.#root}/outbox`;
  }

  open(options: Partial<OutboxOptions> = {}): Outbox {
    const log = createLog({
      level: "debug",
      format: "json",
      write: (line) => {
        this.logged.push(line);
        this.bell.ring();
      },
    });
    const outbox = new Outbox({
      folder: this.folder,
      secret: SECRET,
      clock: this.clock,
      log,
      fetch,
      ...options,
    });
    this.#opened.push(outbox);
    return outbox;
  }

  /** Events of the log, in order. */
  get events(): unknown[] {
    return this.logged.map((line) => parseObject(line)?.event);
  }

  /** Waits until this was logged so often. */
  async logs(event: string, times = 1): Promise<void> {
    const count = () => this.events.filter((each) => each === event).length;
    await this.bell.until(`"${event}" ${times} times`, () => count() >= times);
  }

  /** Pauses between attempts, as far as they were begun (ms). */
  get pauses(): number[] {
    return this.clock.waits.filter((ms) => ms !== ATTEMPT_MS && ms !== STOP_MS);
  }

  /** Waits until this many pauses were begun. */
  async paused(times: number): Promise<void> {
    await this.bell.until(`${times} pauses`, () => this.pauses.length >= times);
  }

  /** Files that wait, and files that were given up. */
  files(): { waiting: string[]; failed: string[] } {
    const names = (folder: string) =>
      [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name).sort();
    return { waiting: names(this.folder), failed: names(`${this.folder}/failed`) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((outbox) => outbox.stop()));
    Deno.removeSync(this.#root, { recursive: true });
  }
}
