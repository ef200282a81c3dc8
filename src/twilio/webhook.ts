/** What the voice webhook says of a call. Source: https://www.twilio.com/docs/voice/twiml#request-parameters */
export interface IncomingCall {
  /** Empty where the request named no call, such as a look at the TwiML with a browser. */
  readonly callSid: string;
  /** E.164, or `anonymous`, `client:…`, `sip:…`: whatever the network said. */
  readonly from: string;
  readonly to: string;
  /** We placed it: `to` is who was called. */
  readonly outbound?: true;
  /** The administrator tries it, without a telephone. */
  readonly trial?: true;
  /** How far the caller's own carrier vouches for the number, where it says (STIR/SHAKEN). */
  readonly attestation?: Attestation;
}

/** A: the carrier knows caller and number; B: the caller; C: neither. Source: ATIS-1000074 */
export type Attestation = "A" | "B" | "C";

/** Reads the parameters of a voice webhook: the query of a GET, the form of a POST. */
export function readIncomingCall(parameters: URLSearchParams): IncomingCall {
  const read = (name: string) => (parameters.get(name) ?? "").slice(0, 200);
  const attestation = /^TN-Validation-Passed-([ABC])(?:-\w+)?$/.exec(read("StirVerstat"))?.[1];
  return {
    callSid: read("CallSid"),
    from: read("From"),
    to: read("To"),
    ...(read("Direction").startsWith("outbound") ? { outbound: true } : {}),
    ...(attestation === "A" || attestation === "B" || attestation === "C" ? { attestation } : {}),
  };
}

/** How a `<Dial>` went. Source: https://www.twilio.com/docs/voice/twiml/dial#request-parameters-to-the-action-url */
export interface DialEnd {
  /** The call that was passed on. */
  readonly callSid: string;
  /** `in-progress` while it goes on, `completed` once the caller has hung up. */
  readonly callStatus: string;
  /** `completed`, `answered`, `busy`, `no-answer`, `failed` or `canceled`. */
  readonly dialStatus: string;
}

/** Reads what Twilio says to the `action` of a `<Dial>`. */
export function readDialEnd(parameters: URLSearchParams): DialEnd {
  const read = (name: string) => (parameters.get(name) ?? "").slice(0, 200);
  return { callSid: read("CallSid"), callStatus: read("CallStatus"), dialStatus: read("DialCallStatus") };
}

/** What a status callback says. Source: https://www.twilio.com/docs/voice/twiml#callbacks, …/twiml/stream */
export interface Status {
  readonly callSid: string;
  /** The call this one was placed for; empty where it is a call of its own. */
  readonly parentCallSid: string;
  /** `CallStatus` of a call, `StreamEvent` of a stream. */
  readonly status: string;
  /** Callbacks may overtake each other; this is the order they were made in. */
  readonly sequence: string;
  /** Why a stream failed. */
  readonly error: string;
}

/** Reads a call's or a media stream's status callback. */
export function readStatus(parameters: URLSearchParams): Status {
  const read = (name: string) => (parameters.get(name) ?? "").slice(0, 200);
  return {
    callSid: read("CallSid"),
    parentCallSid: read("ParentCallSid"),
    status: read("StreamEvent") || read("CallStatus"),
    sequence: read("SequenceNumber"),
    error: read("StreamError"),
  };
}
