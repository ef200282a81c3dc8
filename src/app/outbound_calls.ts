import type { Assistant } from "../assistants/assistant.ts";
import type { Admission } from "../calls/admission.ts";
import { type AssignmentOptions, callLimits } from "../assistants/assistant_factory.ts";
import type { CallAssistant } from "../assistants/call_assistant.ts";
import type { Clock } from "../clock.ts";
import type { ServiceConfig } from "./service_config.ts";
import { failedBeforeSending } from "../error_message.ts";
import type { CallRequest } from "../dialer/call_request.ts";
import { isFinal } from "../dialer/call_progress.ts";
import { Dialer, WEBHOOK_MS } from "../dialer/dialer.ts";
import { RequestSeal } from "../dialer/sealed_request.ts";
import type { PlacementRefusal } from "../http/admin/api/post_calls.ts";
import type { Log } from "../telemetry/log.ts";
import { TwilioError, TwilioRest } from "../twilio/rest.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";

/** Settings without which no call can be placed. */
const REQUIRED = ["TWILIO_ACCOUNT_SID", "TWILIO_PHONE_NUMBER", "PUBLIC_URL"] as const;

/** Opens the sessions of calls that ring. */
export interface HeadStart {
  createAssistant(call: IncomingCall, options: AssignmentOptions): Promise<CallAssistant>;
  /** @param ringMs Time after which nobody answers any more (ms). */
  prepare(call: IncomingCall, assistant: CallAssistant, ringMs: number): void;
  /** The call has ended, answered or not. */
  discard(callSid: string): void;
}

export interface OutboundCallsOptions {
  readonly config: ServiceConfig;
  /** The assistant of this name, or the default one; undefined when it does not exist. */
  readonly assistant: (name: string | undefined) => Assistant | undefined;
  /** Whether this party, or all parties together, have used up today's budget. */
  readonly isOverBudget: (party: string, limits: ReturnType<typeof callLimits>, nextUsd: number) => boolean;
  /** What the carrier bills when a call to this number is answered (US dollars). */
  readonly answerPrice: (to: string, detectMachine: boolean) => number;
  /** Counts the calls to each number. */
  readonly admission: Pick<Admission, "count" | "isAtDayLimit">;
  /** Without it, a call's session is opened when the call is answered. */
  readonly headStart?: HeadStart | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Places this process's outbound calls: configures the dialer and selects each call's assistant and
 * objective.
 */
export class OutboundCalls {
  readonly dialer: Dialer;
  readonly #options: OutboundCallsOptions;
  readonly #missing: readonly string[];
  readonly #seal: RequestSeal;

  constructor(options: OutboundCallsOptions) {
    const { config, clock } = this.#options = options;
    const hasCredentials = config.TWILIO_AUTH_TOKEN !== undefined || config.TWILIO_API_KEY_SID !== undefined;
    this.#missing = [
      ...REQUIRED.filter((name) => config[name] === undefined),
      ...(hasCredentials ? [] : ["TWILIO_AUTH_TOKEN (or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET)"]),
    ];
    this.#seal = new RequestSeal(clock, config.TWILIO_AUTH_TOKEN);
    const { TWILIO_API_KEY_SID: sid, TWILIO_API_KEY_SECRET: secret } = config;
    const rest = new TwilioRest({
      apiUrl: config.TWILIO_API_URL,
      accountSid: config.TWILIO_ACCOUNT_SID ?? "",
      authToken: config.TWILIO_AUTH_TOKEN,
      apiKey: sid && secret ? { sid, secret } : undefined,
      clock,
    });
    this.dialer = new Dialer({
      createCall: (call) => rest.createCall(call),
      hangUp: (callSid) => rest.hangUp(callSid),
      seal: this.#seal,
      from: config.TWILIO_PHONE_NUMBER ?? "",
      publicUrl: config.PUBLIC_URL ?? "",
      ringSeconds: config.RING_SECONDS,
      callsPerSecond: config.OUTBOUND_CALLS_PER_SECOND,
      maxCalls: config.MAX_OUTBOUND_CALLS,
      allowed: config.OUTBOUND_ALLOWED,
      doNotCall: config.doNotCall,
      hours: config.CALLING_HOURS,
      onEnded: (callSid) => this.#options.headStart?.discard(callSid),
      clock,
    });
  }

  /**
   * Places a call through Twilio, or returns why it was not placed.
   *
   * @param signal Aborts when nobody waits for the answer any more.
   */
  async place(
    request: CallRequest,
    signal?: AbortSignal,
  ): Promise<{ readonly callSid: string } | PlacementRefusal> {
    const { log } = this.#options;
    if (this.#missing.length > 0) {
      return {
        refused: "not configured",
        detail: `Placing calls needs ${this.#missing.join(", ")}; set them`,
      };
    }
    const assistant = this.#options.assistant(request.assistant);
    if (!assistant) {
      return { refused: "unknown assistant", detail: `assistant: "${request.assistant}" does not exist` };
    }
    const { limits, voicemail } = assistant;
    const terms = { detectMachine: voicemail !== undefined, maxSeconds: limits.callSeconds };
    if (this.#options.admission.isAtDayLimit(request.to)) {
      return {
        refused: "number day limit",
        detail: `${request.to} has had CALLS_PER_NUMBER_AND_DAY calls in 24 hours`,
      };
    }
    if (this.#isOverBudget(request.to, callLimits(limits), terms.detectMachine)) {
      return { refused: "budget", detail: `Today's budget of assistant "${assistant.name}" is used up` };
    }
    // Counted now, so that a request that arrives meanwhile finds it.
    const takeBack = this.#options.admission.count(request.to);
    try {
      const placed = await this.dialer.place(request, terms, signal);
      if ("refused" in placed) takeBack();
      else {
        log.info("call placed", { call: placed.callSid, to: request.to, assistant: assistant.name });
        void this.#prepare(placed.callSid, request);
      }
      return placed;
    } catch (error) {
      if (!(error instanceof TwilioError)) throw error;
      log.warn("call not placed", { to: request.to, problem: error.message });
      const refused = twilioFailure(error);
      if (refused !== "unconfirmed") takeBack();
      return { refused, detail: error.message };
    }
  }

  /** Whether a budget does not pay for this call, and for the calls that may be answered before it. */
  #isOverBudget(to: string, limits: ReturnType<typeof callLimits>, detectMachine: boolean): boolean {
    const { isOverBudget, answerPrice } = this.#options;
    const usd = answerPrice(to, detectMachine);
    const day = { costLimits: { perDay: limits.costLimits.perDay }, minuteLimits: undefined };
    return isOverBudget(to, limits, usd) || isOverBudget(to, day, usd * (1 + this.dialer.unanswered));
  }

  /**
   * The assistant, objective and variables of an answered call; undefined when Parley did not place it.
   *
   * @param sealed From the webhook's URL: the request of a call that another instance, or this one before a restart, placed.
   */
  async assignment(
    { callSid, to }: Pick<IncomingCall, "callSid" | "to">,
    sealed: string | undefined,
  ): Promise<AssignmentOptions | undefined> {
    const request = await this.dialer.takeRequest(callSid);
    if (request) return this.#assignmentOf(request);
    const opened = sealed === undefined ? undefined : this.#seal.open(sealed, to);
    return opened && this.#assignmentOf(opened);
  }

  /**
   * The same request sealed for the call's stream; undefined when the seal is altered, expired, or of another
   * number.
   */
  sealForStream(sealed: string, call: Pick<IncomingCall, "callSid" | "to">): string | undefined {
    return this.#seal.bind(sealed, call);
  }

  /** The assignment in a stream's seal; undefined when the seal is altered, or of another call. */
  streamAssignment(
    sealed: string,
    { callSid, to }: Pick<IncomingCall, "callSid" | "to">,
  ): AssignmentOptions | undefined {
    const request = this.#seal.open(sealed, to, callSid);
    return request && this.#assignmentOf(request);
  }

  /** Ends a ringing call that no client waits for. Failures are logged. */
  async cancel(callSid: string): Promise<void> {
    const { log } = this.#options;
    try {
      await this.dialer.cancel(callSid);
      log.info("call cancelled", { call: callSid });
    } catch (error) {
      if (!(error instanceof TwilioError)) throw error;
      log.warn("call not cancelled", { call: callSid, problem: error.message });
    }
  }

  /** Opens the call's session while it rings. Never rejects. */
  async #prepare(callSid: string, request: CallRequest): Promise<void> {
    const { config, headStart } = this.#options;
    if (!headStart) return;
    const call = { callSid, from: config.TWILIO_PHONE_NUMBER ?? "", to: request.to, outbound: true } as const;
    const assistant = await headStart.createAssistant(call, this.#assignmentOf(request));
    const status = this.dialer.find(callSid)?.status;
    if (status === undefined || isFinal(status)) return;
    headStart.prepare(call, assistant, config.RING_SECONDS * 1_000 + WEBHOOK_MS);
  }

  #assignmentOf({ assistant, objective, variables }: CallRequest): AssignmentOptions {
    return { assistant: this.#options.assistant(assistant)?.name, objective, variables };
  }
}

/** After a timeout or a 5xx, Twilio may have placed the call, so a client must not simply retry. */
function twilioFailure({ status, cause }: TwilioError): PlacementRefusal["refused"] {
  const mayBePlaced = status === undefined ? !failedBeforeSending(cause) : status >= 500;
  if (mayBePlaced) return "unconfirmed";
  return status === 400 ? "invalid for Twilio" : "refused by Twilio";
}
