import type { AssignmentOptions } from "../../assistants/assistant_factory.ts";
import type { CallRefusal } from "../../calls/admission.ts";
import type { CallTariff } from "../../calls/call_bills.ts";
import { maxSpeechMs } from "../../twilio/speech_length.ts";
import { gatherKey, hangup, redirect, say, twiml } from "../../twilio/twiml.ts";
import { type IncomingCall, readIncomingCall } from "../../twilio/voice_webhook.ts";
import { connectTwiml } from "./connect_twiml.ts";
import { refusalTwiml } from "./refusal_twiml.ts";
import type { Requester } from "./voice_access.ts";
import { type VoiceOptions, xml } from "./voice_options.ts";

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
  return xml(twiml(...first, ...connectTwiml({ incoming, token: admission.token }, options.publicUrl)));
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
