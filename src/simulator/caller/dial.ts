/** `<Dial>`: another telephone rings, and its fate is reported. */

import type { Clock } from "../../clock.ts";
import { pause } from "./pause.ts";
import { sid } from "./sid.ts";
import type { Timeline } from "./timeline.ts";
import type { DialVerb } from "./twiml.ts";
import { tell, type Webhooks } from "./webhook.ts";
import type { Dialled } from "./world.ts";

export interface DialOptions {
  clock: Clock;
  timeline: Timeline;
  webhooks: Webhooks;
  callSid: string;
  signal: AbortSignal;
}

/**
 * Lets a number ring, and answers the form fields for the `action` (Twilio's page "<Dial>").
 *
 * @param document The URL the verb came from.
 */
export async function dialNumber(
  { clock, timeline: { note }, webhooks, callSid, signal }: DialOptions,
  { number, timeoutSeconds, statusCallback }: DialVerb,
  document: string,
  fate: Dialled,
): Promise<{ DialCallStatus: string; DialCallSid: string; DialCallDuration: string }> {
  const childSid = sid("CA");
  let sequence = 0;
  const report = async (event: string, status: string, more: Record<string, string> = {}) => {
    if (!statusCallback?.events.includes(event)) return;
    const url = new URL(statusCallback.url, document).href;
    const fields = {
      CallSid: childSid,
      ParentCallSid: callSid,
      To: number,
      Called: number,
      Direction: "outbound-dial",
      CallStatus: status,
      CallbackSource: "call-progress-events",
      SequenceNumber: String(sequence++),
      Timestamp: new Date(clock.wallTime()).toUTCString(),
      ...more,
    };
    await tell(webhooks, note, { url, method: statusCallback.method }, fields);
  };
  note("twilio", "dials", { detail: number });
  await report("initiated", "initiated");
  await report("ringing", "ringing");
  const inTime = fate.ringMs <= timeoutSeconds * 1000;
  await pause(clock, inTime ? fate.ringMs : timeoutSeconds * 1000, signal);
  const status = inTime ? fate.status : "no-answer";
  const seconds = status === "completed" ? String(Math.ceil(fate.talkMs / 1000)) : "0";
  if (status === "completed") {
    note("twilio", "is answered", { detail: number });
    await report("answered", "in-progress");
    await pause(clock, fate.talkMs, signal);
  }
  note("twilio", "dialled", { detail: `${number}: ${status}` });
  await report("completed", status, { CallDuration: seconds });
  return { DialCallStatus: status, DialCallSid: childSid, DialCallDuration: seconds };
}
