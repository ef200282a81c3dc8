import type { Destination } from "../assistants/assistant.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import type { CallBills } from "./call_bills.ts";

/** Time for Twilio to report the end of a `<Dial>` (ms). */
const REPORT_MS = 10_000;
/** Ring time of a `<Dial>` without `timeout` (s). Source: https://www.twilio.com/docs/voice/twiml/dial#timeout */
const DEFAULT_RING_SECONDS = 30;

export interface DialledCallsOptions {
  /** Maximum duration of a `<Dial>` to somebody else (s). */
  readonly maxTransferSeconds: number;
  /** Maximum number of calls beyond the limits that are forwarded at the same time. */
  readonly maxOverflowCalls: number;
  readonly clock: Clock;
}

/**
 * Callers whom a `<Dial>` connects to somebody else. Twilio bills both legs until the `<Dial>` ends, so each keeps
 * its place until then, or until its time limit when Twilio does not report the end.
 */
export class DialledCalls {
  readonly #options: DialledCallsOptions;
  readonly #bills: CallBills;
  readonly #onEnded: (callSid: string) => void;
  /** Callers who are being transferred, or talk to a destination; each value cancels the time limit. */
  readonly #transferred = new Map<string, Cancel>();
  /** Callers beyond the limits who were forwarded. */
  readonly #forwarded = new Map<string, Cancel>();

  /** @param onEnded Called when a `<Dial>` has ended. */
  constructor(options: DialledCallsOptions, bills: CallBills, onEnded: (callSid: string) => void) {
    this.#options = options;
    this.#bills = bills;
    this.#onEnded = onEnded;
  }

  /** CallSids of the callers who are being transferred, or talk to a destination. */
  get transferred(): ReadonlyMap<string, unknown> {
    return this.#transferred;
  }

  /**
   * The webhook after the stream dials the destination of a transfer.
   *
   * @returns Maximum duration of the conversation with the destination (s).
   */
  startTransfer(callSid: string, { number, ringSeconds }: Destination): number {
    this.#bills.dial(callSid, number);
    return this.#start(this.#transferred, callSid, ringSeconds);
  }

  /**
   * Forwards a refused call to another number, if there is room. Its legs count in the day's budget.
   *
   * @returns Maximum duration of the conversation (s).
   */
  forward(incoming: IncomingCall, number: string): number | undefined {
    const { callSid } = incoming;
    if (!callSid) return undefined;
    if (!this.#forwarded.has(callSid)) {
      if (this.#forwarded.size >= this.#options.maxOverflowCalls) return undefined;
      this.#bills.openForwarded(incoming, number);
    }
    return this.#start(this.#forwarded, callSid, DEFAULT_RING_SECONDS);
  }

  /** Twilio reports that a `<Dial>` of this call, or the call itself, has ended. */
  end(callSid: string): void {
    for (const calls of [this.#transferred, this.#forwarded]) {
      const cancel = calls.get(callSid);
      if (!cancel) continue;
      cancel();
      calls.delete(callSid);
      this.#onEnded(callSid);
    }
  }

  /** Ends all. */
  close(): void {
    for (const callSid of [...this.#transferred.keys(), ...this.#forwarded.keys()]) this.end(callSid);
  }

  /** Adds a call, or starts the time of a known one again. */
  #start(calls: Map<string, Cancel>, callSid: string, ringSeconds: number): number {
    const { maxTransferSeconds, clock } = this.#options;
    calls.get(callSid)?.();
    const maxMs = (ringSeconds + maxTransferSeconds) * 1_000 + REPORT_MS;
    calls.set(callSid, clock.after(maxMs, () => this.end(callSid)));
    return maxTransferSeconds;
  }
}
