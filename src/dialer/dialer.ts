/** Places calls: decides which, when, and remembers what they are for. */

import type { Cancel, Clock } from "../clock.ts";
import type { AnsweredBy, CallReport, CallStatus } from "../twilio/call_status.ts";
import type { NewCall } from "../twilio/new_call.ts";
import { CallProgress, isOver } from "./call_progress.ts";
import type { CallRequest } from "./call_request.ts";
import type { CallingHours } from "./calling_hours.ts";
import { E164 } from "./phone_number.ts";

/** From the end of ringing to the webhook of an answered call, at most (ms). */
const WEBHOOK_MS = 30_000;
/** Twilio itself cuts a call this long (s) after the assistant should have said goodbye. */
const CUT_AFTER_SECONDS = 60;
/** Longest call Twilio makes without a limit (s). */
const LONGEST_SECONDS = 4 * 3_600;
/** Ended calls that can still be asked for. */
const REMEMBERED = 1_000;

/** Why a call is not placed. A closed list, so that it can be counted. */
export type DialRefusal = "not a number" | "do not call" | "outside hours" | "full" | "draining";

export interface DialerOptions {
  /** @throws when the call was not placed. */
  readonly createCall: (call: NewCall) => Promise<string>;
  /** Number that calls, E.164. */
  readonly from: string;
  /** Address under which Twilio reaches this service, without a trailing slash. */
  readonly publicUrl: string;
  /** How long it rings (s). */
  readonly ringSeconds: number;
  /** How many calls may begin within a second; Twilio queues what is over the account's own rate, 1. */
  readonly perSecond: number;
  /** Most placed calls at a time, waiting and ringing ones included. */
  readonly maxCalls: number;
  /** Numbers that are never called, E.164. */
  readonly doNotCall: { has(number: string): boolean };
  /** Undefined: around the clock. */
  readonly hours?: CallingHours | undefined;
  readonly clock: Clock;
}

/** What depends on the assistant that makes the call. */
export interface CallTerms {
  /** Whether Twilio should listen for a machine, which it bills. */
  readonly detectMachine: boolean;
  /** Longest conversation (s). */
  readonly maxSeconds?: number | undefined;
}

/** A call that was placed, as far as is known. */
export interface PlacedCall {
  readonly callSid: string;
  /** E.164. */
  readonly to: string;
  readonly status: CallStatus;
  readonly answeredBy?: AnsweredBy;
  /** Length (s), once it is over. */
  readonly seconds?: number;
}

const DRAINING = { refused: "draining", detail: "The service is about to stop; try again soon" } as const;

interface Entry {
  call: PlacedCall;
  /** Until the call's webhook has asked for it. */
  request: CallRequest | undefined;
  readonly progress: CallProgress;
  readonly cancels: Cancel[];
}

/** All calls this process has placed. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #placed = new Map<string, Entry>();
  readonly #ended = new Map<string, PlacedCall>();
  /** Requests to Twilio that are not answered yet. */
  readonly #asking = new Set<Promise<unknown>>();
  #waiting = 0;
  #draining = false;
  /** When the next call may begin, as the clock's `now`. */
  #nextAt = -Infinity;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Calls waiting to begin, ringing or answered. */
  get count(): number {
    return this.#waiting + this.#placed.size;
  }

  /**
   * Places a call, as soon as the rate allows.
   *
   * @returns its CallSid, or why it is not placed, and what to tell who asked for it.
   * @throws {TwilioError} when Twilio does not place it.
   */
  async place(
    request: CallRequest,
    terms: CallTerms,
  ): Promise<{ readonly callSid: string } | { readonly refused: DialRefusal; readonly detail: string }> {
    const { clock, perSecond } = this.#options;
    const refusal = this.#refuse(request.to);
    if (refusal) return refusal;
    const begin = Math.max(clock.now(), this.#nextAt);
    this.#nextAt = begin + 1_000 / perSecond;
    this.#waiting++;
    if (begin > clock.now()) await new Promise<void>((resolve) => clock.after(begin - clock.now(), resolve));
    if (this.#draining) {
      this.#waiting--;
      return DRAINING;
    }
    const asked = this.#create(request, terms);
    this.#asking.add(asked);
    try {
      return { callSid: await asked };
    } finally {
      this.#asking.delete(asked);
    }
  }

  /**
   * What a call was placed for, once: asked by the webhook of an outbound call that was answered. Undefined when this
   * process did not place it, or it took too long.
   */
  async take(callSid: string): Promise<CallRequest | undefined> {
    const entry = await this.#find(callSid);
    const request = entry?.request;
    if (entry) entry.request = undefined;
    return request;
  }

  /** Twilio reports how a call goes on; others than placed ones are ignored. */
  async report(report: CallReport): Promise<void> {
    (await this.#find(report.callSid))?.progress.take(report);
  }

  /** Twilio tells who answered. */
  async answeredBy(callSid: string, answeredBy: AnsweredBy): Promise<void> {
    const entry = await this.#find(callSid);
    if (entry) entry.call = { ...entry.call, answeredBy };
  }

  /** A call placed here, in progress or among the last that ended. */
  placed(callSid: string): PlacedCall | undefined {
    return this.#placed.get(callSid)?.call ?? this.#ended.get(callSid);
  }

  /** From now on no call is placed, those that wait for their turn included. Those that ring may still be answered. */
  drain(): void {
    this.#draining = true;
  }

  /** Forgets all calls, so that no timer is left. */
  close(): void {
    for (const callSid of [...this.#placed.keys()]) this.#forget(callSid);
  }

  #refuse(to: string): { refused: DialRefusal; detail: string } | undefined {
    const { clock, doNotCall, hours, maxCalls } = this.#options;
    if (this.#draining) return DRAINING;
    if (!E164.test(to)) {
      return { refused: "not a number", detail: "to: a number such as +15551230000 was expected" };
    }
    if (doNotCall.has(to)) return { refused: "do not call", detail: `${to} is on the do-not-call list` };
    if (hours && !hours.open(clock.wallTime())) {
      return { refused: "outside hours", detail: `Calls are placed from ${hours} only` };
    }
    if (this.count >= maxCalls) {
      return {
        refused: "full",
        detail: `There are ${maxCalls} placed calls already; wait until one has ended`,
      };
    }
    return undefined;
  }

  async #create(request: CallRequest, { detectMachine, maxSeconds }: CallTerms): Promise<string> {
    const { createCall, from, publicUrl, ringSeconds, clock } = this.#options;
    const timeLimitSeconds = maxSeconds === undefined ? undefined : maxSeconds + CUT_AFTER_SECONDS;
    const call: NewCall = {
      to: request.to,
      from,
      url: `${publicUrl}/incoming-call`,
      statusCallback: `${publicUrl}/call-status`,
      statusCallbackEvents: ["initiated", "ringing", "answered", "completed"],
      ringSeconds,
      timeLimitSeconds,
      machineCallback: detectMachine ? `${publicUrl}/answered-by` : undefined,
    };
    let callSid: string;
    try {
      callSid = await createCall(call);
    } finally {
      this.#waiting--;
    }
    const answeredMs = ringSeconds * 1_000 + WEBHOOK_MS;
    const overMs = answeredMs + (timeLimitSeconds ?? LONGEST_SECONDS) * 1_000;
    const entry: Entry = {
      call: { callSid, to: request.to, status: "queued" },
      request,
      progress: new CallProgress(clock, (report) => this.#progressed(entry, report)),
      cancels: [
        clock.after(answeredMs, () => {
          entry.request = undefined;
        }),
        // The report of its end was lost: it holds its place no longer.
        clock.after(overMs, () => this.#forget(callSid)),
      ],
    };
    this.#placed.set(callSid, entry);
    return callSid;
  }

  /** A call Twilio speaks of. It may do so before it has told us that it placed the call. */
  async #find(callSid: string): Promise<Entry | undefined> {
    if (!this.#placed.has(callSid)) await Promise.allSettled(this.#asking);
    return this.#placed.get(callSid);
  }

  #progressed(entry: Entry, { status, seconds }: CallReport): void {
    entry.call = { ...entry.call, status, ...(seconds === undefined ? {} : { seconds }) };
    if (!isOver(status)) return;
    this.#forget(entry.call.callSid);
    this.#ended.set(entry.call.callSid, entry.call);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
  }

  #forget(callSid: string): void {
    const entry = this.#placed.get(callSid);
    if (!entry) return;
    this.#placed.delete(callSid);
    entry.progress.close();
    for (const cancel of entry.cancels) cancel();
  }
}
