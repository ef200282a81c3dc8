import type { StreamStart } from "./messages.ts";
import type { IncomingCall } from "./voice_webhook.ts";

/** Maximum length of a `<Parameter>`'s value (characters): name and value have less than 500. Source: TwiML `<Stream>`. */
const MAX_VALUE = 480;

/**
 * The parameters of a call's stream.
 *
 * @param token Undefined without a CallSid: then no stream is accepted.
 */
export function streamParameters(
  { from, to, seal = "" }: IncomingCall,
  token: string | undefined,
): Record<string, string> {
  const parts = seal.match(new RegExp(`.{1,${MAX_VALUE}}`, "g")) ?? [];
  return {
    ...(token === undefined ? {} : { token }),
    from,
    to,
    ...Object.fromEntries(parts.map((part, at) => [`placed${at}`, part])),
  };
}

/** The call of a stream's parameters: outbound if they have the seal of its request. */
export function callOfStream({ callSid, parameters }: StreamStart): IncomingCall {
  const { from = "", to = "" } = parameters;
  let seal = "";
  for (let at = 0; parameters[`placed${at}`] !== undefined; at++) seal += parameters[`placed${at}`];
  return { callSid, from, to, ...(parameters.placed0 === undefined ? {} : { outbound: true, seal }) };
}
