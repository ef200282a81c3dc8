import type { CallInProgress } from "../../src/calls/live_calls.ts";
import type { CallOverview, CallRecord, EndedCall } from "../../src/records/call_record.ts";

/** An announced inbound call. */
export function sampleOverview(changes: Partial<CallOverview> = {}): CallOverview {
  return {
    callSid: "CA1",
    direction: "inbound",
    from: "+15551230000",
    to: "+15559870000",
    assistant: "default",
    model: "gpt-realtime",
    state: "announced",
    startedAt: "2026-01-01T00:00:00.000Z",
    seconds: 0,
    callerTurns: 0,
    bargeIns: 0,
    costUsd: 0,
    costs: { modelUsd: 0, transcriptionUsd: 0, summaryUsd: 0, carrierUsd: 0 },
    carrierMinutes: 0,
    ...changes,
  };
}

export function sampleRecord(changes: Partial<CallRecord> = {}): CallRecord {
  const tokens = { textIn: 0, textCached: 0, textOut: 0, audioIn: 0, audioCached: 0, audioOut: 0 };
  return { ...sampleOverview(), turns: [], events: [], tokens, messages: [], ...changes };
}

export function sampleEndedCall(changes: Partial<EndedCall> = {}): EndedCall {
  return {
    ...sampleRecord(),
    state: "ended",
    endedAt: "2026-01-01T00:01:00.000Z",
    endReason: "caller hung up",
    ...changes,
  };
}

/** A call in progress on which nothing can be done. */
export function sampleCallInProgress(changes: Partial<CallInProgress> = {}): CallInProgress {
  return {
    record: sampleRecord({ state: "connected" }),
    watch: () => () => {},
    listen: () => () => {},
    whisper() {},
    hangUp() {},
    transfer: () => false,
    setRecording: () => false,
    ...changes,
  };
}
