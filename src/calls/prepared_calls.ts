import type { CallAssistant } from "../assistants/call_assistant.ts";
import type { Call } from "../call/call.ts";
import type { Cancel, Clock } from "../clock.ts";

interface PreparedCall {
  readonly call: Call;
  readonly assistant: CallAssistant;
  readonly cancelTimeout: Cancel;
}

/**
 * Outbound calls that ring. Each has a session that is ready when the called party answers. They are not calls in progress:
 * they have no place, no bill and no record, and one that nobody answers leaves none.
 */
export class PreparedCalls {
  readonly #clock: Clock;
  readonly #calls = new Map<string, PreparedCall>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(callSid: string): boolean {
    return this.#calls.has(callSid);
  }

  /** The assistant of a prepared call. */
  assistant(callSid: string): CallAssistant | undefined {
    return this.#calls.get(callSid)?.assistant;
  }

  /**
   * Opens the call's session.
   *
   * @param ringMs Time after which nobody answers any more (ms).
   */
  add(call: Call, assistant: CallAssistant, ringMs: number): void {
    const { callSid } = call.report.identity;
    const cancelTimeout = this.#clock.after(ringMs, () => this.discard(callSid));
    this.#calls.set(callSid, { call, assistant, cancelTimeout });
    call.prepareSilently();
  }

  /** The call was answered: returns it, and forgets it here. */
  take(callSid: string): Call | undefined {
    const prepared = this.#calls.get(callSid);
    prepared?.cancelTimeout();
    this.#calls.delete(callSid);
    return prepared?.call;
  }

  /** Nobody answers the call: closes its session. */
  discard(callSid: string): void {
    this.take(callSid)?.discard();
  }

  /** Discards all. */
  close(): void {
    for (const callSid of [...this.#calls.keys()]) this.discard(callSid);
  }
}
