import type { CallRefusal } from "../../calls/admission.ts";
import type { Calls } from "../../calls/calls.ts";
import { dial, hangup, redirect, reject, say, twiml } from "../../twilio/twiml.ts";
import type { IncomingCall } from "../../twilio/voice_webhook.ts";

const LINES_BUSY =
  "We are sorry. All our lines are busy at the moment. Please call again in a few minutes. Goodbye.";

export interface RefusalOptions {
  readonly calls: Pick<Calls, "dialled">;
  /** The service's public URL, without a trailing slash. */
  readonly publicUrl: string;
  /**
   * `OVERFLOW`, for calls beyond the limits: `say`, `busy`, a phone number to dial, or a TwiML URL to
   * redirect to.
   */
  readonly overflow: string;
}

/** What a refused caller gets. */
export function refusalTwiml(
  reason: CallRefusal,
  incoming: IncomingCall,
  { overflow, calls, publicUrl }: RefusalOptions,
): string {
  const busy = overflow === "busy" ? twiml(reject("busy")) : twiml(say(LINES_BUSY), hangup);
  switch (reason) {
    case "full":
    case "draining": {
      if (overflow === "say" || overflow === "busy") return busy;
      if (!overflow.startsWith("+")) return twiml(redirect(overflow));
      const maxSeconds = calls.dialled.forward(incoming, overflow);
      if (maxSeconds === undefined) return busy;
      return twiml(dial({ number: overflow, maxSeconds, statusCallback: `${publicUrl}/call-status` }));
    }
    case "spending limit":
      // A used-up budget must not pay for a call to somebody else.
      return busy;
    default:
      return twiml(reject("rejected"));
  }
}
