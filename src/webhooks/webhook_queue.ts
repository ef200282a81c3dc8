import type { Cancel, Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import type { JsonObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";
import type { Delivery } from "./webhook_files.ts";
import { webhookId } from "./webhook_id.ts";
import { WebhookSigner } from "./webhook_signature.ts";
import { type WebhookCounts, WebhookStore } from "./webhook_store.ts";

/** Retry delays after the first attempts (ms): 5 s, 30 s, 2 min, 10 min, 1 h. */
const FIRST_DELAYS_MS = [5_000, 30_000, 120_000, 600_000, 3_600_000];
/** Later retries: every 3 hours for 3 days. */
const LATER_DELAY_MS = 3 * 3_600_000;
const MAX_ATTEMPTS = 1 + FIRST_DELAYS_MS.length + 24;
const MAX_IN_FLIGHT = 4;
/** Problem after which there is no retry, because the receiver rejects this webhook for good. */
const GONE = "responded 410";
/** Problem of an attempt ended by `stop`, which does not count. */
const ABORTED = "aborted";
/** Time limit of one attempt (ms). */
const TIMEOUT_MS = 15_000;
/** How long `stop` waits for attempts in progress (ms). */
const STOP_TIMEOUT_MS = 2_000;

/** The POST of one attempt. */
export interface WebhookPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface WebhookQueueOptions {
  /** Directory for pending webhooks; created if missing. Must not be shared between processes. */
  readonly folder: string;
  /** See {@linkcode WebhookSigner}. */
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves to the status of the response. Follows no redirect. Its errors contain no query or body. */
  readonly post: (url: string, request: WebhookPost) => Promise<number>;
  /** Limit of stored webhooks. Default: 10,000. */
  readonly maxFiles?: number;
}

/**
 * Delivers webhooks with retries until the receiver responds 2xx, across restarts.
 *
 * A webhook may be delivered more than once, with the same `webhook-id`, and out of order. After three days or a 410 it is
 * moved to the subfolder `failed` and kept there.
 */
export class WebhookQueue {
  readonly #options: WebhookQueueOptions;
  readonly #signer: WebhookSigner;
  readonly #store: WebhookStore;
  readonly #attempts = new Set<Promise<void>>();
  readonly #opened: Promise<void>;
  readonly #abort = new AbortController();
  #stopped = false;
  #cancelTimer: Cancel = () => {};

  /**
   * Starts with the webhooks of an earlier process.
   *
   * @throws {TypeError} if the secret is invalid.
   */
  constructor(options: WebhookQueueOptions) {
    const { folder, secret, clock, log, maxFiles = 10_000 } = this.#options = options;
    this.#signer = new WebhookSigner(secret);
    this.#store = new WebhookStore(folder, maxFiles, clock, log);
    this.#opened = this.#store.open(LATER_DELAY_MS).then(() => this.#startDue());
  }

  get counts(): WebhookCounts {
    return this.#store.counts;
  }

  /**
   * Queues the webhook `{type, timestamp, data}`. Never rejects.
   *
   * @param type Event type, such as `call.ended`.
   * @param event Identifies the event and its time (ms since 1970): queued twice, it has the same webhook ID. Default: a
   * new event, now.
   * @returns whether the webhook is on disk. Otherwise it is in memory, and written when there is room.
   */
  async enqueue(
    url: string,
    type: string,
    data: JsonObject,
    { key, at }: { readonly key: string; readonly at: number } = {
      key: crypto.randomUUID(),
      at: this.#options.clock.wallTime(),
    },
  ): Promise<boolean> {
    const id = webhookId(at, `${type} ${key}`);
    const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
    await this.#opened;
    const dueAt = this.#options.clock.wallTime();
    const saved = await this.#store.add({ id, url, body, attempts: 0, dueAt });
    this.#startDue();
    return saved;
  }

  /** Deletes the webhooks of events before a time (ISO 8601), pending and failed. Never rejects. */
  async deleteBefore(time: string): Promise<void> {
    await this.#opened;
    await this.#store.deleteBefore(Date.parse(time));
  }

  /** Starts no more attempts and waits up to 2 s for those in progress. The next start delivers the rest. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#opened;
    const cancel = this.#options.clock.after(STOP_TIMEOUT_MS, () => this.#abort.abort());
    await Promise.all(this.#attempts);
    cancel();
    await this.#store.close();
  }

  /** Starts due attempts up to the limit, and sets a timer for the next one. */
  #startDue(): void {
    this.#cancelTimer();
    const { clock } = this.#options;
    while (!this.#stopped && this.#attempts.size < MAX_IN_FLIGHT) {
      const { next } = this.#store;
      if (!next) return;
      const { id, dueAt } = next;
      const delay = dueAt - clock.now();
      if (delay > 0) {
        this.#cancelTimer = clock.after(delay, () => this.#startDue());
        return;
      }
      this.#store.attemptStarted(id);
      const attempt = this.#attempt(id).catch((error) => {
        this.#store.logFileError(id, error);
        return undefined;
      }).then((delay) => {
        this.#attempts.delete(attempt);
        this.#store.attemptEnded(id, delay);
        this.#startDue();
      });
      this.#attempts.add(attempt);
    }
  }

  /**
   * Tries to deliver a webhook.
   *
   * @returns the delay before the next attempt (ms), or undefined if there is none.
   * @throws if the file cannot be read or written; the webhook then waits for the next start.
   */
  async #attempt(id: string): Promise<number | undefined> {
    const { clock, log } = this.#options;
    const delivery = await this.#store.load(id);
    if (!delivery) return undefined;
    const problem = await this.#post(delivery);
    if (problem === ABORTED) return 0;
    if (problem === undefined) {
      await this.#store.remove(id);
      return undefined;
    }
    // Meanwhile `parley calls --forget` may have deleted it, or redacted a number in it.
    const current = await this.#store.load(id);
    if (!current) return undefined;
    const attempts = current.attempts + 1;
    const fields = { webhook: id, host: new URL(current.url).host, attempts, problem };
    if (problem === GONE || attempts >= MAX_ATTEMPTS) {
      await this.#store.fail(id, problem);
      log.error("webhook undeliverable", fields);
      return undefined;
    }
    const delay = FIRST_DELAYS_MS[current.attempts] ?? LATER_DELAY_MS;
    await this.#store.save({ ...current, attempts, dueAt: clock.wallTime() + delay });
    log.warn("webhook not delivered", fields);
    return delay;
  }

  /** Makes one attempt. Returns the problem, or undefined after delivery. */
  async #post({ id, url, body }: Delivery): Promise<string | undefined> {
    const { clock, post } = this.#options;
    const timeout = new AbortController();
    const cancel = clock.after(TIMEOUT_MS, () => timeout.abort());
    try {
      const status = await post(url, {
        headers: {
          "content-type": "application/json",
          ...this.#signer.headers(id, clock.wallTime(), body),
        },
        body,
        signal: AbortSignal.any([timeout.signal, this.#abort.signal]),
      });
      return status >= 200 && status < 300 ? undefined : `responded ${status}`;
    } catch (error) {
      if (this.#abort.signal.aborted) return ABORTED;
      return timeout.signal.aborted ? `no response within ${TIMEOUT_MS / 1000} s` : messageOf(error);
    } finally {
      cancel();
    }
  }
}
