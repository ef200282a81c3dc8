import type { AssignmentOptions, AssistantFactory } from "../../assistants/assistant_factory.ts";
import type { Calls } from "../../calls/calls.ts";
import type { Dialer } from "../../dialer/dialer.ts";
import type { Log } from "../../telemetry/log.ts";
import type { IncomingCall } from "../../twilio/voice_webhook.ts";
import type { Refusals } from "../refusals.ts";
import type { RefusalOptions } from "./refusal_twiml.ts";

/** The outbound calls that Parley placed. */
export interface PlacedCalls {
  /** Purpose of an answered call; undefined when Parley did not place it. */
  assignment(call: IncomingCall, sealed: string | undefined): Promise<AssignmentOptions | undefined>;
  /** The request of the query, sealed for the call's stream. */
  sealForStream(sealed: string, call: IncomingCall): string | undefined;
}

export interface VoiceOptions extends RefusalOptions {
  readonly calls: Calls;
  readonly assistants: Pick<AssistantFactory, "create" | "createNow" | "languageChoices">;
  readonly outbound: PlacedCalls;
  readonly dialer: Pick<Dialer, "find" | "reportStatus" | "reportAnsweredBy">;
  readonly refusals: Refusals;
  readonly log: Log;
  /** Spoken before the stream; undefined for none. */
  readonly welcome: string | undefined;
}

/** Answers a webhook with TwiML. */
export function xml(document: string): Response {
  return new Response(document, { headers: { "content-type": "text/xml; charset=utf-8" } });
}
