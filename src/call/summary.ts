import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { CallSpan } from "../telemetry/spans.ts";
import type { MediaStream } from "../twilio/media_stream.ts";
import type { Answers } from "./answers.ts";
import type { CallerAudio } from "./caller_audio.ts";
import type { EndReason } from "./ending.ts";
import type { Turns } from "./turns.ts";

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
  readonly stream: MediaStream | undefined;
  readonly callerAudio: CallerAudio;
  readonly turns: Turns;
  readonly answers: Answers;
  readonly bargeIns: number;
  readonly marksLost: number;
}

/** Writes the one line every call has in the log, counts it, and ends its span. */
export function summarise({ log, metrics, span }: Witnesses, summary: Summary): void {
  const { reason, ms, stream, turns, answers } = summary;
  const { frames, filledMs, droppedMs } = summary.callerAudio.counts;
  const skipped = [...stream?.skipped ?? []];
  for (const [why, count] of skipped) metrics.skipped(why, count);
  metrics.callEnded(reason, ms / 1000, stream !== undefined);
  span.end(reason, reason === "model failed" || reason === "never connected");
  log.info("call ended", {
    reason,
    duration_s: Math.round(ms / 100) / 10,
    turns: turns.count,
    barge_ins: summary.bargeIns,
    input_tokens: answers.tokens.input,
    output_tokens: answers.tokens.output,
    frames,
    filled_ms: filledMs || undefined,
    dropped_ms: droppedMs || undefined,
    marks_lost: summary.marksLost || undefined,
    skipped: skipped.map(([why, count]) => `${why}: ${count}`).join(", ") || undefined,
  });
}
