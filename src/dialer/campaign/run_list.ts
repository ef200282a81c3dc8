/** Calls a list of numbers through the running service, and follows each call to its end. */

import type { Clock } from "../../clock.ts";
import { isOver } from "../call_progress.ts";
import type { CallingHours } from "../calling_hours.ts";
import type { ListedCall } from "./call_list.ts";
import type { CallResult } from "./results.ts";
import { type Answer, type Look, ServiceError } from "./service_client.ts";

/** How often a call is looked at (ms). */
const LOOK_MS = 1_000;
/** A service that has not answered for this long (ms) is not asked about a call any more. */
const LOST_MS = 30_000;
/** How often the clock on the wall is looked at outside of the hours (ms). */
const HOURS_MS = 10_000;

export interface ListRunOptions {
  readonly calls: readonly ListedCall[];
  readonly client: {
    place(request: ListedCall["request"]): Promise<Answer>;
    look(callSid: string): Promise<Look | undefined>;
  };
  /** Most calls at a time. */
  readonly atOnce: number;
  /** Most calls begun within a minute. */
  readonly perMinute?: number | undefined;
  readonly hours?: CallingHours | undefined;
  readonly clock: Clock;
  /** Places no more calls when it aborts, and follows none. */
  readonly signal?: AbortSignal | undefined;
  /** A call is over; the next result is told when this one is kept. */
  readonly ended: (result: CallResult) => Promise<void>;
  /** A call the service does not place. */
  readonly refused: (call: ListedCall, why: string) => void;
  readonly progress: (progress: Progress) => void;
}

/** Where a run is. */
export interface Progress {
  readonly done: number;
  readonly of: number;
  /** Calls in progress: the number, and what it does. */
  readonly active: readonly (readonly [number: string, status: string])[];
  /** Why no further call is placed at the moment. */
  readonly waiting?: string | undefined;
}

/** One run over a list. */
export class ListRun {
  readonly #options: ListRunOptions;
  readonly #active = new Map<ListedCall, { status: string; readonly over: Promise<void> }>();
  #done = 0;
  #nextAt = -Infinity;
  #failure: unknown;
  #kept: Promise<void> = Promise.resolve();

  constructor(options: ListRunOptions) {
    this.#options = options;
  }

  /**
   * Runs to the end of the list, and of the last call.
   *
   * @returns why it ended before that; undefined when it did not.
   */
  async run(): Promise<string | undefined> {
    let stopped: string | undefined;
    for (const call of this.#options.calls) {
      stopped = await this.#turn() ?? await this.#place(call);
      if (stopped !== undefined) break;
    }
    this.#tell();
    while (this.#active.size > 0) await this.#oneOver();
    if (this.#failure !== undefined) throw this.#failure;
    return stopped ?? (this.#aborted ? INTERRUPTED : undefined);
  }

  get #aborted(): boolean {
    return this.#options.signal?.aborted ?? false;
  }

  /** Waits until a call may be placed; says why none will be. */
  async #turn(): Promise<string | undefined> {
    const { atOnce, perMinute = Infinity, hours, clock } = this.#options;
    while (this.#active.size >= atOnce && !this.#stop) {
      this.#tell(atOnce === 1 ? undefined : `${atOnce} calls at once`);
      await this.#oneOver();
    }
    while (clock.now() < this.#nextAt && !this.#stop) {
      this.#tell(`${perMinute} calls a minute`);
      await this.#pause(this.#nextAt - clock.now());
    }
    while (hours && !hours.open(clock.wallTime()) && !this.#stop) {
      this.#tell(`calls from ${hours}`);
      await this.#pause(HOURS_MS);
    }
    this.#nextAt = clock.now() + 60_000 / perMinute;
    return this.#stop ? INTERRUPTED : undefined;
  }

  get #stop(): boolean {
    return this.#aborted || this.#failure !== undefined;
  }

  async #place(call: ListedCall): Promise<string | undefined> {
    const { client, refused } = this.#options;
    for (;;) {
      this.#tell();
      let answer: Answer;
      try {
        answer = await client.place(call.request);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        if (error.perhapsPlaced) {
          await this.#keep(call, { outcome: "unknown", detail: `perhaps placed: ${error.message}` });
        }
        return error.message;
      }
      if ("callSid" in answer) {
        this.#follow(call, answer.callSid);
        return undefined;
      }
      if ("refused" in answer) {
        this.#done++;
        refused(call, answer.refused);
        return undefined;
      }
      this.#tell(answer.later);
      await this.#pause(answer.seconds * 1_000);
      if (this.#stop) return INTERRUPTED;
    }
  }

  #follow(call: ListedCall, callSid: string): void {
    const over = this.#watch(call, callSid).then(
      (result) => this.#keep(call, { callSid, ...result }),
      (error) => {
        this.#failure ??= error;
      },
    ).finally(() => this.#active.delete(call));
    this.#active.set(call, { status: "queued", over });
  }

  /** Looks at a call until it is over. */
  async #watch(call: ListedCall, callSid: string): Promise<Omit<CallResult, "number" | "at" | "callSid">> {
    const { client, clock } = this.#options;
    for (let seen = clock.now();;) {
      await this.#pause(LOOK_MS);
      if (this.#aborted) return { outcome: "unknown", detail: "not followed to its end" };
      let look: Look | undefined;
      try {
        look = await client.look(callSid);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        if (clock.now() - seen < LOST_MS) continue;
        return { outcome: "unknown", detail: error.message };
      }
      if (!look) return { outcome: "unknown", detail: "the service does not know the call any more" };
      seen = clock.now();
      const { status, ...facts } = look;
      if (isOver(status)) return { outcome: status, ...facts };
      const active = this.#active.get(call);
      if (active) active.status = status;
      this.#tell();
    }
  }

  /** Results are kept one after the other. */
  #keep(call: ListedCall, result: Omit<CallResult, "number" | "at">): Promise<void> {
    const { clock, ended } = this.#options;
    this.#done++;
    const whole = { number: call.request.to, ...result, at: new Date(clock.wallTime()).toISOString() };
    this.#kept = this.#kept.then(() => ended(whole)).catch((error) => {
      this.#failure ??= error;
    });
    return this.#kept;
  }

  async #oneOver(): Promise<void> {
    await Promise.race([...this.#active.values()].map(({ over }) => over));
  }

  #tell(waiting?: string): void {
    this.#options.progress({
      done: this.#done,
      of: this.#options.calls.length,
      active: [...this.#active].map(([{ request }, { status }]) => [request.to, status]),
      waiting,
    });
  }

  /** Waits so long, or until the run is interrupted. */
  async #pause(ms: number): Promise<void> {
    const { clock, signal } = this.#options;
    if (signal?.aborted) return;
    const over = Promise.withResolvers<void>();
    const cancel = clock.after(ms, over.resolve);
    const interrupt = () => over.resolve();
    signal?.addEventListener("abort", interrupt, { once: true });
    await over.promise;
    signal?.removeEventListener("abort", interrupt);
    cancel();
  }
}

const INTERRUPTED = "Interrupted; calls in progress go on without being followed";
