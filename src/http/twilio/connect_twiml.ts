import type { StreamStart } from "../../twilio/messages.ts";
import { connectStream, hangup, type TwimlElement } from "../../twilio/twiml.ts";
import type { IncomingCall } from "../../twilio/voice_webhook.ts";

/** Maximum length of a `<Parameter>`'s value (characters): name and value have less than 500. Source: TwiML `<Stream>`. */
const MAX_PARAMETER = 480;

/**
 * Connects a call to a media stream.
 *
 * @param token Undefined without a CallSid: then no stream is accepted.
 * @param sealed The request of an outbound call, sealed for its stream.
 */
export function connectTwiml(
  { from, to }: IncomingCall,
  token: string | undefined,
  publicUrl: string,
  sealed = "",
): TwimlElement[] {
  const parts = sealed.match(new RegExp(`.{1,${MAX_PARAMETER}}`, "g")) ?? [];
  const stream = connectStream({
    url: `${publicUrl.replace(/^http/, "ws")}/media-stream`,
    action: `${publicUrl}/after-stream`,
    statusCallback: `${publicUrl}/stream-status`,
    parameters: {
      ...(token === undefined ? {} : { token }),
      from,
      to,
      ...Object.fromEntries(parts.map((part, at) => [`placed${at}`, part])),
    },
  });
  return [stream, hangup];
}

/** The sealed request in a stream's parameters; undefined for a call that was not placed. */
export function sealedRequestIn(parameters: StreamStart["parameters"]): string | undefined {
  if (parameters.placed0 === undefined) return undefined;
  let sealed = "";
  for (let at = 0; parameters[`placed${at}`] !== undefined; at++) sealed += parameters[`placed${at}`];
  return sealed;
}
