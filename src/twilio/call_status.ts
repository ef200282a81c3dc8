/** Call states. Source: https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
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

/** Results of answering-machine detection. Source: https://www.twilio.com/docs/voice/answering-machine-detection#answeredby */
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
export interface CallStatusUpdate {
  readonly callSid: string;
  readonly status: CallStatus;
  /** Order of the events, from 0; callbacks may arrive in another order. Undefined if not given. */
  readonly sequence: number | undefined;
  /** Duration of the ended call (s). */
  readonly seconds: number | undefined;
}

/** Reads a call's status callback; undefined if the parameters are not one. */
export function readCallStatusUpdate(parameters: URLSearchParams): CallStatusUpdate | undefined {
  const status = CALL_STATUSES.find((callStatus) => callStatus === parameters.get("CallStatus"));
  const callSid = parameters.get("CallSid");
  if (!status || !callSid) return undefined;
  return {
    callSid,
    status,
    sequence: wholeNumber(parameters.get("SequenceNumber")),
    seconds: wholeNumber(parameters.get("CallDuration")),
  };
}

/** Reads the callback of asynchronous answering-machine detection; undefined if it has no result. */
export function readAnsweredBy(
  parameters: URLSearchParams,
): { readonly callSid: string; readonly answeredBy: AnsweredBy } | undefined {
  const answeredBy = ANSWERED_BY.find((verdict) => verdict === parameters.get("AnsweredBy"));
  const callSid = parameters.get("CallSid");
  return answeredBy && callSid ? { callSid, answeredBy } : undefined;
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
