import type { CallAssistant } from "../assistants/call_assistant.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { Call, EarlierPart } from "../call/call.ts";
import type { CallEnd } from "../call/end_reason.ts";
import type { Clock } from "../clock.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";

/** Number of ended calls kept for Twilio's request after the stream. */
const MAX_ENDED = 1_000;
/** Timeout for Twilio's /after-stream request after a call ended here (ms). */
export const MAX_AFTER_STREAM_MS = 3_000;

/** A call that ended here. Twilio may connect it again: by a redirect, or after its stream was lost. */
export interface ResumableCall {
  readonly end: CallEnd;
  /** For its next part. */
  readonly continuation: EarlierPart;
  readonly incoming: IncomingCall;
  readonly assistant: CallAssistant;
  /** How often its stream was lost before. */
  readonly losses: number;
}

/** How calls ended here, for Twilio's callbacks, and for the next part of a call that comes back. */
export class EndedCalls {
  readonly #clock: Clock;
  readonly #calls = new BoundedMap<string, ResumableCall>(MAX_ENDED, (callSid) => {
    this.#awaitingAfterStream.delete(callSid);
  });
  /** When calls ended here (ms), for which Twilio will request TwiML after the stream. */
  readonly #awaitingAfterStream = new Map<string, number>();
  #withoutGoodbye = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Number of calls for which Twilio has not requested TwiML yet, and may still: not those that ended more than
   * {@linkcode MAX_AFTER_STREAM_MS} ago.
   */
  get awaitingAfterStream(): number {
    const since = this.#clock.now() - MAX_AFTER_STREAM_MS;
    return this.#awaitingAfterStream.values().filter((endedAt) => endedAt > since).toArray().length;
  }

  /** Number of calls that a shutdown ended before the caller heard a goodbye. */
  get withoutGoodbye(): number {
    return this.#withoutGoodbye;
  }

  has(callSid: string): boolean {
    return this.#calls.has(callSid);
  }

  get(callSid: string): ResumableCall | undefined {
    return this.#calls.get(callSid);
  }

  /** The call begins another part: returns the one that ended, and forgets it. */
  take(callSid: string): ResumableCall | undefined {
    const ended = this.#calls.get(callSid);
    this.#calls.delete(callSid);
    return ended;
  }

  add(call: Call, ended: ResumableCall): void {
    const { end, incoming: { callSid } } = ended;
    if (call.awaitsAfterStream && end.reason !== "caller hung up") {
      this.#awaitingAfterStream.set(callSid, this.#clock.now());
    }
    if (!end.callerInformed && (end.reason === "shutdown" || end.reason === "drained")) {
      this.#withoutGoodbye++;
    }
    this.#calls.set(callSid, ended);
  }

  /** Twilio requests TwiML after the stream. Returns how the call ended; undefined if it did not end here. */
  afterStreamRequested(callSid: string): CallEnd | undefined {
    this.#awaitingAfterStream.delete(callSid);
    return this.#calls.get(callSid)?.end;
  }
}
