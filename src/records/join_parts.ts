import {
  addCosts,
  addTokens,
  type CallMessage,
  type CallRecord,
  type EndedCall,
  type Span,
  type WrittenSummary,
} from "./call_record.ts";

/**
 * Joins the record of a call with that of its second part: after a transfer or a lost stream, Twilio may connect the same
 * call again. Times of the second part continue where the first ended.
 */
export function joinParts(first: EndedCall, second: EndedCall): EndedCall {
  const offsetMs = first.seconds * 1_000;
  // A part without a stream, such as one that never connected, does not change how the call ended.
  const last = hasConversation(second) ? second : first;
  const summaries = [first.summary, second.summary].filter((text) => text !== undefined);
  return {
    ...first,
    endedAt: last.endedAt,
    endReason: last.endReason,
    seconds: first.seconds + second.seconds,
    turns: [...first.turns, ...second.turns.map((turn) => shiftTimes(turn, offsetMs))],
    callerTurns: first.callerTurns + second.callerTurns,
    bargeIns: first.bargeIns + second.bargeIns,
    events: [...first.events, ...second.events.map((event) => ({ ...event, atMs: event.atMs + offsetMs }))],
    tokens: addTokens(first.tokens, second.tokens),
    costUsd: first.costUsd + second.costUsd,
    costs: addCosts(first.costs, second.costs),
    carrierMinutes: first.carrierMinutes + second.carrierMinutes,
    messages: [...first.messages, ...second.messages.map((message) => shiftMessage(message, offsetMs))],
    ...(summaries.length === 0 ? {} : { summary: summaries.join("\n") }),
  };
}

/** Adds a summary to the record of its call. */
export function addSummary(call: EndedCall, { text, tokens, costUsd }: WrittenSummary): EndedCall {
  return {
    ...call,
    summary: [call.summary, text].filter(Boolean).join("\n"),
    tokens: addTokens(call.tokens, tokens),
    costUsd: call.costUsd + costUsd,
    costs: { ...call.costs, summaryUsd: call.costs.summaryUsd + costUsd },
  };
}

/** Whether a stream connected. */
export function hasConversation({ seconds, turns }: CallRecord): boolean {
  return seconds > 0 || turns.length > 0;
}

function shift({ fromMs, toMs }: Span, ms: number): Span {
  return { fromMs: fromMs + ms, toMs: toMs + ms };
}

function shiftMessage(message: CallMessage, ms: number): CallMessage {
  const { recorded } = message;
  return { ...message, ...(recorded && { recorded: shift(recorded, ms) }) };
}

function shiftTimes(turn: CallRecord["turns"][number], ms: number): CallRecord["turns"][number] {
  const { spoken, generated, played } = turn;
  return {
    ...turn,
    atMs: turn.atMs + ms,
    spoken: spoken && shift(spoken, ms),
    generated: generated && shift(generated, ms),
    played: played && shift(played, ms),
  };
}
