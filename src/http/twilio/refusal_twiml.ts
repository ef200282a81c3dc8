import type { CallRefusal } from "../../calls/admission.ts";
import type { Calls } from "../../calls/calls.ts";
import type { CallTariff } from "../../calls/call_bills.ts";
import { dial, hangup, redirect, reject, say, twiml, type TwimlElement } from "../../twilio/twiml.ts";
import type { IncomingCall } from "../../twilio/voice_webhook.ts";

const LINES_BUSY =
  "We are sorry. All our lines are busy at the moment. Please call again in a few minutes. Goodbye.";

export interface RefusalOptions {
  readonly calls: Pick<Calls, "chargeRefused" | "dialled">;
  /** The service's public URL, without a trailing slash. */
  readonly publicUrl: string;
  /**
   * `OVERFLOW`, for calls beyond the limits: `say`, `busy`, a phone number to dial, or a TwiML URL to
   * redirect to.
   */
  readonly overflow: string;
}

/** What a refused caller gets. Everything but a `<Reject>` answers the call, so it is billed and counted. */
export function refusalTwiml(
  reason: CallRefusal,
  incoming: IncomingCall,
  tariff: CallTariff,
  { overflow, calls, publicUrl }: RefusalOptions,
): string {
  // Twilio cannot reject a call that was answered.
  if (incoming.outbound) return answered(hangup);
  switch (reason) {
    case "full":
    case "draining": {
      if (overflow === "busy") return twiml(reject("busy"));
      if (overflow === "say") return answered(say(LINES_BUSY), hangup);
      if (!overflow.startsWith("+")) return answered(redirect(overflow));
      const maxSeconds = calls.dialled.forward(incoming, overflow, tariff);
      if (maxSeconds === undefined) return answered(say(LINES_BUSY), hangup);
      return twiml(dial({ number: overflow, maxSeconds, statusCallback: `${publicUrl}/call-status` }));
    }
    case "spending limit":
      // A used-up budget must not pay for a sentence, nor for a call to somebody else.
      return twiml(reject("busy"));
    default:
      return twiml(reject("rejected"));
  }

  function answered(...verbs: readonly TwimlElement[]): string {
    calls.chargeRefused(incoming, tariff);
    return twiml(...verbs);
  }
}
