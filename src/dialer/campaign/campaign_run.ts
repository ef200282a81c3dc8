import { type Clock, wait } from "../../clock.ts";
import { isFinal } from "../call_progress.ts";
import { formatHours, isOpen, type WeeklyHours } from "../../weekly_hours.ts";
import type { Recipient } from "./recipients.ts";
import type { CampaignResult } from "./campaign_results.ts";
import { type PlaceResponse, type PolledCall, ServiceError } from "./service_client.ts";

const POLL_MS = 1_000;
/** How long polls may fail before a call counts as lost (ms). */
const LOST_MS = 30_000;
/** How often the calling hours are checked (ms). */
const HOURS_MS = 10_000;

export interface CampaignRunOptions {
  readonly recipients: readonly Recipient[];
  readonly client: {
    /** @param key Identifies the call: placing it again with the same key does not call again. */
    place(request: Recipient["request"], key: string): Promise<PlaceResponse>;
    poll(callSid: string): Promise<PolledCall | undefined>;
  };
  /** Concurrency limit. */
  readonly atOnce: number;
  /** Rate limit. */
  readonly perMinute?: number | undefined;
  readonly hours?: WeeklyHours | undefined;
  readonly clock: Clock;
  /** Stops placing and following calls when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Saves that a call is about to be placed. It is placed when the promise resolves: whatever happens, it is known. */
  readonly onPlacing: (recipient: Recipient) => Promise<void>;
  /** Saves that this call was not placed after all. */
  readonly onNotPlaced: (recipient: Recipient, reason: string) => Promise<void>;
  /** Saves a result. The next one is reported when the promise resolves. */
  readonly onResult: (result: CampaignResult) => Promise<void>;
  /** The service does not place this call. */
  readonly onRefusal: (recipient: Recipient, reason: string) => void;
  readonly onProgress: (progress: CampaignProgress) => void;
}

export interface CampaignProgress {
  readonly done: number;
  readonly total: number;
  /** Calls in progress. */
  readonly active: readonly (readonly [number: string, status: string])[];
  /** Reason for the delay of the next call. */
  readonly waiting?: string | undefined;
}

/** Calls the recipients of a campaign through the running service and follows each call to its end. */
export class CampaignRun {
  readonly #options: CampaignRunOptions;
  readonly #active = new Map<Recipient, { status: string; readonly ended: Promise<void> }>();
  #done = 0;
  #nextAt = -Infinity;
  #failure: unknown;
  #saved: Promise<void> = Promise.resolve();

  constructor(options: CampaignRunOptions) {
    this.#options = options;
  }

  /**
   * Resolves when every call has ended.
   *
   * @returns why the campaign stopped early, if it did.
   * @throws the error of `onPlacing`, `onNotPlaced` or `onResult`: a rerun would call again whatever was not saved.
   */
  async run(): Promise<string | undefined> {
    let stopped: string | undefined;
    for (const recipient of this.#options.recipients) {
      stopped = await this.#waitForSlot() ?? await this.#place(recipient);
      if (stopped !== undefined) break;
    }
    this.#reportProgress();
    while (this.#active.size > 0) await this.#waitForOneEnd();
    if (this.#failure !== undefined) throw this.#failure;
    return stopped ?? (this.#aborted ? INTERRUPTED : undefined);
  }

  get #aborted(): boolean {
    return this.#options.signal?.aborted ?? false;
  }

  /** Waits until a call may be placed. Returns why none will be. */
  async #waitForSlot(): Promise<string | undefined> {
    const { atOnce, perMinute = Infinity, hours, clock } = this.#options;
    while (this.#active.size >= atOnce && !this.#stopped) {
      this.#reportProgress(atOnce === 1 ? undefined : `at most ${atOnce} calls at once`);
      await this.#waitForOneEnd();
    }
    while (clock.now() < this.#nextAt && !this.#stopped) {
      this.#reportProgress(`at most ${perMinute} calls a minute`);
      await this.#pause(this.#nextAt - clock.now());
    }
    while (hours && !isOpen(hours, clock.wallTime()) && !this.#stopped) {
      this.#reportProgress(`calling hours are ${formatHours(hours)}`);
      await this.#pause(HOURS_MS);
    }
    this.#nextAt = clock.now() + 60_000 / perMinute;
    return this.#stopped ? INTERRUPTED : undefined;
  }

  get #stopped(): boolean {
    return this.#aborted || this.#failure !== undefined;
  }

  async #place(recipient: Recipient): Promise<string | undefined> {
    const { client, onPlacing, onNotPlaced, onRefusal } = this.#options;
    const key = crypto.randomUUID();
    const withdraw = (reason: string) => this.#save(() => onNotPlaced(recipient, reason));
    this.#reportProgress();
    await this.#save(() => onPlacing(recipient));
    if (this.#failure !== undefined) return INTERRUPTED;
    for (;;) {
      let response: PlaceResponse;
      try {
        response = await client.place(recipient.request, key);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const detail = `perhaps placed: ${error.message}`;
        if (error.perhapsPlaced) await this.#saveResult(recipient, { outcome: "unknown", detail });
        else await withdraw(error.message);
        return error.message;
      }
      if ("callSid" in response) {
        this.#follow(recipient, response.callSid);
        return undefined;
      }
      if ("refused" in response) {
        this.#done++;
        await withdraw(response.refused);
        onRefusal(recipient, response.refused);
        return undefined;
      }
      this.#reportProgress(response.retry);
      await this.#pause(response.seconds * 1_000);
      if (this.#stopped) {
        await withdraw(response.retry);
        return INTERRUPTED;
      }
      this.#reportProgress();
    }
  }

  #follow(recipient: Recipient, callSid: string): void {
    const ended = this.#poll(recipient, callSid).then(
      (result) => this.#saveResult(recipient, { callSid, ...result }),
      (error) => {
        this.#failure ??= error;
      },
    ).finally(() => this.#active.delete(recipient));
    this.#active.set(recipient, { status: "queued", ended });
  }

  async #poll(
    recipient: Recipient,
    callSid: string,
  ): Promise<Omit<CampaignResult, "number" | "at" | "callSid">> {
    const { client, clock } = this.#options;
    for (let lastSeenAt = clock.now();;) {
      await this.#pause(POLL_MS);
      if (this.#aborted) return { outcome: "unknown", detail: "not followed to the end" };
      let call: PolledCall | undefined;
      try {
        call = await client.poll(callSid);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        if (clock.now() - lastSeenAt < LOST_MS) continue;
        return { outcome: "unknown", detail: error.message };
      }
      if (!call) return { outcome: "unknown", detail: "the service no longer knows this call" };
      lastSeenAt = clock.now();
      const { status, ...facts } = call;
      if (isFinal(status)) return { outcome: status, ...facts };
      const active = this.#active.get(recipient);
      if (active) active.status = status;
      this.#reportProgress();
    }
  }

  #saveResult(recipient: Recipient, result: Omit<CampaignResult, "number" | "at">): Promise<void> {
    const { clock, onResult } = this.#options;
    this.#done++;
    const saved = { number: recipient.request.to, ...result, at: new Date(clock.wallTime()).toISOString() };
    return this.#save(() => onResult(saved));
  }

  /** Runs saves one after the other. A failed one stops the campaign. */
  #save(save: () => Promise<void>): Promise<void> {
    this.#saved = this.#saved.then(save).catch((error) => {
      this.#failure ??= error;
    });
    return this.#saved;
  }

  async #waitForOneEnd(): Promise<void> {
    await Promise.race([...this.#active.values()].map(({ ended }) => ended));
  }

  #reportProgress(waiting?: string): void {
    this.#options.onProgress({
      done: this.#done,
      total: this.#options.recipients.length,
      active: [...this.#active].map(([{ request }, { status }]) => [request.to, status]),
      waiting,
    });
  }

  #pause(ms: number): Promise<void> {
    const { clock, signal } = this.#options;
    return wait(clock, ms, signal);
  }
}

const INTERRUPTED = "Interrupted. Calls in progress continue, but their results are unknown.";
