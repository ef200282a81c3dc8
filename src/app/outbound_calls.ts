import type { Assistant } from "../assistants/assistant.ts";
import { type AssignmentOptions, callLimits } from "../assistants/assistant_factory.ts";
import type { Clock } from "../clock.ts";
import type { ServiceConfig } from "./service_config.ts";
import type { CallRequest } from "../dialer/call_request.ts";
import { Dialer, type PlacedCall } from "../dialer/dialer.ts";
import { RequestSeal } from "../dialer/sealed_request.ts";
import type { PlacementRefusal } from "../http/admin/api/post_calls.ts";
import type { Log } from "../telemetry/log.ts";
import type { AnsweredBy, CallStatusUpdate } from "../twilio/call_status.ts";
import { TwilioError, TwilioRest } from "../twilio/rest.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";

/** Settings without which no call can be placed. */
const REQUIRED = ["TWILIO_ACCOUNT_SID", "TWILIO_PHONE_NUMBER", "PUBLIC_URL"] as const;

export interface OutboundCallsOptions {
  readonly config: ServiceConfig;
  /** The assistant of this name, or the default one; undefined when it does not exist. */
  readonly assistant: (name: string | undefined) => Assistant | undefined;
  /** Whether this party, or all parties together, have used up today's budget. */
  readonly isOverBudget: (party: string, limits: ReturnType<typeof callLimits>) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Places this process's outbound calls: configures the dialer and selects each call's assistant and objective. */
export class OutboundCalls {
  readonly #options: OutboundCallsOptions;
  readonly #missing: readonly string[];
  readonly #seal: RequestSeal;
  readonly #dialer: Dialer;

  constructor(options: OutboundCallsOptions) {
    const { config, clock } = this.#options = options;
    this.#missing = REQUIRED.filter((name) => config[name] === undefined);
    this.#seal = new RequestSeal(clock, config.TWILIO_AUTH_TOKEN);
    const { TWILIO_API_KEY_SID: sid, TWILIO_API_KEY_SECRET: secret } = config;
    const rest = new TwilioRest({
      apiUrl: config.TWILIO_API_URL,
      accountSid: config.TWILIO_ACCOUNT_SID ?? "",
      authToken: config.TWILIO_AUTH_TOKEN,
      apiKey: sid && secret ? { sid, secret } : undefined,
      clock,
    });
    this.#dialer = new Dialer({
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
      clock,
    });
  }

  /** Calls that may still be answered. */
  get ringing(): number {
    return this.#dialer.ringing;
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
    if (this.#options.isOverBudget(request.to, callLimits(limits))) {
      return { refused: "budget", detail: `Today's budget of assistant "${assistant.name}" is used up` };
    }
    const terms = { detectMachine: voicemail !== undefined, maxSeconds: limits.callSeconds };
    try {
      const placed = await this.#dialer.place(request, terms, signal);
      if (!("refused" in placed)) {
        log.info("call placed", { call: placed.callSid, to: request.to, assistant: assistant.name });
      }
      return placed;
    } catch (error) {
      if (!(error instanceof TwilioError)) throw error;
      log.warn("call not placed", { to: request.to, problem: error.message });
      return { refused: twilioFailure(error), detail: error.message };
    }
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
    const request = await this.#dialer.takeRequest(callSid);
    if (request) return this.#assignmentOf(request);
    return sealed === undefined ? undefined : this.openAssignment(sealed, to);
  }

  /** The assignment in a seal; undefined when the seal is altered, expired, or of another call. */
  openAssignment(sealed: string, to: string): AssignmentOptions | undefined {
    const request = this.#seal.open(sealed, to);
    return request && this.#assignmentOf(request);
  }

  /** Ends a ringing call that no client waits for. Failures are logged. */
  async cancel(callSid: string): Promise<void> {
    const { log } = this.#options;
    try {
      await this.#dialer.cancel(callSid);
      log.info("call cancelled", { call: callSid });
    } catch (error) {
      if (!(error instanceof TwilioError)) throw error;
      log.warn("call not cancelled", { call: callSid, problem: error.message });
    }
  }

  /** Ends the calls that still ring. Never rejects. */
  cancelRinging(): Promise<void> {
    return this.#dialer.cancelRinging();
  }

  #assignmentOf({ assistant, objective, variables }: CallRequest): AssignmentOptions {
    return { assistant: this.#options.assistant(assistant)?.name, objective, variables };
  }

  /** Records Twilio's status callback. */
  reportStatus(update: CallStatusUpdate): void {
    void this.#dialer.reportStatus(update);
  }

  /** Records Twilio's answering-machine detection. */
  reportAnsweredBy(callSid: string, who: AnsweredBy): void {
    void this.#dialer.reportAnsweredBy(callSid, who);
  }

  /** A call placed by this process, in progress or among the last that ended. */
  find(callSid: string): PlacedCall | undefined {
    return this.#dialer.find(callSid);
  }

  drain(): void {
    this.#dialer.drain();
  }

  close(): void {
    this.#dialer.close();
  }
}

/** After a timeout or a 5xx, Twilio may have placed the call, so a client must not simply retry. */
function twilioFailure({ status }: TwilioError): PlacementRefusal["refused"] {
  if (status === undefined || status >= 500) return "unconfirmed";
  return status === 400 ? "invalid for Twilio" : "refused by Twilio";
}
