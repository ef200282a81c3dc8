/** A call to place. Source: https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource */
export interface NewCall {
  /** E.164. */
  readonly to: string;
  /** E.164; a number of the account, or one it has verified. */
  readonly from: string;
  /** Asked for TwiML, by POST, once the call is answered. */
  readonly url: string;
  /** Told how the call goes on, by POST. */
  readonly statusCallback: string;
  /** Of what; `completed` is every end, answered or not. */
  readonly statusCallbackEvents: readonly ("initiated" | "ringing" | "answered" | "completed")[];
  /** How long it rings (s), at most 600; Twilio may add 5. */
  readonly ringSeconds: number;
  /** Twilio cuts the call after this long (s). Left out: 4 hours. */
  readonly timeLimitSeconds?: number | undefined;
  /**
   * Told by POST who answered: a person at once, a machine when its greeting is over. The call goes on meanwhile.
   * Left out: nobody listens for that, and Twilio does not bill it.
   *
   * Source: https://www.twilio.com/docs/voice/answering-machine-detection
   */
  readonly machineCallback?: string | undefined;
}

/** The form of the request that places it. */
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
