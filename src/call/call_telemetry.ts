import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { CallSpan } from "../telemetry/call_span.ts";
import type { SkipReason } from "../twilio/media_stream.ts";
import { hasTranscriptionPrice, isPriced } from "../model/prices.ts";
import type { CallEventStream } from "./call_event_stream.ts";
import type { CallerAudioCounts } from "./conversation/caller_audio.ts";
import type { EndReason } from "./end_reason.ts";

/** Destinations of a call's telemetry. */
export interface CallSinks {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly span: CallSpan;
}

/** Writes a call's events to the log, the metrics and the call's span. */
export function reportTelemetry(
  events: CallEventStream,
  { log, metrics, span, transcriptionModel }: CallSinks & { readonly transcriptionModel: string },
): void {
  const unpriced = new Set<string>();
  const warnOnce = (name: string) => {
    if (!unpriced.has(name)) {
      log.warn("price not known", { model: name, counted: "at the highest known price" });
    }
    unpriced.add(name);
  };
  events.on("session ready", ({ afterMs }) => {
    log.info("session ready", { after_ms: afterMs });
    metrics.observeSessionReady(afterMs);
  });
  events.on("session failed", ({ failure: { code, message } }) => {
    log.error("model failed", { code, message });
    metrics.countModelError(code);
  });
  events.on("session swapped", ({ reason, endpoint }) => {
    if (reason !== "first") log.info("session swapped", { reason, endpoint });
  });
  events.on("models down", ({ code }) => log.error("models down", { code }));
  events.on("model error", ({ code }) => metrics.countModelError(code));
  events.on("model event malformed", () => metrics.countMalformedModelEvent());
  events.on("response finished", ({ response: { status, reason, usage }, model, costUsd }) => {
    metrics.countUsage(model, usage, costUsd, isPriced(model, usage));
    if (!isPriced(model, usage)) warnOnce(model);
    log[status === "completed" || status === "cancelled" ? "info" : "warn"]("response", {
      status,
      reason,
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
    });
  });
  events.on(["summary written", "replaced response finished"], ({ usage, model, costUsd }) => {
    metrics.countUsage(model, usage, costUsd, isPriced(model, usage));
  });
  events.on("caller transcribed", ({ costUsd }) => {
    if (costUsd === 0) return;
    metrics.countCost(transcriptionModel, costUsd);
    if (!hasTranscriptionPrice(transcriptionModel)) warnOnce(transcriptionModel);
  });
  events.on("caller stopped speaking", () => log.info("speech stopped"));
  events.on("playback interrupted", ({ heard }) => {
    if (!heard) return log.info("speech started");
    metrics.countBargeIn();
    log.info("barge-in", { item: heard.itemId, heard_ms: heard.heardMs });
  });
  events.on("turn dismissed", ({ why }) => log.info("turn dismissed", { why }));
  events.on("mark lost", ({ mark }) => log.warn("mark lost", { mark }));
  events.on("turn answered", ({ turn, stoppedAt, latency }) => {
    const { modelMs, sendMs, playbackMs } = latency;
    log.info("turn", { turn, model_ms: modelMs, send_ms: sendMs, playback_ms: playbackMs });
    metrics.observeTurn(latency);
    span.addTurn(stoppedAt, latency);
  });
  events.on("tool finished", ({ outcome: { name, ok, ms, problem } }) => {
    log[ok ? "info" : "warn"]("tool", { name, ok, ms, problem });
  });
  events.on("language switched", ({ language }) => log.info("language", { language }));
  events.on("transfer started", ({ destination }) => log.info("transfer", { destination: destination.name }));
}

/** The totals of an ended call, for its one log line. */
export interface CallTotals {
  readonly reason: EndReason;
  /** Length (ms), from the start of the stream if there was one. */
  readonly ms: number;
  /** Whether the call had a stream. */
  readonly connected: boolean;
  /** Skipped frames by reason; a reason occurs once for each stream. */
  readonly skipped: readonly (readonly [SkipReason, number])[];
  readonly callerTurns: number;
  readonly bargeIns: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly callerAudio: CallerAudioCounts;
  readonly marksLost: number;
}

/** Ends of calls that were not served. */
const FAILURES: readonly EndReason[] = ["model failed", "voicemail", "callback requested", "never connected"];

/** Writes a call's log line, counts the call, and ends its span. */
export function reportCallEnd({ log, metrics, span }: CallSinks, totals: CallTotals): void {
  const { reason, ms, connected, skipped, callerAudio: { frames, filledMs, droppedMs, repeatedMs } } = totals;
  for (const [skipReason, count] of skipped) metrics.countSkippedFrames(skipReason, count);
  metrics.countEndedCall(reason, ms / 1000, connected);
  span.end(reason, FAILURES.includes(reason));
  log.info("call ended", {
    end_reason: reason,
    duration_s: Math.round(ms / 100) / 10,
    caller_turns: totals.callerTurns,
    barge_ins: totals.bargeIns,
    input_tokens: totals.inputTokens,
    output_tokens: totals.outputTokens,
    frames,
    filled_ms: filledMs || undefined,
    dropped_ms: droppedMs || undefined,
    repeated_ms: repeatedMs || undefined,
    marks_lost: totals.marksLost || undefined,
    skipped: skipped.map(([skipReason, count]) => `${skipReason}: ${count}`).join(", ") || undefined,
  });
}
