import { fetchErrorReason } from "../../src/error_message.ts";
import { parseObject } from "../../src/json.ts";
import { type WebhookPost, WebhookQueue } from "../../src/webhooks/webhook_queue.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { ChangeSignal } from "../support/wait_until.ts";
import { FakeClock } from "../support/fake_clock.ts";

export const SECRET = "whsec_b2YtdGhlLXNlY3JldA==";

/** Time limit of one attempt (ms). */
export const ATTEMPT_MS = 15_000;
/** How long `stop` waits for attempts (ms). */
export const STOP_MS = 2_000;

/** A received webhook. */
export interface Received {
  readonly id: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A webhook receiver on loopback. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  /** Makes the response; the webhook is already in `received`. */
  respond: (webhook: Received) => Response | Promise<Response> = () => new Response(null, { status: 204 });
  readonly #changes: ChangeSignal;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(changes: ChangeSignal) {
    this.#changes = changes;
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const { headers } = request;
      const webhook = { id: headers.get("webhook-id") ?? "", headers, body: await request.text() };
      this.received.push(webhook);
      this.#changes.notify();
      return await this.respond(webhook);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/calls?key=of-the-query`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A clock that records the durations of its timers. */
class ObservableClock extends FakeClock {
  readonly timers: number[] = [];
  readonly #changes: ChangeSignal;

  constructor(changes: ChangeSignal) {
    super();
    this.#changes = changes;
  }

  override after(ms: number, then: () => void): () => void {
    this.timers.push(ms);
    this.#changes.notify();
    return super.after(ms, then);
  }
}

const fetchUrl: Fetch = (url, request) => fetch(url, { method: "POST", redirect: "manual", ...request });

type Fetch = (url: string, request: WebhookPost) => Promise<Response>;

/** Posts like the service: follows no redirect, and its errors do not show the query. */
async function post(fetchOnce: Fetch, url: string, request: WebhookPost): Promise<number> {
  try {
    const response = await fetchOnce(url, request);
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    throw new Error(fetchErrorReason(error));
  }
}

/** A folder, a clock and a log for consecutive queues. */
export class QueueRig implements AsyncDisposable {
  readonly changes = new ChangeSignal();
  readonly clock = new ObservableClock(this.changes);
  readonly logged: string[] = [];
  readonly #root = Deno.makeTempDirSync();
  readonly #opened: WebhookQueue[] = [];

  get folder(): string {
    return `${this.#root}/webhooks`;
  }

  open({ fetch: fetchOnce = fetchUrl, maxFiles }: { fetch?: Fetch; maxFiles?: number } = {}): WebhookQueue {
    const log = createLog({
      level: "debug",
      format: "json",
      write: (line) => {
        this.logged.push(line);
        this.changes.notify();
      },
    });
    const queue = new WebhookQueue({
      folder: this.folder,
      secret: SECRET,
      clock: this.clock,
      log,
      post: (url, request) => post(fetchOnce, url, request),
      ...(maxFiles === undefined ? {} : { maxFiles }),
    });
    this.#opened.push(queue);
    return queue;
  }

  /** Logged event names, in order. */
  get events(): unknown[] {
    return this.logged.map((line) => parseObject(line)?.event);
  }

  /** Waits until an event was logged `times` times. */
  async untilLogged(event: string, times = 1): Promise<void> {
    const count = () => this.events.filter((each) => each === event).length;
    await this.changes.until(`"${event}" ${times} times`, () => count() >= times);
  }

  /** Delays before retries (ms). */
  get delays(): number[] {
    return this.clock.timers.filter((ms) => ms !== ATTEMPT_MS && ms !== STOP_MS);
  }

  /** Waits until `times` retries have been scheduled. */
  async untilDelayed(times: number): Promise<void> {
    await this.changes.until(`${times} retry delays`, () => this.delays.length >= times);
  }

  /** Names of the pending and the failed files. */
  files(): { waiting: string[]; failed: string[] } {
    const names = (folder: string) =>
      [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name).sort();
    return { waiting: names(this.folder), failed: names(`${this.folder}/failed`) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((queue) => queue.stop()));
    Deno.removeSync(this.#root, { recursive: true });
  }
}
