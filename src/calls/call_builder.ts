import type { CallAssistant } from "../assistants/call_assistant.ts";
import { Call, type EarlierPart } from "../call/call.ts";
import type { ModelService } from "../call/succession/sessions.ts";
import { startCallSpan } from "../telemetry/call_span.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import { partyOf } from "./call_bills.ts";
import type { CallsOptions } from "./calls_options.ts";

/** Builds a call, which {@linkcode Call.openAccount} makes billed. */
export function buildCall(
  options: CallsOptions & { readonly models: ModelService },
  incoming: IncomingCall,
  assistant: CallAssistant,
  earlier?: EarlierPart,
): Call {
  const { callSid, from, to, outbound } = incoming;
  const { openSession, clock, metrics, mediaTimeoutMs, streamGraceMs, recorder, pseudonym, models } = options;
  const log = options.log.with({ call: callSid });
  const party = partyOf(incoming);
  const caller = party ? { safetyIdentifier: pseudonym(party) } : {};
  return new Call({
    identity: {
      callSid,
      direction: outbound ? "outbound" : "inbound",
      from,
      to,
      assistant: assistant.name,
      model: assistant.billedModel,
      startedAt: new Date(clock.wallTime()).toISOString(),
    },
    assistant,
    earlier,
    recorder,
    openSession: (session, observer) => openSession({ ...session, ...caller }, observer, log),
    models,
    mediaTimeoutMs,
    streamGraceMs,
    clock,
    log,
    metrics,
    span: startCallSpan(clock, { call: callSid, from, to, model: assistant.billedModel }),
  });
}
