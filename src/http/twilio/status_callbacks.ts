import { STATUS_CODE } from "@std/http/status";
import { isFinal } from "../../dialer/call_progress.ts";
import { readAnsweredBy, readCallStatusUpdate } from "../../twilio/call_status.ts";
import { readStatusCallback } from "../../twilio/voice_webhook.ts";
import type { VoiceOptions } from "./voice_options.ts";

/** `/call-status` and `/stream-status`: Twilio's progress callbacks. */
export function callStatus(parameters: URLSearchParams, { calls, dialer, log }: VoiceOptions): Response {
  const { callSid, parentCallSid, status, sequence, error } = readStatusCallback(parameters);
  if (parentCallSid && status === "in-progress") calls.transferAnswered(parentCallSid);
  if (!parentCallSid && status === "completed") calls.callerHungUp(callSid);
  const report = readCallStatusUpdate(parameters);
  // Only a forwarded call's destination reports its end here; a transfer's is reported to /after-transfer.
  if (parentCallSid && report && isFinal(report.status)) calls.dialled.end(parentCallSid, report.seconds);
  if (report) void dialer.reportStatus(report);
  if (error) log.warn("stream error", { call: callSid, error });
  else if (status) log.debug("status", { call: callSid, status, sequence: sequence || undefined });
  return new Response(null, { status: STATUS_CODE.NoContent });
}

/** `/answered-by`: Twilio's answering-machine detection result for an outbound call. */
export function answeredBy(parameters: URLSearchParams, { calls, dialer }: VoiceOptions): Response {
  const answered = readAnsweredBy(parameters);
  if (answered) {
    calls.reportAnsweredBy(answered.callSid, answered.answeredBy);
    void dialer.reportAnsweredBy(answered.callSid, answered.answeredBy);
  }
  return new Response(null, { status: STATUS_CODE.NoContent });
}
