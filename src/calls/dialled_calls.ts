import type { Destination } from "../assistants/assistant.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import type { CallBills, CallTariff } from "./call_bills.ts";

/** Time for Twilio to report the end of a `<Dial>` (ms). */
const REPORT_MS = 10_000;
/** Time for Twilio to report, after the ring time, that a destination did not answer (ms). */
const NO_ANSWER_REPORT_MS = 20_000;
/** Ring time of a `<Dial>` without `timeout` (s). Source: https://www.twilio.com/docs/voice/twiml/dial#timeout */
const DEFAULT_RING_SECONDS = 30;

export interface DialledCallsOptions {
  /** Maximum duration of a `<Dial>` to somebody else (s). */
  readonly maxTransferSeconds: number;
  /** Maximum number of calls beyond the limits that are forwarded at the same time. */
  readonly maxOverflowCalls: number;
  readonly clock: Clock;
}

export interface DialListener {
  /** A destination must have answered, although Twilio did not report it: it rings no longer, and did not fail. */
  readonly onRungOut: (callSid: string) => void;
  /** A `<Dial>` has ended. */
  readonly onEnded: (callSid: string) => void;
}

/**
 * Callers whom a `<Dial>` connects to somebody else. Twilio bills both legs until the `<Dial>` ends, so each keeps
 * its place until then, or until its time limit when Twilio does not report the end.
 */
export class DialledCalls {
  readonly #options: DialledCallsOptions;
  readonly #bills: CallBills;
  readonly #listener: DialListener;
  /** Callers who are being transferred, or talk to a destination; each value cancels the timers. */
  readonly #transferred = new Map<string, Cancel>();
  /** Callers beyond the limits who were forwarded. */
  readonly #forwarded = new Map<string, Cancel>();

  constructor(options: DialledCallsOptions, bills: CallBills, listener: DialListener) {
    this.#options = options;
    this.#bills = bills;
    this.#listener = listener;
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
   * Forwards a refused call to another number, if there is room. Its legs are billed and count in the budgets.
   *
   * @returns Maximum duration of the conversation (s).
   */
  forward(incoming: IncomingCall, number: string, tariff: CallTariff): number | undefined {
    const { callSid } = incoming;
    if (!callSid) return undefined;
    if (!this.#forwarded.has(callSid)) {
      if (this.#forwarded.size >= this.#options.maxOverflowCalls) return undefined;
      this.#bills.open(incoming, tariff);
      this.#bills.dial(callSid, number);
    }
    return this.#start(this.#forwarded, callSid, DEFAULT_RING_SECONDS);
  }

  /** The destination of a `<Dial>` answered. */
  answered(callSid: string): void {
    if (this.#transferred.has(callSid) || this.#forwarded.has(callSid)) {
      this.#bills.get(callSid)?.bill.dialAnswered();
    }
  }

  /**
   * A `<Dial>` of this call, or the call itself, has ended.
   *
   * @param seconds How long the destination was connected, if Twilio reported it.
   */
  end(callSid: string, seconds?: number): void {
    for (const calls of [this.#transferred, this.#forwarded]) {
      const cancel = calls.get(callSid);
      if (!cancel) continue;
      cancel();
      calls.delete(callSid);
      this.#bills.get(callSid)?.bill.dialEnded(
        seconds && Math.min(seconds, this.#options.maxTransferSeconds),
      );
      this.#listener.onEnded(callSid);
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
    const ringMs = ringSeconds * 1_000;
    const cancels = [
      clock.after(ringMs + NO_ANSWER_REPORT_MS, () => this.#listener.onRungOut(callSid)),
      clock.after(ringMs + maxTransferSeconds * 1_000 + REPORT_MS, () => this.end(callSid)),
    ];
    calls.set(callSid, () => cancels.forEach((cancel) => cancel()));
    return maxTransferSeconds;
  }
}
