import { streamParameters } from "../../twilio/stream_parameters.ts";
import { connectStream, hangup, type TwimlElement } from "../../twilio/twiml.ts";
import type { IncomingCall } from "../../twilio/voice_webhook.ts";

/**
 * Connects a call to a media stream.
 *
 * @param token Undefined without a CallSid: then no stream is accepted.
 */
export function connectTwiml(
  incoming: IncomingCall,
  token: string | undefined,
  publicUrl: string,
): TwimlElement[] {
  const stream = connectStream({
    url: `${publicUrl.replace(/^http/, "ws")}/media-stream`,
    action: `${publicUrl}/after-stream`,
    statusCallback: `${publicUrl}/stream-status`,
    parameters: streamParameters(incoming, token),
  });
  return [stream, hangup];
}
