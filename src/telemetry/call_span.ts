import { type Attributes, ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Clock } from "../clock.ts";
import { type Fields, maskPhoneNumbers } from "./log.ts";
import { measuredHops, type TurnLatency } from "./turn_latency.ts";

/** The OpenTelemetry span of one call: the root of its trace, with its turns as children. */
export interface CallSpan {
  /**
   * Adds a finished turn.
   *
   * @param startMs When the caller stopped speaking, in the clock's monotonic time.
   */
  addTurn(startMs: number, latency: TurnLatency): void;
  /** Ends the span. No other method may be called afterwards. */
  end(reason: string, failed: boolean): void;
}

const NOT_RECORDED: CallSpan = { addTurn() {}, end() {} };

/**
 * Starts the span of a call. Deno exports spans if `OTEL_DENO=true`; otherwise the span does nothing.
 *
 * The span is the root of a trace, because the webhook request that may start it ends long before the call.
 * Phone numbers in strings are masked.
 */
export function startCallSpan(clock: Clock, fields: Fields): CallSpan {
  const tracer = trace.getTracer("parley");
  // Read once: the wall clock may be adjusted during the call, and its turns must stay within it.
  const epoch = clock.wallTime() - clock.now();
  const now = () => epoch + clock.now();
  const span = tracer.startSpan("call", { root: true, startTime: now() });
  if (!span.isRecording()) return NOT_RECORDED;
  span.setAttributes(attributes(fields));
  const context = trace.setSpan(ROOT_CONTEXT, span);
  let turns = 0;
  return {
    addTurn(startMs, latency) {
      let at = epoch + startMs;
      const turn = tracer.startSpan("turn", { startTime: at }, context);
      turn.setAttribute("parley.turn", ++turns);
      for (const [hop, ms] of measuredHops(latency)) {
        at += ms;
        turn.setAttribute(`parley.${hop}_ms`, ms);
        turn.addEvent(hop, at);
      }
      turn.end(at);
    },
    end(reason, failed) {
      span.setAttribute("parley.end_reason", reason);
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR, message: reason });
      span.end(now());
    },
  };
}

function attributes(fields: Fields): Attributes {
  const masked: Attributes = {};
  for (const [name, value] of Object.entries(fields)) {
    masked[`parley.${name}`] = typeof value === "string" ? maskPhoneNumbers(value) : value;
  }
  return masked;
}
