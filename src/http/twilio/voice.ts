import { STATUS_CODE } from "@std/http/status";
import type { Calls } from "../../calls/calls.ts";
import type { Ending } from "../../call/ending.ts";
import type { CallRefusal } from "../../calls/admission.ts";
import type { Log } from "../../telemetry/log.ts";
import { isTransferFailure } from "../../call/phone/transfer.ts";
import {
  connectStream,
  dial,
  dialOrReturn,
  gatherKey,
  hangup,
  redirect,
  reject,
  say,
  twiml,
  type Verb,
} from "../../twilio/twiml.ts";
import { type IncomingCall, readDialEnd, readIncomingCall, readStatus } from "../../twilio/webhook.ts";
import { readAnsweredBy, readCallReport } from "../../twilio/call_status.ts";
import type { AssistantsAtWork, Briefing } from "../../assistants/assistant_factory.ts";
import type { LetIn } from "./voice_access.ts";
import type { Outbound } from "./outbound.ts";
import type { Refusals } from "./refusals.ts";

const APOLOGY =
  "We are sorry. The assistant cannot be reached at the moment. Please call again later. Goodbye.";
const TIME_IS_OVER = "The time for this call is over. Goodbye.";
const ALL_BUSY =
  "We are sorry. All our lines are busy at the moment. Please call again in a few minutes. Goodbye.";

export interface VoiceOptions {
  readonly calls: Calls;
  readonly assistants: Pick<AssistantsAtWork, "assign" | "assignNow" | "choices">;
  readonly outbound: Pick<Outbound, "briefing" | "report" | "answeredBy" | "placed">;
  readonly refusals: Refusals;
  readonly log: Log;
  /** Address under which Twilio reaches this service, without a trailing slash. */
  readonly publicUrl: string;
  /** Spoken before the stream, if any. */
  readonly welcome: string | undefined;
  /** What a call gets that is one too many: `say`, `busy`, a number to dial, or an address to go on at. */
  readonly overflow: string;
}

/** What the console's phone says it calls from. */
const CONSOLE = "client:console";

/** The voice webhook: announces the call and connects it to our media stream, or says why not. */
export async function answerCall(
  parameters: URLSearchParams,
  by: LetIn,
  options: VoiceOptions,
): Promise<Response> {
  const { incoming, asked } = readCall(parameters, by);
  if (incoming.outbound) {
    return await connectCall(incoming, await options.outbound.briefing(incoming.callSid), options);
  }
  const choices = options.assistants.choices(incoming, asked);
  // Who is not taken is not asked anything either: a call that was answered cannot be rejected.
  const begins = choices.length === 0 || options.calls.refusal(incoming) !== undefined;
  if (begins) return await connectCall(incoming, asked, options);
  const offers = choices.map(({ code, offer }) => say(offer, code));
  const onwards = `${options.publicUrl}/language-chosen`;
  return xml(twiml(gatherKey(onwards, offers), redirect(onwards)));
}

/** The caller has chosen a language by key, or has let the time go by. */
export async function languageChosen(
  parameters: URLSearchParams,
  by: LetIn,
  options: VoiceOptions,
): Promise<Response> {
  const { incoming, asked } = readCall(parameters, by);
  const key = parameters.get("Digits");
  const language = options.assistants.choices(incoming, asked).find((choice) => choice.key === key)?.code;
  return await connectCall(incoming, { ...asked, language }, options);
}

/** The call, and what of it an administrator may choose: `Assistant`, which the console's phone sends with every form. */
function readCall(parameters: URLSearchParams, by: LetIn): { incoming: IncomingCall; asked: Briefing } {
  const incoming = readIncomingCall(parameters);
  if (by !== "administrator") return { incoming, asked: {} };
  const assistant = parameters.get("Assistant") || undefined;
  return {
    incoming: incoming.from === CONSOLE ? { ...incoming, trial: true } : incoming,
    asked: { assistant },
  };
}

async function connectCall(
  incoming: IncomingCall,
  briefing: Briefing | undefined,
  options: VoiceOptions,
): Promise<Response> {
  const { calls, assistants, refusals, welcome, overflow } = options;
  // Of a caller who is turned away, nobody is asked anything.
  const assistant = calls.refusal(incoming)
    ? assistants.assignNow(incoming, briefing)
    : await assistants.assign(incoming, briefing);
  const answer = calls.announce(incoming, assistant);
  if ("refused" in answer) {
    const { callSid, from } = incoming;
    refusals.count("call", answer.refused, { call: callSid, from });
    return xml(refuse(answer.refused, overflow));
  }
  // Twilio may have told before the call was known here.
  const answeredBy = options.outbound.placed(incoming.callSid)?.answeredBy;
  if (answeredBy) calls.answeredBy(incoming.callSid, answeredBy);
  // Heard to its end before the stream begins, and so before the recording.
  const { consent, language } = assistant.recording ?? {};
  const first = [...(welcome ? [say(welcome)] : []), ...(consent ? [say(consent, language)] : [])];
  return xml(twiml(...first, ...connect(incoming, answer.token, options)));
}

function connect({ from, to }: IncomingCall, token: string, { publicUrl }: VoiceOptions): Verb[] {
  const stream = connectStream({
    url: `${publicUrl.replace(/^http/, "ws")}/media-stream`,
    action: `${publicUrl}/after-stream`,
    statusCallback: `${publicUrl}/stream-status`,
    parameters: { token, from, to },
  });
  return [stream, hangup];
}

function refuse(why: CallRefusal, overflow: string): string {
  if (why === "full" || why === "draining" || why === "spending limit") return twiml(...divert(overflow));
  return twiml(reject("rejected"));
}

function divert(overflow: string): Verb[] {
  if (overflow === "say") return [say(ALL_BUSY), hangup];
  if (overflow === "busy") return [reject("busy")];
  return [overflow.startsWith("+") ? dial(overflow) : redirect(overflow)];
}

/**
 * Twilio asks how to go on once we have closed the stream: the caller is passed on, or hears a sentence where they know
 * nothing of the end yet.
 */
export function afterStream(parameters: URLSearchParams, { calls, publicUrl }: VoiceOptions): Response {
  const { callSid } = readIncomingCall(parameters);
  const destination = calls.destination(callSid);
  if (destination) {
    return xml(twiml(dialOrReturn({
      ...destination,
      action: `${publicUrl}/after-transfer`,
      statusCallback: `${publicUrl}/call-status`,
    })));
  }
  const sentence = afterword(calls.ending(callSid));
  return xml(sentence ? twiml(say(sentence), hangup) : twiml(hangup));
}

/** Twilio asks how to go on after a transfer: a caller whom nobody answered comes back. */
export function afterTransfer(parameters: URLSearchParams, options: VoiceOptions): Response {
  const { callSid, callStatus, dialStatus } = readDialEnd(parameters);
  if (callStatus === "completed") options.calls.hungUp(callSid);
  else if (isTransferFailure(dialStatus)) {
    const token = options.calls.transferFailed(callSid, dialStatus);
    if (token) return xml(twiml(...connect(readIncomingCall(parameters), token, options)));
  } else options.calls.transferAnswered(callSid);
  return xml(twiml(hangup));
}

/** A call nobody remembers was cut off by a restart. */
function afterword(ending: Ending | undefined): string | undefined {
  if (ending?.explained) return undefined;
  return ending?.reason === "time limit" ? TIME_IS_OVER : APOLOGY;
}

/** Twilio tells how a call or its stream goes on. */
export function takeStatus(parameters: URLSearchParams, { calls, outbound, log }: VoiceOptions): Response {
  const { callSid, parentCallSid, status, sequence, error } = readStatus(parameters);
  if (parentCallSid && status === "in-progress") calls.transferAnswered(parentCallSid);
  if (!parentCallSid && status === "completed") calls.hungUp(callSid);
  const report = readCallReport(parameters);
  if (report) outbound.report(report);
  if (error) log.warn("stream error", { call: callSid, error });
  else if (status) log.debug("status", { call: callSid, status, sequence: sequence || undefined });
  return new Response(null, { status: STATUS_CODE.NoContent });
}

/** Twilio tells who answered a call that we placed: a person, or a machine. */
export function takeAnsweredBy(parameters: URLSearchParams, { calls, outbound }: VoiceOptions): Response {
  const answered = readAnsweredBy(parameters);
  if (answered) {
    calls.answeredBy(answered.callSid, answered.answeredBy);
    outbound.answeredBy(answered.callSid, answered.answeredBy);
  }
  return new Response(null, { status: STATUS_CODE.NoContent });
}

function xml(document: string): Response {
  return new Response(document, { headers: { "content-type": "text/xml; charset=utf-8" } });
}
