import { createHash } from "node:crypto";
import { BoundedMap } from "../bounded_map.ts";
import { fetchErrorReason, messageOf } from "../error_message.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { JsonObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";
import { type Delivery, WebhookFiles } from "./webhook_files.ts";
import { WebhookSigner } from "./webhook_signature.ts";

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
/** Webhooks kept in memory while the disk is full; beyond it the oldest is dropped. */
const MAX_UNSAVED = 1_000;
/** Digits of the time in an ID, base 36. */
const ID_TIME_DIGITS = 9;
/** Pause after a failed write (ms). */
const SAVE_RETRY_MS = 5_000;
/** How long `stop` waits for attempts in progress (ms). */
const STOP_TIMEOUT_MS = 2_000;

/** One delivery, as `fetch` takes it. */
export interface WebhookPost {
  readonly method: "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

export interface WebhookQueueOptions {
  /** Directory for pending webhooks; created if missing. Must not be shared between processes. */
  readonly folder: string;
  /** See {@linkcode WebhookSigner}. */
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Log;
  /** `fetch`, or what replaces it; only the status of the response counts. */
  readonly fetch: (url: string, init: WebhookPost) => Promise<Response>;
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
  readonly #files: WebhookFiles;
  readonly #options: WebhookQueueOptions;
  readonly #signer: WebhookSigner;
  /** Due times by ID, on the clock's `now` scale, which no change of the system clock moves. Without those in flight. */
  readonly #waiting = new Map<string, number>();
  readonly #inFlight = new Set<Promise<void>>();
  /** Webhooks that are not on disk, because it is full. They are delivered from memory. */
  readonly #unsaved = new BoundedMap<string, Delivery>(MAX_UNSAVED, (id) => {
    this.#waiting.delete(id);
    this.#drop(id, `${MAX_UNSAVED} webhooks wait in memory`);
  });
  readonly #opened: Promise<void>;
  readonly #abort = new AbortController();
  #failed: string[] = [];
  #dropped = 0;
  #stopped = false;
  #cancelTimer: Cancel = () => {};
  #cancelSaving: Cancel | undefined;

  /**
   * Starts with the webhooks of an earlier process.
   *
   * @throws {TypeError} if the secret is invalid.
   */
  constructor(options: WebhookQueueOptions) {
    this.#options = options;
    this.#signer = new WebhookSigner(options.secret);
    this.#files = new WebhookFiles(options.folder);
    this.#opened = this.#open();
  }

  /** Number of webhooks not delivered yet. */
  get pending(): number {
    return this.#waiting.size + this.#inFlight.size;
  }

  /** Number of undeliverable webhooks kept on disk. */
  get failed(): number {
    return this.#failed.length;
  }

  /** Number of webhooks in memory only, because the disk is full. */
  get unsaved(): number {
    return this.#unsaved.size;
  }

  /** Number of webhooks lost: removed at a limit, or never written to disk before the process ended. */
  get dropped(): number {
    return this.#dropped;
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
    event: { readonly key: string; readonly at: number } = {
      key: crypto.randomUUID(),
      at: this.#options.clock.wallTime(),
    },
  ): Promise<boolean> {
    const { clock } = this.#options;
    const { key, at } = event;
    const id = webhookId(at, `${type} ${key}`);
    const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
    await this.#opened;
    await this.#makeRoom().catch((error) => this.#logFileError(id, error));
    const saved = await this.#save({ id, url, body, attempts: 0, dueAt: clock.wallTime() });
    this.#waiting.set(id, clock.now());
    this.#startDue();
    return saved;
  }

  /** Deletes the webhooks of events before a time (ISO 8601), pending and failed. Never rejects. */
  async deleteBefore(time: string): Promise<void> {
    await this.#opened;
    const isOld = (id: string) => webhookTime(id) < Date.parse(time);
    const old = [...this.#waiting.keys()].filter(isOld);
    const oldFailed = this.#failed.filter(isOld);
    this.#failed = this.#failed.filter((id) => !isOld(id));
    for (const id of old) this.#waiting.delete(id);
    const removals = [
      ...old.map((id) => this.#unsaved.delete(id) ? undefined : this.#files.remove(id)),
      ...oldFailed.map((id) => this.#files.removeFailed(id)),
    ];
    for (const [at, { status }] of (await Promise.allSettled(removals)).entries()) {
      if (status === "rejected") {
        this.#options.log.error("old webhook not deleted", { webhook: [...old, ...oldFailed][at] });
      }
    }
  }

  /** Starts no more attempts and waits up to 2 s for those in progress. The next start delivers the rest. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#opened;
    const cancel = this.#options.clock.after(STOP_TIMEOUT_MS, () => this.#abort.abort());
    await Promise.all(this.#inFlight);
    cancel();
    await this.#saveAll();
    this.#cancelSaving?.();
    for (const id of this.#unsaved.keys()) this.#drop(id, "the disk was full until the end");
    this.#unsaved.clear();
  }

  /** Writes a webhook to disk, or keeps it in memory. Never rejects. @returns whether it is on disk. */
  async #save(delivery: Delivery): Promise<boolean> {
    const { clock, log } = this.#options;
    try {
      await this.#files.write(delivery);
      if (this.#unsaved.delete(delivery.id) && this.#unsaved.size === 0) log.info("webhooks stored again");
      return true;
    } catch (error) {
      if (this.#unsaved.size === 0) {
        log.error("webhook not stored", {
          webhook: delivery.id,
          kept_in: "memory",
          problem: messageOf(error),
        });
      }
      this.#unsaved.set(delivery.id, delivery);
      this.#cancelSaving ??= clock.after(SAVE_RETRY_MS, () => {
        this.#cancelSaving = undefined;
        void this.#saveAll();
      });
      return false;
    }
  }

  /** Writes what waits in memory, except what is being delivered now. */
  async #saveAll(): Promise<void> {
    for (const delivery of [...this.#unsaved.values()]) {
      if (this.#waiting.has(delivery.id) && !await this.#save(delivery)) return;
    }
  }

  #drop(webhook: string, problem: string): void {
    this.#dropped++;
    this.#options.log.error("webhook dropped", { webhook, problem });
  }

  #logFileError(webhook: string, error: unknown): void {
    this.#options.log.error("webhook file error", { webhook, problem: messageOf(error) });
  }

  async #open(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const { pending, failed } = await this.#files.open();
      this.#failed = failed;
      // The system clock may have been set back since the last run.
      for (const { id, dueAt } of pending) {
        this.#waiting.set(id, clock.now() + Math.min(dueAt - clock.wallTime(), LATER_DELAY_MS));
      }
      if (pending.length > 0 || failed.length > 0) {
        log.info("webhook queue opened", { pending: pending.length, failed: failed.length });
      }
    } catch (error) {
      log.error("webhook queue unreadable", { folder: this.#options.folder, problem: messageOf(error) });
    }
    this.#startDue();
  }

  /** Starts due attempts up to the limit, and sets a timer for the next one. */
  #startDue(): void {
    this.#cancelTimer();
    const { clock } = this.#options;
    while (!this.#stopped && this.#inFlight.size < MAX_IN_FLIGHT && this.#waiting.size > 0) {
      const [id, dueAt] = [...this.#waiting].reduce((a, b) => b[1] < a[1] ? b : a);
      const delay = dueAt - clock.now();
      if (delay > 0) {
        this.#cancelTimer = clock.after(delay, () => this.#startDue());
        return;
      }
      this.#waiting.delete(id);
      const attempt = this.#attempt(id).catch((error) => {
        this.#logFileError(id, error);
      }).then((delay) => {
        this.#inFlight.delete(attempt);
        if (delay !== undefined) this.#waiting.set(id, clock.now() + delay);
        this.#startDue();
      });
      this.#inFlight.add(attempt);
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
    const delivery = this.#unsaved.get(id) ?? await this.#files.read(id);
    if (delivery === "gone") {
      log.info("webhook deleted", { webhook: id });
      return undefined;
    }
    if (!delivery) {
      this.#failed.push(id);
      log.error("webhook file malformed", { webhook: id });
      return undefined;
    }
    const problem = await this.#post(delivery);
    if (problem === ABORTED) return 0;
    if (problem === undefined) {
      if (!this.#unsaved.delete(id)) await this.#files.remove(id);
      return undefined;
    }
    const attempts = delivery.attempts + 1;
    const fields = { webhook: id, host: new URL(delivery.url).host, attempts, problem };
    if (problem === GONE || attempts >= MAX_ATTEMPTS) {
      if (this.#unsaved.delete(id)) this.#drop(id, problem);
      else {
        await this.#files.moveToFailed(id);
        this.#failed.push(id);
      }
      log.error("webhook undeliverable", fields);
      return undefined;
    }
    const delay = FIRST_DELAYS_MS[delivery.attempts] ?? LATER_DELAY_MS;
    await this.#save({ ...delivery, attempts, dueAt: clock.wallTime() + delay });
    log.warn("webhook not delivered", fields);
    return delay;
  }

  /** Makes one attempt. Returns the problem, or undefined after delivery. */
  async #post({ id, url, body }: Delivery): Promise<string | undefined> {
    const { clock, fetch } = this.#options;
    const timeout = new AbortController();
    const cancel = clock.after(TIMEOUT_MS, () => timeout.abort());
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...this.#signer.headers(id, clock.wallTime(), body),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.any([timeout.signal, this.#abort.signal]),
      });
      await response.body?.cancel();
      return response.ok ? undefined : `responded ${response.status}`;
    } catch (error) {
      if (this.#abort.signal.aborted) return ABORTED;
      return timeout.signal.aborted ? `no response within ${TIMEOUT_MS / 1000} s` : fetchErrorReason(error);
    } finally {
      cancel();
    }
  }

  /** Removes the oldest failed webhooks, then the oldest pending ones, until there is room for one more. */
  async #makeRoom(): Promise<void> {
    const { maxFiles = 10_000 } = this.#options;
    while (this.pending + this.#failed.length >= maxFiles) {
      const failed = this.#failed.shift();
      const [waiting] = failed === undefined ? [...this.#waiting.keys()].sort() : [];
      const oldest = failed ?? waiting;
      if (oldest === undefined) return;
      this.#waiting.delete(oldest);
      this.#drop(oldest, `more than ${maxFiles} webhooks stored`);
      if (this.#unsaved.delete(oldest)) continue;
      await (failed === undefined ? this.#files.remove(oldest) : this.#files.removeFailed(oldest));
    }
  }
}

/** @param at Time of the event (ms since 1970). */
function webhookId(at: number, event: string): string {
  const hash = createHash("sha256").update(`${at} ${event}`).digest("hex").slice(0, 16);
  return `msg_${Math.floor(at).toString(36).padStart(ID_TIME_DIGITS, "0")}${hash}`;
}

/** Time of the event (ms since 1970), from the webhook's ID. */
function webhookTime(id: string): number {
  return parseInt(id.slice("msg_".length, "msg_".length + ID_TIME_DIGITS), 36);
}
