/** Parameters of a call to place. Source: https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource */
export interface NewCall {
  /** E.164. */
  readonly to: string;
  /** E.164; a number the account owns or has verified. */
  readonly from: string;
  /** Returns the TwiML, by POST, when the call is answered. */
  readonly url: string;
  /** Receives call status changes, by POST. */
  readonly statusCallback: string;
  /** Status changes to report; `completed` is every end, answered or not. */
  readonly statusCallbackEvents: readonly ("initiated" | "ringing" | "answered" | "completed")[];
  /** Ring time (s), at most 600; Twilio may add 5 s. */
  readonly ringSeconds: number;
  /** Maximum duration of the call (s); Twilio then hangs up. Default: 4 hours. */
  readonly timeLimitSeconds?: number | undefined;
  /**
   * Receives the result of answering-machine detection, by POST: a human at once, a machine after its greeting.
   * Default: no detection, which Twilio bills separately.
   *
   * Source: https://www.twilio.com/docs/voice/answering-machine-detection
   */
  readonly machineCallback?: string | undefined;
}

/** The form fields of the request that places the call. */
export function newCallForm(call: NewCall): Record<string, string | readonly string[]> {
  const { timeLimitSeconds, machineCallback } = call;
  return {
    To: call.to,
    From: call.from,
    Url: call.url,
    Method: "POST",
    StatusCallback: call.statusCallback,
    StatusCallbackEvent: call.statusCallbackEvents,
    StatusCallbackMethod: "POST",
    Timeout: String(call.ringSeconds),
    ...(timeLimitSeconds === undefined ? {} : { TimeLimit: String(timeLimitSeconds) }),
    ...(machineCallback === undefined ? {} : {
      MachineDetection: "DetectMessageEnd",
      AsyncAmd: "true",
      AsyncAmdStatusCallback: machineCallback,
      AsyncAmdStatusCallbackMethod: "POST",
    }),
  };
}
