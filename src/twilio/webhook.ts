/** What the voice webhook says of a call. Source: https://www.twilio.com/docs/voice/twiml#request-parameters */
export interface IncomingCall {
  /** Empty where the request named no call, such as a look at the TwiML with a browser. */
  readonly callSid: string;
  /** E.164, or `anonymous`, `client:…`, `sip:…`: whatever the network said. */
  readonly from: string;
  readonly to: string;
}

/** Reads the parameters of a voice webhook: the query of a GET, the form of a POST. */
export function readIncomingCall(parameters: URLSearchParams): IncomingCall {
  const read = (name: string) => (parameters.get(name) ?? "").slice(0, 200);
  return { callSid: read("CallSid"), from: read("From"), to: read("To") };
}
