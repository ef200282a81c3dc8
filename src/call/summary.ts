import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { CallSpan } from "../telemetry/spans.ts";
import type { MediaStream } from "../twilio/media_stream.ts";
import type { Conversation } from "./conversation/conversation.ts";
import type { EndReason } from "./ending.ts";

/** Who hears of a call's end. */
export interface Witnesses {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly span: CallSpan;
}

/** What there is to say of a call when it is over. */
export interface Summary {
  readonly reason: EndReason;
  /** Length (ms), from the start of the stream where there was one. */
  readonly ms: number;
  /** Its streams: one, and one more for each time the caller came back from a transfer. */
  readonly streams: readonly Pick<MediaStream, "skipped">[];
  readonly conversation: Conversation["facts"];
}

/** Writes the one line every call has in the log, counts it, and ends its span. */
export function summarise({ log, metrics, span }: Witnesses, summary: Summary): void {
  const { reason, ms, streams } = summary;
  const { turns, tokens, bargeIns, marksLost } = summary.conversation;
  const { frames, filledMs, droppedMs } = summary.conversation.callerAudio;
  const skipped = streams.flatMap((stream) => [...stream.skipped]);
  for (const [why, count] of skipped) metrics.skipped(why, count);
  metrics.callEnded(reason, ms / 1000, streams.length > 0);
  span.end(reason, reason === "model failed" || reason === "never connected");
  log.info("call ended", {
    reason,
    duration_s: Math.round(ms / 100) / 10,
    turns,
    barge_ins: bargeIns,
    input_tokens: tokens.input,
    output_tokens: tokens.output,
    frames,
    filled_ms: filledMs || undefined,
    dropped_ms: droppedMs || undefined,
    marks_lost: marksLost || undefined,
    skipped: skipped.map(([why, count]) => `${why}: ${count}`).join(", ") || undefined,
  });
}
