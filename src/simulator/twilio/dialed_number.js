/** The second leg of a call: a number that `<Dial>` names (https://www.twilio.com/docs/voice/twiml/dial). */

import { pause } from "./pause.js";
import { newSid } from "./sid.js";

/** @import { Clock } from "../../clock.ts" */
/** @import { DialVerb } from "./twiml_reader.js" */
/** @import { WebhookClient } from "./webhook_client.js" */

/**
 * The outcome of a dialed number; `canceled` is a caller who hung up while it rang. `talkMs` is the duration
 * of the conversation after an answer.
 * @typedef {{ status: "completed" | "busy" | "no-answer" | "failed" | "canceled", talkMs: number }} DialOutcome
 */
/**
 * @typedef {object} DialOptions
 * @property {Clock} clock
 * @property {(number: string, signal: AbortSignal) => Promise<DialOutcome>} dial Rings until somebody answers; the signal
 *   aborts at the `<Dial>`'s timeout and when the caller hangs up.
 */

/**
 * Dials the number, and reports its progress to its status callback until its call has ended.
 *
 * @param {DialVerb} verb
 * @param {DialOptions} options
 * @param {{ callSid: string, hungUp: AbortSignal }} parent
 * @param {WebhookClient} webhooks
 * @param {() => void} onAnswered
 * @returns {Promise<{ status: DialOutcome["status"], fields: Record<string, string> }>} The form fields for the action.
 */
export async function dialNumber(verb, options, { callSid, hungUp }, webhooks, onAnswered) {
  const { number, timeoutSeconds, statusCallback, events } = verb;
  const { clock, dial } = options;
  const childSid = newSid("CA");
  let sequence = 0;
  /** @param {string} event @param {string} status @param {Record<string, string>} [more] */
  const report = async (event, status, more) => {
    if (!events.includes(event)) return;
    await webhooks.notify(statusCallback, {
      CallSid: childSid,
      ParentCallSid: callSid,
      To: number,
      Called: number,
      Direction: "outbound-dial",
      CallStatus: status,
      ...progressFields(sequence++, clock),
      ...more,
    });
  };
  await report("initiated", "initiated");
  await report("ringing", "ringing");
  const ended = new AbortController();
  const ringing = AbortSignal.any([ended.signal, hungUp]);
  const timeout = pause(clock, timeoutSeconds * 1000, ringing);
  const outcome = await Promise.race([dial(number, ringing), timeout]);
  ended.abort();
  const status = hungUp.aborted ? "canceled" : outcome?.status ?? "no-answer";
  const talkMs = status === "completed" ? outcome?.talkMs ?? 0 : 0;
  const seconds = String(Math.ceil(talkMs / 1000));
  if (status === "completed") {
    onAnswered();
    await report("answered", "in-progress");
    await pause(clock, talkMs, hungUp);
  }
  await report("completed", status, { CallDuration: seconds });
  const fields = { DialCallStatus: status, DialCallSid: childSid, DialCallDuration: seconds };
  return { status, fields };
}

/**
 * The form fields of a call progress callback.
 *
 * @param {number} sequence @param {Clock} clock
 */
export function progressFields(sequence, clock) {
  return {
    CallbackSource: "call-progress-events",
    SequenceNumber: String(sequence),
    Timestamp: new Date(clock.wallTime()).toUTCString(),
  };
}
