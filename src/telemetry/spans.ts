import { type Attributes, ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Clock } from "../clock.ts";
import { type Fields, maskPhoneNumbers } from "./log.ts";
import { hopsOf, type TurnHops } from "./turn_hops.ts";

/** One call, as OpenTelemetry shows it: a span of its own trace, with its turns as children. */
export interface CallSpan {
  /** A turn that is over. `startMs` is when the caller stopped speaking, on the clock's monotonic scale. */
  turn(startMs: number, hops: TurnHops): void;
  /** Something that happened now. */
  event(name: string, fields?: Fields): void;
  /** The call is over; nothing is told after that. */
  end(reason: string, failed: boolean): void;
}

const NOBODY_LOOKS: CallSpan = { turn() {}, event() {}, end() {} };

/**
 * Begins the span of a call. Deno exports spans by itself where `OTEL_DENO=true`; otherwise this does nothing.
 *
 * It begins a trace: the webhook's request, in which it may be called, is over long before the call is. Phone numbers
 * in strings are masked.
 */
export function startCallSpan(clock: Clock, fields: Fields): CallSpan {
  const tracer = trace.getTracer("parley");
  // Read once: the wall clock may be set while the call lasts, and a turn must not fall out of its call.
  const epoch = clock.wallTime() - clock.now();
  const now = () => epoch + clock.now();
  const span = tracer.startSpan("call", { root: true, startTime: now() });
  if (!span.isRecording()) return NOBODY_LOOKS;
  span.setAttributes(attributes(fields));
  const context = trace.setSpan(ROOT_CONTEXT, span);
  let turns = 0;
  return {
    turn(startMs, hops) {
      let at = epoch + startMs;
      const turn = tracer.startSpan("turn", { startTime: at }, context);
      turn.setAttribute("parley.turn", ++turns);
      for (const [hop, ms] of hopsOf(hops)) {
        at += ms;
        turn.setAttribute(`parley.${hop}_ms`, ms);
        turn.addEvent(hop, at);
      }
      turn.end(at);
    },
    event(name, fields = {}) {
      span.addEvent(name, attributes(fields), now());
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
