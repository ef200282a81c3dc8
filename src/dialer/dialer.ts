import { BoundedMap } from "../bounded_map.ts";
import { type Cancel, type Clock, wait } from "../clock.ts";
import type { AnsweredBy, CallStatus, CallStatusUpdate } from "../twilio/call_status.ts";
import type { NewCall } from "../twilio/new_call.ts";
import { CallProgress, isFinal } from "./call_progress.ts";
import type { CallRequest } from "./call_request.ts";
import { type DialRefusal, type DialRules, findRefusal } from "./dial_rules.ts";

/** Timeout from the end of ringing to the webhook of an answered call (ms). */
export const WEBHOOK_MS = 30_000;
/** From the webhook to the stream's start, through a welcome message (ms). */
const STREAM_MS = 120_000;
/** Twilio ends a call this long (s) after the assistant's own limit, in case the goodbye fails. */
const LIMIT_MARGIN_SECONDS = 60;
/** Time limit of a call whose assistant has none (s). */
const DEFAULT_LIMIT_SECONDS = 3_600;
/** Twilio's own time limit (s). */
const TWILIO_LIMIT_SECONDS = 4 * 3_600;
/** Ended calls that {@linkcode Dialer.find} still returns. */
const MAX_ENDED = 1_000;

export interface DialerOptions extends DialRules {
  /** Returns the CallSid. @throws {TwilioError} when the call was not placed. */
  readonly createCall: (call: NewCall) => Promise<string>;
  /** Ends a ringing call. @throws {TwilioError} */
  readonly hangUp: (callSid: string) => Promise<void>;
  /** Base URL at which Twilio reaches this service, without a trailing slash. */
  readonly publicUrl: string;
  /** Ring timeout. */
  readonly ringSeconds: number;
  /** Rate limit. Twilio queues calls above the account's own rate, by default 1. */
  readonly callsPerSecond: number;
  /** Lets the request travel in the webhook's URL. Undefined: only this process can answer its calls. */
  readonly seal?: { seal(request: CallRequest, validMs: number): string } | undefined;
  /** Called when a call that was placed here has ended, answered or not. */
  readonly onEnded?: ((callSid: string) => void) | undefined;
  readonly clock: Clock;
}

/** Terms of a call that its assistant sets. */
export interface CallTerms {
  /** Whether Twilio detects answering machines, which it bills. */
  readonly detectMachine: boolean;
  /** Maximum duration of the conversation (s). */
  readonly maxSeconds?: number | undefined;
}

/** A placed call with its last known status. */
export interface PlacedCall {
  readonly callSid: string;
  /** E.164. */
  readonly to: string;
  readonly status: CallStatus;
  readonly answeredBy?: AnsweredBy;
  /** Length, once it has ended. */
  readonly seconds?: number;
}

/** Maximum length of a seal in a URL (characters). URLs of 2,048 characters pass everywhere. */
const MAX_SEAL = 1_800;

const CLIENT_GONE: DialRefusal = {
  refused: "client gone",
  detail: "The client closed its request; nobody was called",
};
const DRAINING: DialRefusal = {
  refused: "draining",
  detail: "The service is shutting down; retry in a minute",
};

interface Entry {
  call: PlacedCall;
  /** Undefined when the call was not answered in time. */
  request: CallRequest | undefined;
  answered: boolean;
  readonly progress: CallProgress;
  readonly cancels: Cancel[];
}

/** Places calls within limits and hours, and keeps their requests and statuses. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #placed = new Map<string, Entry>();
  readonly #ended = new BoundedMap<string, PlacedCall>(MAX_ENDED);
  /** Requests to Twilio in flight. */
  readonly #creating = new Set<Promise<unknown>>();
  #waiting = 0;
  #draining = false;
  /** Earliest time of the next call, on the clock's `now` scale. */
  #nextAt = -Infinity;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Calls that wait for the rate limit, ring or are answered. */
  get activeCalls(): number {
    return this.#waiting + this.#placed.size;
  }

  /** Calls that wait for the rate limit or may still be answered. */
  get unanswered(): number {
    return this.#waiting + this.#ringingCalls().length;
  }

  /** Calls that may still be answered, those being placed included. */
  get ringing(): number {
    return this.#creating.size + this.#ringingCalls().length;
  }

  /**
   * Places a call, as soon as the rate limit allows.
   *
   * @param signal Aborts when nobody waits for the answer: a call that still waits for the rate limit is not placed.
   * @throws {TwilioError} when Twilio does not place it.
   */
  async place(
    request: CallRequest,
    terms: CallTerms,
    signal?: AbortSignal,
  ): Promise<{ readonly callSid: string } | DialRefusal> {
    const { clock, callsPerSecond } = this.#options;
    if (this.#draining) return DRAINING;
    const refusal = findRefusal(request.to, this.#options, this.activeCalls, clock.wallTime());
    if (refusal) return refusal;
    const startAt = Math.max(clock.now(), this.#nextAt);
    this.#nextAt = startAt + 1_000 / callsPerSecond;
    this.#waiting++;
    const waitMs = startAt - clock.now();
    if (waitMs > 0) await wait(clock, waitMs, signal);
    if (signal?.aborted || this.#draining) {
      this.#waiting--;
      return signal?.aborted ? CLIENT_GONE : DRAINING;
    }
    const creating = this.#create(request, terms);
    this.#creating.add(creating);
    try {
      return { callSid: await creating };
    } finally {
      this.#creating.delete(creating);
    }
  }

  /**
   * The call is answered: returns its request. Undefined when this process did not place the call, or when the webhook came
   * too late.
   */
  async takeRequest(callSid: string): Promise<CallRequest | undefined> {
    const entry = await this.#findEntry(callSid);
    if (entry?.request) entry.answered = true;
    return entry?.request;
  }

  /** Applies a status callback; ignores calls placed elsewhere. */
  async reportStatus(update: CallStatusUpdate): Promise<void> {
    (await this.#findEntry(update.callSid))?.progress.reportStatus(update);
  }

  /** Applies a detection callback. */
  async reportAnsweredBy(callSid: string, answeredBy: AnsweredBy): Promise<void> {
    const entry = await this.#findEntry(callSid);
    if (entry) entry.call = { ...entry.call, answeredBy };
  }

  /** A call in progress, or one of the last that ended. */
  find(callSid: string): PlacedCall | undefined {
    return this.#placed.get(callSid)?.call ?? this.#ended.get(callSid);
  }

  /** Places no more calls, including those that wait for the rate limit. Ringing calls can still be answered. */
  drain(): void {
    this.#draining = true;
  }

  /** Ends the calls that still ring. Never rejects. */
  async cancelRinging(): Promise<void> {
    await Promise.allSettled(this.#creating);
    await Promise.allSettled(this.#ringingCalls().map((callSid) => this.cancel(callSid)));
  }

  /** Ends a call that rings. @throws {TwilioError} */
  async cancel(callSid: string): Promise<void> {
    const entry = this.#placed.get(callSid);
    if (entry) entry.request = undefined;
    await this.#options.hangUp(callSid);
  }

  /** Removes all calls with their timers. */
  close(): void {
    for (const callSid of [...this.#placed.keys()]) this.#remove(callSid);
  }

  #ringingCalls(): string[] {
    return [...this.#placed].filter(([, { request, answered }]) => request && !answered)
      .map(([callSid]) => callSid);
  }

  async #create(request: CallRequest, { detectMachine, maxSeconds }: CallTerms): Promise<string> {
    const { createCall, from, publicUrl, ringSeconds, clock, seal } = this.#options;
    const webhookDeadlineMs = ringSeconds * 1_000 + WEBHOOK_MS;
    const sealed = seal?.seal(request, webhookDeadlineMs + STREAM_MS) ?? "";
    const query = sealed === "" || sealed.length > MAX_SEAL ? "" : `?placed=${sealed}`;
    const timeLimitSeconds = Math.min(
      maxSeconds === undefined ? DEFAULT_LIMIT_SECONDS : maxSeconds + LIMIT_MARGIN_SECONDS,
      TWILIO_LIMIT_SECONDS,
    );
    const call: NewCall = {
      to: request.to,
      from,
      url: `${publicUrl}/incoming-call${query}`,
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
    const endDeadlineMs = webhookDeadlineMs + timeLimitSeconds * 1_000;
    const entry: Entry = {
      call: { callSid, to: request.to, status: "queued" },
      request,
      answered: false,
      progress: new CallProgress(clock, (report) => this.#statusChanged(entry, report)),
      cancels: [
        clock.after(webhookDeadlineMs, () => {
          if (!entry.answered) entry.request = undefined;
        }),
        // Frees the slot of a call whose final callback was lost.
        clock.after(endDeadlineMs, () => this.#remove(callSid)),
      ],
    };
    this.#placed.set(callSid, entry);
    return callSid;
  }

  /** Waits for requests in flight: a callback can arrive before Twilio's response with the CallSid. */
  async #findEntry(callSid: string): Promise<Entry | undefined> {
    if (!this.#placed.has(callSid)) await Promise.allSettled(this.#creating);
    return this.#placed.get(callSid);
  }

  #statusChanged(entry: Entry, { status, seconds }: CallStatusUpdate): void {
    entry.call = { ...entry.call, status, ...(seconds === undefined ? {} : { seconds }) };
    if (!isFinal(status)) return;
    this.#remove(entry.call.callSid);
    this.#ended.set(entry.call.callSid, entry.call);
    this.#options.onEnded?.(entry.call.callSid);
  }

  #remove(callSid: string): void {
    const entry = this.#placed.get(callSid);
    if (!entry) return;
    this.#placed.delete(callSid);
    entry.progress.close();
    for (const cancel of entry.cancels) cancel();
  }
}
