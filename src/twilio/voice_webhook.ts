/** The call of a voice webhook. Source: https://www.twilio.com/docs/voice/twiml#request-parameters */
export interface IncomingCall {
  /** Empty if the request has none, for example when a browser opens the URL. */
  readonly callSid: string;
  /** E.164, `anonymous`, `client:…` or `sip:…`, as the network reported it. */
  readonly from: string;
  readonly to: string;
  /** An outbound call: `to` is the called party. */
  readonly outbound?: true;
  /** The request of an outbound call, sealed for its streams. */
  readonly seal?: string;
  /** A test call from the console's browser phone. */
  readonly isConsoleCall?: true;
  /** No carrier bills it: a call from the console's phone, or a rehearsal. */
  readonly hasNoCarrier?: true;
  /** STIR/SHAKEN attestation of the caller's number, if it passed. */
  readonly attestation?: Attestation;
}

/** A: the carrier verified caller and number; B: the caller only; C: neither. Source: ATIS-1000074 */
export type Attestation = "A" | "B" | "C";

/** Reads the parameters of a voice webhook: the query of a GET, the form of a POST. */
export function readIncomingCall(parameters: URLSearchParams): IncomingCall {
  const read = reader(parameters);
  const attestation = /^TN-Validation-Passed-([ABC])(?:-\w+)?$/.exec(read("StirVerstat"))?.[1];
  return {
    callSid: read("CallSid"),
    from: read("From"),
    to: read("To"),
    ...(read("Direction").startsWith("outbound") ? { outbound: true } : {}),
    ...(attestation === "A" || attestation === "B" || attestation === "C" ? { attestation } : {}),
  };
}

/** The result of a `<Dial>`. Source: https://www.twilio.com/docs/voice/twiml/dial#request-parameters-to-the-action-url */
export interface DialResult {
  /** The caller's call. */
  readonly callSid: string;
  /** `in-progress` while the caller is connected, `completed` after they hung up. */
  readonly callStatus: string;
  /** `completed`, `answered`, `busy`, `no-answer`, `failed` or `canceled`. */
  readonly dialStatus: string;
  /** How long the destination was connected (`DialCallDuration`); undefined if it did not answer. */
  readonly seconds: number | undefined;
}

/** Reads the request to the `action` of a `<Dial>`. */
export function readDialResult(parameters: URLSearchParams): DialResult {
  const read = reader(parameters);
  const duration = read("DialCallDuration");
  return {
    callSid: read("CallSid"),
    callStatus: read("CallStatus"),
    dialStatus: read("DialCallStatus"),
    seconds: /^\d{1,6}$/.test(duration) ? Number(duration) : undefined,
  };
}

/** A status callback of a call or a stream. Source: https://www.twilio.com/docs/voice/twiml#callbacks, …/twiml/stream */
export interface StatusCallback {
  readonly callSid: string;
  /** The call that dialled this one; empty for other calls. */
  readonly parentCallSid: string;
  /** `CallStatus` of a call, `StreamEvent` of a stream. */
  readonly status: string;
  /** Order of the events; callbacks may arrive in another order. */
  readonly sequence: string;
  /** Error text of a failed stream. */
  readonly error: string;
}

/** Reads a call's or a media stream's status callback. */
export function readStatusCallback(parameters: URLSearchParams): StatusCallback {
  const read = reader(parameters);
  return {
    callSid: read("CallSid"),
    parentCallSid: read("ParentCallSid"),
    status: read("StreamEvent") || read("CallStatus"),
    sequence: read("SequenceNumber"),
    error: read("StreamError"),
  };
}

/** Reads a parameter, at most 200 characters; empty if it is missing. */
function reader(parameters: URLSearchParams): (name: string) => string {
  return (name) => (parameters.get(name) ?? "").slice(0, 200);
}
