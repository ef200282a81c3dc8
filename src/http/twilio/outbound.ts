import { STATUS_CODE, type StatusCode } from "@std/http/status";
import type { Clock } from "../../clock.ts";
import type { Assistant } from "../../assistants/assistant.ts";
import type { Config } from "../../config/config.ts";
import { readCallRequest } from "../../dialer/call_request.ts";
import { CallingHours } from "../../dialer/calling_hours.ts";
import { Dialer, type DialRefusal, type PlacedCall } from "../../dialer/dialer.ts";
import type { Log } from "../../telemetry/log.ts";
import type { AnsweredBy, CallReport } from "../../twilio/call_status.ts";
import { TwilioError, TwilioRest } from "../../twilio/rest.ts";
import { type Briefing, limitsOf } from "../../assistants/assistant_factory.ts";
import { problem } from "../problem.ts";

const STATUS_OF: Readonly<Record<DialRefusal, StatusCode>> = {
  "not a number": STATUS_CODE.UnprocessableEntity,
  "do not call": STATUS_CODE.Conflict,
  "outside hours": STATUS_CODE.Conflict,
  "full": STATUS_CODE.TooManyRequests,
  "draining": STATUS_CODE.ServiceUnavailable,
};
/** What placing calls needs. */
const NEEDED = ["TWILIO_ACCOUNT_SID", "TWILIO_PHONE_NUMBER", "PUBLIC_URL"] as const;

export interface OutboundOptions {
  readonly config: Config;
  /** The assistant of this name, or without one the default one; undefined if there is none. */
  readonly assistant: (name: string | undefined) => Assistant | undefined;
  /** Whether somebody, or everybody, has used up what there is for today. */
  readonly overLimit: (party: string, limits: ReturnType<typeof limitsOf>) => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** `POST /calls`, and what becomes of the calls. */
export class Outbound {
  readonly #options: OutboundOptions;
  readonly #missing: readonly string[];
  readonly #dialer: Dialer;

  constructor(options: OutboundOptions) {
    const { config, clock } = this.#options = options;
    this.#missing = NEEDED.filter((name) => config[name] === undefined);
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
      from: config.TWILIO_PHONE_NUMBER ?? "",
      publicUrl: config.PUBLIC_URL ?? "",
      ringSeconds: config.RING_SECONDS,
      perSecond: config.OUTBOUND_CALLS_PER_SECOND,
      maxCalls: config.MAX_OUTBOUND_CALLS,
      doNotCall: config.doNotCall,
      hours: config.CALLING_HOURS && new CallingHours(config.CALLING_HOURS),
      clock,
    });
  }

  /** Answers `POST /calls`. */
  async place(body: string): Promise<Response> {
    if (this.#missing.length > 0) {
      return problem(STATUS_CODE.Conflict, `Calls cannot be placed without ${this.#missing.join(", ")}`);
    }
    const request = readCallRequest(body);
    if ("problems" in request) return problem(STATUS_CODE.UnprocessableEntity, request.problems.join("; "));
    const assistant = this.#options.assistant(request.assistant);
    if (!assistant) {
      return problem(STATUS_CODE.UnprocessableEntity, `assistant: there is no "${request.assistant}"`);
    }
    const { limits, voicemail } = assistant;
    if (this.#options.overLimit(request.to, limitsOf(limits))) {
      return problem(
        STATUS_CODE.TooManyRequests,
        `The spending limit of "${assistant.name}" is reached for today`,
      );
    }
    const terms = { detectMachine: voicemail !== undefined, maxSeconds: limits.callSeconds };
    try {
      const placed = await this.#dialer.place(request, terms);
      if ("refused" in placed) {
        const again = placed.refused === "full" ? { "retry-after": "5" } : {};
        return problem(STATUS_OF[placed.refused], placed.detail, again);
      }
      this.#options.log.info("call placed", {
        call: placed.callSid,
        to: request.to,
        assistant: assistant.name,
      });
      return Response.json(placed, { status: STATUS_CODE.Created });
    } catch (error) {
      if (!(error instanceof TwilioError)) throw error;
      this.#options.log.warn("call not placed", { to: request.to, problem: error.message });
      return problem(statusOf(error), error.message);
    }
  }

  /** What a call that was answered is for; undefined when it was not placed here. */
  async briefing(callSid: string): Promise<Briefing | undefined> {
    const request = await this.#dialer.take(callSid);
    if (!request) return undefined;
    const assistant = this.#options.assistant(request.assistant)?.name;
    return { assistant, objective: request.objective, variables: request.variables };
  }

  report(report: CallReport): void {
    void this.#dialer.report(report);
  }

  answeredBy(callSid: string, who: AnsweredBy): void {
    void this.#dialer.answeredBy(callSid, who);
  }

  /** A call placed here, in progress or among the last that ended. */
  placed(callSid: string): PlacedCall | undefined {
    return this.#dialer.placed(callSid);
  }

  drain(): void {
    this.#dialer.drain();
  }

  close(): void {
    this.#dialer.close();
  }
}

/** Where it is not known whether Twilio placed the call, the answer says so: nobody should be called twice. */
function statusOf({ status }: TwilioError): StatusCode {
  if (status === undefined || status >= 500) return STATUS_CODE.GatewayTimeout;
  return status === STATUS_CODE.BadRequest ? STATUS_CODE.UnprocessableEntity : STATUS_CODE.BadGateway;
}
