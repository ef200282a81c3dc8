import { encodeHex } from "@std/encoding/hex";
import type { Cancel, Clock } from "../clock.ts";
import type { JsonObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";
import { type Delivery, OutboxFiles } from "./webhook_files.ts";
import { WebhookSigner } from "./webhook_signature.ts";

/** Pauses after the first attempts (ms): 5 s, 30 s, 2 min, 10 min, 1 h. */
const FIRST_PAUSES_MS = [5_000, 30_000, 120_000, 600_000, 3_600_000];
/** Then every 3 hours, for 3 days. */
const LATER_PAUSE_MS = 3 * 3_600_000;
const MAX_ATTEMPTS = 1 + FIRST_PAUSES_MS.length + 24;
const MAX_IN_FLIGHT = 4;
/** Longest time for one attempt (ms). */
const TIMEOUT_MS = 15_000;
/** How long attempts under way may still take when the outbox stops (ms). */
const STOP_MS = 2_000;

export interface OutboxOptions {
  /** Where what waits is kept; made where it is missing. No two processes may use the same. */
  readonly folder: string;
  /** See {@linkcode WebhookSigner}. */
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The usual one, but for tests. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Most files there may be; 10,000 unless given. */
  readonly maxFiles?: number;
}

/**
 * Webhooks that are delivered until somebody says 2xx, also over restarts. One may come twice, with the same `webhook-id`,
 * and before one that is older. After three days, or a 410, it is moved to `failed/` and stays there.
 */
export class Outbox {
  readonly #files: OutboxFiles;
  readonly #options: OutboxOptions;
  readonly #signer: WebhookSigner;
  /** What waits, by id, with the time it is due. Of what is in flight nothing is here. */
  readonly #waiting = new Map<string, number>();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #opened: Promise<void>;
  readonly #cut = new AbortController();
  #failed: string[] = [];
  #dropped = 0;
  #stopped = false;
  #cancelTimer: Cancel = () => {};

  /** Begins at once with what an earlier process left. @throws {TypeError} when the secret cannot be used. */
  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#signer = new WebhookSigner(options.secret);
    this.#files = new OutboxFiles(options.folder);
    this.#opened = this.#open();
  }

  /** How many are not delivered yet. */
  get waiting(): number {
    return this.#waiting.size + this.#inFlight.size;
  }

  /** How many were given up and are kept. */
  get failed(): number {
    return this.#failed.length;
  }

  /** How many had to make room, or could not be kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Sends `{type, timestamp, data}`. Resolves when it is on the disk, with whether it is; never rejects.
   *
   * @param type What happened, such as `call.ended`.
   */
  async put(url: string, type: string, data: JsonObject): Promise<boolean> {
    const { clock } = this.#options;
    const at = clock.wallTime();
    const random = encodeHex(crypto.getRandomValues(new Uint8Array(8)));
    const id = `msg_${Math.floor(at).toString(36).padStart(9, "0")}${random}`;
    const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
    await this.#opened;
    try {
      await this.#makeRoom();
      await this.#files.write({ id, url, body, attempts: 0, dueAt: at });
    } catch (error) {
      this.#dropped++;
      this.#options.log.error("webhook not kept", { webhook: id, type, problem: messageOf(error) });
      return false;
    }
    this.#waiting.set(id, at);
    this.#pump();
    return true;
  }

  /** Begins nothing more, lets what is under way end, 2 s at most, and leaves the rest to the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#opened;
    const cancel = this.#options.clock.after(STOP_MS, () => this.#cut.abort());
    await Promise.all(this.#inFlight);
    cancel();
  }

  async #open(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const { waiting, failed } = await this.#files.open();
      this.#failed = failed;
      // The machine's clock may have been set back meanwhile.
      const latest = clock.wallTime() + LATER_PAUSE_MS;
      for (const { id, dueAt } of waiting) this.#waiting.set(id, Math.min(dueAt, latest));
      if (waiting.length > 0 || failed.length > 0) {
        log.info("outbox opened", { waiting: waiting.length, failed: failed.length });
      }
    } catch (error) {
      log.error("outbox not readable", { folder: this.#options.folder, problem: messageOf(error) });
    }
    this.#pump();
  }

  /** Begins what is due, as far as there is room, and sets the one timer for the rest. */
  #pump(): void {
    this.#cancelTimer();
    const { clock, log } = this.#options;
    while (!this.#stopped && this.#inFlight.size < MAX_IN_FLIGHT && this.#waiting.size > 0) {
      const [id, dueAt] = [...this.#waiting].reduce((a, b) => b[1] < a[1] ? b : a);
      const pause = dueAt - clock.wallTime();
      if (pause > 0) {
        this.#cancelTimer = clock.after(pause, () => this.#pump());
        return;
      }
      this.#waiting.delete(id);
      const attempt = this.#attempt(id).catch((error) => {
        log.error("outbox file", { webhook: id, problem: messageOf(error) });
      }).then((next) => {
        this.#inFlight.delete(attempt);
        if (next !== undefined) this.#waiting.set(id, next);
        this.#pump();
      });
      this.#inFlight.add(attempt);
    }
  }

  /**
   * Tries to deliver one; gives the time of the next attempt, if there is to be one.
   *
   * @throws when a file cannot be used; what it was for waits for the next start.
   */
  async #attempt(id: string): Promise<number | undefined> {
    const { clock, log } = this.#options;
    const delivery = await this.#files.read(id);
    if (!delivery) {
      this.#failed.push(id);
      log.error("webhook broken", { webhook: id });
      return undefined;
    }
    const outcome = await this.#post(delivery);
    if (outcome === "cut") return delivery.dueAt;
    if (outcome === "delivered") {
      await this.#files.remove(id);
      return undefined;
    }
    const attempts = delivery.attempts + 1;
    const about = { webhook: id, host: new URL(delivery.url).host, attempts, problem: outcome };
    if (outcome === GONE || attempts >= MAX_ATTEMPTS) {
      await this.#files.fail(id);
      this.#failed.push(id);
      log.error("webhook given up", about);
      return undefined;
    }
    const dueAt = clock.wallTime() + (FIRST_PAUSES_MS[delivery.attempts] ?? LATER_PAUSE_MS);
    await this.#files.write({ ...delivery, attempts, dueAt });
    log.warn("webhook not delivered", about);
    return dueAt;
  }

  /** What became of one attempt; if it failed, why. */
  async #post({ id, url, body }: Delivery): Promise<string> {
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
        signal: AbortSignal.any([timeout.signal, this.#cut.signal]),
      });
      await response.body?.cancel();
      if (response.ok) return "delivered";
      return response.status === 410 ? GONE : `answered ${response.status}`;
    } catch (error) {
      if (this.#cut.signal.aborted) return "cut";
      return timeout.signal.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : reasonOf(error);
    } finally {
      cancel();
    }
  }

  /** The oldest that failed goes first; without one, the oldest that waits. */
  async #makeRoom(): Promise<void> {
    const { maxFiles = 10_000, log } = this.#options;
    while (this.waiting + this.#failed.length >= maxFiles) {
      const failed = this.#failed.shift();
      const [waiting] = failed === undefined ? [...this.#waiting.keys()].sort() : [];
      const oldest = failed ?? waiting;
      if (oldest === undefined) return;
      this.#waiting.delete(oldest);
      this.#dropped++;
      log.error("webhook dropped", { webhook: oldest, problem: `there are ${maxFiles} files` });
      await (failed === undefined ? this.#files.remove(oldest) : this.#files.removeFailed(oldest));
    }
  }
}

/** The receiver wants this one no more. */
const GONE = "answered 410";

/** Why a fetch failed, without the address, whose query may be secret. Newer versions of Deno put it into the cause. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return reasonOf(error.cause);
  return messageOf(error).replace(/ for url \(\S*\)/, "");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
