import { BoundedMap } from "../bounded_map.ts";
import type { Cancel, Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import type { Log } from "../telemetry/log.ts";
import { type Delivery, WebhookFiles } from "./webhook_files.ts";
import { webhookTime } from "./webhook_id.ts";

/** Webhooks kept in memory while the disk is full; beyond it the oldest is dropped. */
const MAX_UNSAVED = 1_000;
/** Pause after a failed write (ms). */
const SAVE_RETRY_MS = 5_000;

/**
 * Numbers of webhooks: not delivered yet; undeliverable, kept on disk; in memory only, because the disk is full; lost at a
 * limit, or because they were never written to disk.
 */
export type WebhookCounts = Readonly<Record<"pending" | "failed" | "unsaved" | "dropped", number>>;

/** Keeps undelivered webhooks on disk, and in memory while the disk is full. */
export class WebhookStore {
  readonly #folder: string;
  readonly #files: WebhookFiles;
  readonly #maxFiles: number;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Due times by ID, on the clock's `now` scale, which no change of the system clock moves. Without those in flight. */
  readonly #waiting = new Map<string, number>();
  readonly #inFlight = new Set<string>();
  readonly #unsaved = new BoundedMap<string, Delivery>(MAX_UNSAVED, (id) => {
    this.#waiting.delete(id);
    this.#drop(id, `${MAX_UNSAVED} webhooks wait in memory`);
  });
  #failed: string[] = [];
  #dropped = 0;
  #cancelSaving: Cancel | undefined;

  constructor(folder: string, maxFiles: number, clock: Clock, log: Log) {
    this.#folder = folder;
    this.#files = new WebhookFiles(folder);
    this.#maxFiles = maxFiles;
    this.#clock = clock;
    this.#log = log;
  }

  get counts(): WebhookCounts {
    return {
      pending: this.#waiting.size + this.#inFlight.size,
      failed: this.#failed.length,
      unsaved: this.#unsaved.size,
      dropped: this.#dropped,
    };
  }

  /** Reads the webhooks of an earlier process. Never rejects. */
  async open(maxDelayMs: number): Promise<void> {
    try {
      const { pending, failed } = await this.#files.open();
      this.#failed = failed;
      // The system clock may have been set back since the last run.
      for (const { id, dueAt } of pending) {
        this.#waiting.set(id, this.#clock.now() + Math.min(dueAt - this.#clock.wallTime(), maxDelayMs));
      }
      if (pending.length > 0 || failed.length > 0) {
        this.#log.info("webhook queue opened", { pending: pending.length, failed: failed.length });
      }
    } catch (error) {
      this.#log.error("webhook queue unreadable", { folder: this.#folder, problem: messageOf(error) });
    }
  }

  /** Adds a webhook that is due now. Never rejects. @returns whether it is on disk. */
  async add(delivery: Delivery): Promise<boolean> {
    await this.#makeRoom().catch((error) => this.logFileError(delivery.id, error));
    const saved = await this.save(delivery);
    this.#waiting.set(delivery.id, this.#clock.now());
    return saved;
  }

  /** The webhook that is due next, on the clock's `now` scale. */
  get next(): { readonly id: string; readonly dueAt: number } | undefined {
    if (this.#waiting.size === 0) return undefined;
    const [id, dueAt] = [...this.#waiting].reduce((a, b) => b[1] < a[1] ? b : a);
    return { id, dueAt };
  }

  /** An attempt begins. */
  attemptStarted(id: string): void {
    this.#waiting.delete(id);
    this.#inFlight.add(id);
  }

  /** An attempt has ended; the next one is due after `delayMs`. Undefined: none. */
  attemptEnded(id: string, delayMs: number | undefined): void {
    this.#inFlight.delete(id);
    if (delayMs !== undefined) this.#waiting.set(id, this.#clock.now() + delayMs);
  }

  /** A webhook that is not delivered yet; undefined when it was deleted, or is malformed and has failed. */
  async load(id: string): Promise<Delivery | undefined> {
    const delivery = this.#unsaved.get(id) ?? await this.#files.read(id);
    if (typeof delivery === "object") return delivery;
    if (delivery === "gone") this.#log.info("webhook deleted", { webhook: id });
    else {
      this.#failed.push(id);
      this.#log.error("webhook file malformed", { webhook: id });
    }
    return undefined;
  }

  /** Writes a webhook to disk, or keeps it in memory. Never rejects. @returns whether it is on disk. */
  async save(delivery: Delivery): Promise<boolean> {
    try {
      await this.#files.write(delivery);
      if (this.#unsaved.delete(delivery.id) && this.#unsaved.size === 0) {
        this.#log.info("webhooks stored again");
      }
      return true;
    } catch (error) {
      if (this.#unsaved.size === 0) {
        this.#log.error("webhook not stored", {
          webhook: delivery.id,
          kept_in: "memory",
          problem: messageOf(error),
        });
      }
      this.#unsaved.set(delivery.id, delivery);
      this.#cancelSaving ??= this.#clock.after(SAVE_RETRY_MS, () => {
        this.#cancelSaving = undefined;
        void this.#saveAll();
      });
      return false;
    }
  }

  /** Deletes a delivered webhook. */
  async remove(id: string): Promise<void> {
    if (!this.#unsaved.delete(id)) await this.#files.remove(id);
  }

  /** Keeps an undeliverable webhook. */
  async fail(id: string, problem: string): Promise<void> {
    if (this.#unsaved.delete(id)) return this.#drop(id, problem);
    await this.#files.moveToFailed(id);
    this.#failed.push(id);
  }

  /** Deletes the webhooks of events before a time (Unix time, ms), waiting and failed. Never rejects. */
  async deleteBefore(time: number): Promise<void> {
    const isOld = (id: string) => webhookTime(id) < time;
    const [waiting, failed] = [[...this.#waiting.keys()].filter(isOld), this.#failed.filter(isOld)];
    this.#failed = this.#failed.filter((id) => !isOld(id));
    for (const id of waiting) this.#waiting.delete(id);
    const remove = async (id: string, work: Promise<void>) => {
      await work.catch(() => this.#log.error("old webhook not deleted", { webhook: id }));
    };
    await Promise.all([
      ...waiting.map((id) => remove(id, this.remove(id))),
      ...failed.map((id) => remove(id, this.#files.removeFailed(id))),
    ]);
  }

  /** Writes the webhooks in memory. Those that cannot be written are dropped. Never rejects. */
  async close(): Promise<void> {
    await this.#saveAll();
    this.#cancelSaving?.();
    for (const id of this.#unsaved.keys()) this.#drop(id, "the disk was full until the end");
    this.#unsaved.clear();
  }

  logFileError(webhook: string, error: unknown): void {
    this.#log.error("webhook file error", { webhook, problem: messageOf(error) });
  }

  /** Writes the webhooks that wait in memory, except those being delivered now. */
  async #saveAll(): Promise<void> {
    for (const delivery of [...this.#unsaved.values()]) {
      if (this.#waiting.has(delivery.id) && !await this.save(delivery)) return;
    }
  }

  /** Removes the oldest failed webhooks, then the oldest waiting ones, until there is room for one more. */
  async #makeRoom(): Promise<void> {
    while (this.counts.pending + this.#failed.length >= this.#maxFiles) {
      const failed = this.#failed.shift();
      const oldest = failed ?? [...this.#waiting.keys()].sort()[0];
      if (oldest === undefined) return;
      this.#waiting.delete(oldest);
      this.#drop(oldest, `more than ${this.#maxFiles} webhooks stored`);
      await (failed === undefined ? this.remove(oldest) : this.#files.removeFailed(oldest));
    }
  }

  #drop(webhook: string, problem: string): void {
    this.#dropped++;
    this.#log.error("webhook dropped", { webhook, problem });
  }
}
