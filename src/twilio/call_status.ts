/** How far a call is. Source: https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
export const CALL_STATUSES = [
  "queued",
  "initiated",
  "ringing",
  "in-progress",
  "completed",
  "busy",
  "failed",
  "no-answer",
  "canceled",
] as const;
export type CallStatus = (typeof CALL_STATUSES)[number];

/** Who answered. Source: https://www.twilio.com/docs/voice/answering-machine-detection#answeredby */
export const ANSWERED_BY = [
  "human",
  "machine_start",
  "machine_end_beep",
  "machine_end_silence",
  "machine_end_other",
  "fax",
  "unknown",
] as const;
export type AnsweredBy = (typeof ANSWERED_BY)[number];

/** A call's status callback. Source: https://www.twilio.com/docs/voice/twiml#statuscallback */
export interface CallReport {
  readonly callSid: string;
  readonly status: CallStatus;
  /** From 0, in the order the events happened; callbacks may overtake each other. Undefined where it is not said. */
  readonly sequence: number | undefined;
  /** Length of the call (s), once it is over. */
  readonly seconds: number | undefined;
}

/** Reads a call's status callback; undefined when it is none. */
export function readCallReport(parameters: URLSearchParams): CallReport | undefined {
  const status = CALL_STATUSES.find((known) => known === parameters.get("CallStatus"));
  const callSid = parameters.get("CallSid");
  if (!status || !callSid) return undefined;
  return {
    callSid,
    status,
    sequence: wholeNumber(parameters.get("SequenceNumber")),
    seconds: wholeNumber(parameters.get("CallDuration")),
  };
}

/** Reads who answered out of the callback of asynchronous machine detection; undefined when it does not say. */
export function readAnsweredBy(
  parameters: URLSearchParams,
): { readonly callSid: string; readonly answeredBy: AnsweredBy } | undefined {
  const answeredBy = ANSWERED_BY.find((known) => known === parameters.get("AnsweredBy"));
  const callSid = parameters.get("CallSid");
  return answeredBy && callSid ? { callSid, answeredBy } : undefined;
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
