import type { CallEnd } from "../../call/end_reason.ts";
import { isTransferFailure } from "../../call/phone/transfer.ts";
import { dial, hangup, say, twiml } from "../../twilio/twiml.ts";
import { readDialResult, readIncomingCall } from "../../twilio/voice_webhook.ts";
import { connectTwiml } from "./connect_twiml.ts";
import { type VoiceOptions, xml } from "./voice_options.ts";

const APOLOGY =
  "We are sorry. The assistant cannot be reached at the moment. Please call again later. Goodbye.";
const TIME_LIMIT_REACHED = "This call has reached its time limit. Goodbye.";
const WE_CALL_BACK = "We are sorry. Nobody can take your call at the moment. We will call you back. Goodbye.";

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
  const sentence = calls.sentence(callSid);
  const first = sentence === undefined ? [] : [say(sentence)];
  const destination = calls.destination(callSid);
  if (destination) {
    const dialling = dial({
      ...destination,
      maxSeconds: calls.dialled.startTransfer(callSid, destination),
      action: `${publicUrl}/after-transfer`,
      statusCallback: `${publicUrl}/call-status`,
    });
    return xml(twiml(...first, dialling));
  }
  const end = calls.afterStreamRequested(callSid);
  const next = callStatus === "completed" ? undefined : calls.resume(callSid);
  return xml(next ? twiml(...first, ...connectTwiml(next, publicUrl)) : closing(end));
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
    if (next) return xml(twiml(...connectTwiml(next, options.publicUrl)));
    // All models are down, too.
    const end = calls.afterStreamRequested(callSid);
    if (end) return xml(closing(end));
  }
  return xml(twiml(hangup));
}

/** Hangs up, with a sentence unless the caller needs none. An unknown call (undefined) was cut off by a restart. */
function closing(ending: CallEnd | undefined): string {
  if (ending?.callerInformed) return twiml(hangup);
  const sentence = ending?.reason === "time limit"
    ? TIME_LIMIT_REACHED
    : ending?.reason === "callback requested"
    ? WE_CALL_BACK
    : APOLOGY;
  return twiml(say(sentence), hangup);
}
