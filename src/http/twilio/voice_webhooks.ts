import { STATUS_CODE } from "@std/http/status";
import type { CallRefusal } from "../../calls/admission.ts";
import type { CallTariff } from "../../calls/call_bills.ts";
import type { Calls } from "../../calls/calls.ts";
import type { CallEnd } from "../../call/end_reason.ts";
import { isFinal } from "../../dialer/call_progress.ts";
import type { Dialer } from "../../dialer/dialer.ts";
import type { Log } from "../../telemetry/log.ts";
import { isTransferFailure } from "../../call/phone/transfer.ts";
import { dial, gatherKey, hangup, redirect, say, twiml } from "../../twilio/twiml.ts";
import {
  type IncomingCall,
  readDialResult,
  readIncomingCall,
  readStatusCallback,
} from "../../twilio/voice_webhook.ts";
import { readAnsweredBy, readCallStatusUpdate } from "../../twilio/call_status.ts";
import { maxSpeechMs } from "../../twilio/speech_length.ts";
import type { AssignmentOptions, AssistantFactory } from "../../assistants/assistant_factory.ts";
import { connectTwiml } from "./connect_twiml.ts";
import { type RefusalOptions, refusalTwiml } from "./refusal_twiml.ts";
import type { Requester } from "./voice_access.ts";
import type { Refusals } from "../refusals.ts";

const APOLOGY =
  "We are sorry. The assistant cannot be reached at the moment. Please call again later. Goodbye.";
const TIME_LIMIT_REACHED = "The time for this call is over. Goodbye.";

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

/** `From` of calls made with the console's phone. */
const CONSOLE_CALLER = "client:console";

/**
 * `/incoming-call`: announces the call and connects it to a media stream, offers languages first, or refuses
 * it.
 *
 * @param sealed `placed` of the query: the request of an outbound call.
 */
export async function answerCall(
  parameters: URLSearchParams,
  requester: Requester,
  options: VoiceOptions,
  sealed?: string,
): Promise<Response> {
  const { incoming, assignment } = readCall(parameters, requester);
  if (incoming.outbound) return await connectOutbound(incoming, options, sealed);
  const choices = options.assistants.languageChoices(incoming, assignment);
  if (choices.length === 0) return await connectCall(incoming, assignment, options);
  const tariff = options.assistants.createNow(incoming, assignment);
  const spokenMs = maxSpeechMs(...choices.map(({ offer }) => offer));
  const refused = options.calls.reserve(incoming, tariff, spokenMs);
  // A refused call gets no menu: once answered, it cannot be rejected.
  if (refused) return refuse(refused, incoming, tariff, options);
  const offers = choices.map(({ code, offer }) => say(offer, code));
  const action = `${options.publicUrl}/language-chosen`;
  return xml(twiml(gatherKey(action, offers), redirect(action)));
}

/** `/language-chosen`: the caller pressed a key, or the menu timed out. */
export async function languageChosen(
  parameters: URLSearchParams,
  requester: Requester,
  options: VoiceOptions,
): Promise<Response> {
  const { incoming, assignment } = readCall(parameters, requester);
  if (incoming.outbound) return await connectOutbound(incoming, options, undefined);
  const digit = parameters.get("Digits");
  const choices = options.assistants.languageChoices(incoming, assignment);
  const language = choices.find(({ key }) => key === digit)?.code;
  return await connectCall(incoming, { ...assignment, language }, options);
}

/**
 * The call, and the assistant that the console's phone or a rehearsal chose in `Assistant`.
 * `parley rehearse` sends `Rehearsal`, which only a signature or the administrator's right makes credible.
 */
function readCall(
  parameters: URLSearchParams,
  requester: Requester,
): { incoming: IncomingCall; assignment: AssignmentOptions } {
  const call = readIncomingCall(parameters);
  const isRehearsal = requester !== "anybody" && parameters.has("Rehearsal");
  const incoming: IncomingCall = isRehearsal ? { ...call, hasNoCarrier: true } : call;
  const isAdministrator = requester === "administrator";
  const assistant = (isAdministrator || isRehearsal) && parameters.get("Assistant") || undefined;
  if (!isAdministrator) return { incoming, assignment: { assistant } };
  return {
    incoming: incoming.from === CONSOLE_CALLER
      ? { ...incoming, isConsoleCall: true, hasNoCarrier: true }
      : incoming,
    assignment: { assistant },
  };
}

/**
 * Connects a call that Parley placed. Such a call was admitted when it was placed, so one that only claims to
 * be outbound is ended: it would pass by all limits, and the default assistant does not know what it is for.
 */
async function connectOutbound(
  incoming: IncomingCall,
  options: VoiceOptions,
  sealed: string | undefined,
): Promise<Response> {
  const { callSid } = incoming;
  const assignment = await options.outbound.assignment(incoming, sealed);
  // Twilio may request one call twice.
  if (assignment || options.calls.find(callSid)) {
    const seal = sealed && options.outbound.sealForStream(sealed, incoming);
    return await connectCall({ ...incoming, ...(seal ? { seal } : {}) }, assignment, options);
  }
  options.refusals.count("call", "unknown outbound call", { call: callSid });
  return xml(twiml(hangup));
}

async function connectCall(
  incoming: IncomingCall,
  assignment: AssignmentOptions | undefined,
  options: VoiceOptions,
): Promise<Response> {
  const { calls, assistants, welcome } = options;
  // A refused call must not trigger the assistant's variables webhook.
  const prepared = calls.prepared.assistant(incoming.callSid);
  const tariff = prepared ?? assistants.createNow(incoming, assignment);
  const refused = calls.reserve(incoming, tariff);
  if (refused) return refuse(refused, incoming, tariff, options);
  const assistant = prepared ?? await assistants.create(incoming, assignment);
  // Twilio plays this to the end before it opens the stream, so before recording begins.
  const { consent, language } = assistant.recording ?? {};
  const first = [...(welcome ? [say(welcome)] : []), ...(consent ? [say(consent, language)] : [])];
  const admission = calls.announce(incoming, assistant, maxSpeechMs(welcome ?? "", consent ?? ""));
  // The caller may have hung up, or a budget been used up, while the variables were fetched.
  if ("refused" in admission) return refuse(admission.refused, incoming, assistant, options);
  // Twilio's answered-by callback can arrive before the call is announced.
  const answeredBy = options.dialer.find(incoming.callSid)?.answeredBy;
  if (answeredBy) calls.reportAnsweredBy(incoming.callSid, answeredBy);
  return xml(twiml(...first, ...connectTwiml(incoming, admission.token, options.publicUrl)));
}

function refuse(
  reason: CallRefusal,
  incoming: IncomingCall,
  tariff: CallTariff,
  options: VoiceOptions,
): Response {
  const { callSid, from } = incoming;
  options.refusals.count("call", reason, { call: callSid, from });
  return xml(refusalTwiml(reason, incoming, tariff, options));
}

/**
 * `/after-stream`: transfers the caller, connects one whose stream was lost again, or hangs up, with a
 * sentence when the caller has heard no explanation.
 */
export function afterStream(parameters: URLSearchParams, options: VoiceOptions): Response {
  const { calls, publicUrl } = options;
  const callStatus = parameters.get("CallStatus");
  const { callSid } = readIncomingCall(parameters);
  // A caller who has hung up is not transferred.
  if (callStatus === "completed") calls.callerHungUp(callSid);
  const destination = calls.destination(callSid);
  if (destination) {
    return xml(twiml(dial({
      ...destination,
      maxSeconds: calls.dialled.startTransfer(callSid, destination),
      action: `${publicUrl}/after-transfer`,
      statusCallback: `${publicUrl}/call-status`,
    })));
  }
  const end = calls.afterStreamRequested(callSid);
  const next = callStatus === "completed" ? undefined : calls.resume(callSid);
  if (next) return xml(twiml(...connectTwiml(next.incoming, next.token, publicUrl)));
  const sentence = closingSentence(end);
  return xml(sentence ? twiml(say(sentence), hangup) : twiml(hangup));
}

/**
 * `/after-transfer`: hangs up after an answered transfer; reconnects the caller to the assistant after a
 * failed one.
 */
export function afterTransfer(parameters: URLSearchParams, options: VoiceOptions): Response {
  const { callSid, callStatus, dialStatus, seconds } = readDialResult(parameters);
  const { calls } = options;
  // Twilio's report that the destination answered may have been lost.
  const answered = !isTransferFailure(dialStatus) && (dialStatus !== "" || callStatus !== "completed");
  if (answered) calls.transferAnswered(callSid);
  calls.dialled.end(callSid, seconds);
  if (callStatus === "completed") calls.callerHungUp(callSid);
  else if (isTransferFailure(dialStatus)) {
    const next = calls.transferFailed(callSid, dialStatus);
    if (next) return xml(twiml(...connectTwiml(next.incoming, next.token, options.publicUrl)));
  }
  return xml(twiml(hangup));
}

/** The sentence to say before hanging up. An unknown call (undefined) was cut off by a restart. */
function closingSentence(ending: CallEnd | undefined): string | undefined {
  if (ending?.callerInformed) return undefined;
  return ending?.reason === "time limit" ? TIME_LIMIT_REACHED : APOLOGY;
}

/** `/call-status` and `/stream-status`: Twilio's progress callbacks. */
export function callStatus(parameters: URLSearchParams, { calls, dialer, log }: VoiceOptions): Response {
  const { callSid, parentCallSid, status, sequence, error } = readStatusCallback(parameters);
  if (parentCallSid && status === "in-progress") calls.transferAnswered(parentCallSid);
  if (!parentCallSid && status === "completed") calls.callerHungUp(callSid);
  const report = readCallStatusUpdate(parameters);
  // Only a forwarded call's destination reports its end here; a transfer's is reported to /after-transfer.
  if (parentCallSid && report && isFinal(report.status)) calls.dialled.end(parentCallSid, report.seconds);
  if (report) void dialer.reportStatus(report);
  if (error) log.warn("stream error", { call: callSid, error });
  else if (status) log.debug("status", { call: callSid, status, sequence: sequence || undefined });
  return new Response(null, { status: STATUS_CODE.NoContent });
}

/** `/answered-by`: Twilio's answering-machine detection result for an outbound call. */
export function answeredBy(parameters: URLSearchParams, { calls, dialer }: VoiceOptions): Response {
  const answered = readAnsweredBy(parameters);
  if (answered) {
    calls.reportAnsweredBy(answered.callSid, answered.answeredBy);
    void dialer.reportAnsweredBy(answered.callSid, answered.answeredBy);
  }
  return new Response(null, { status: STATUS_CODE.NoContent });
}

function xml(document: string): Response {
  return new Response(document, { headers: { "content-type": "text/xml; charset=utf-8" } });
}
