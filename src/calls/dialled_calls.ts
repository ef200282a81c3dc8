import type { Destination } from "../assistants/assistant.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import type { CallBills, CallTariff, SavedAccount } from "./call_bills.ts";

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
  /** A `<Dial>` has begun or ended. */
  readonly onChanged: () => void;
}

/** A `<Dial>`. Times are in ms of the clock. */
interface Dial {
  /** When its destination rings no longer. */
  readonly rungOutAt: number;
  /** When it has ended, whatever Twilio reports. */
  readonly endsAt: number;
  /** Cancels the timers. */
  readonly cancel: Cancel;
}

/** A `<Dial>` that another process continues to bill. */
export interface SavedDial extends Omit<Dial, "cancel">, SavedAccount {
  /** Whether the caller was beyond the limits. */
  readonly forwarded: boolean;
}

/**
 * Callers whom a `<Dial>` connects to somebody else. Twilio bills both legs until the `<Dial>` ends, so each keeps
 * its place until then, or until its time limit when Twilio does not report the end.
 */
export class DialledCalls {
  readonly #options: DialledCallsOptions;
  readonly #bills: CallBills;
  readonly #listener: DialListener;
  /** Callers who are being transferred, or talk to a destination. */
  readonly #transferred = new Map<string, Dial>();
  /** Callers beyond the limits who were forwarded. */
  readonly #forwarded = new Map<string, Dial>();

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

  /** Whether a `<Dial>` connects the caller, or tries to. */
  has(callSid: string): boolean {
    return this.#transferred.has(callSid) || this.#forwarded.has(callSid);
  }

  /** The destination of a `<Dial>` answered. */
  answered(callSid: string): void {
    if (this.has(callSid)) {
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
      const dial = calls.get(callSid);
      if (!dial) continue;
      dial.cancel();
      calls.delete(callSid);
      this.#bills.get(callSid)?.bill.dialEnded(
        seconds && Math.min(seconds, this.#options.maxTransferSeconds),
      );
      this.#listener.onEnded(callSid);
      this.#listener.onChanged();
    }
  }

  /** All, for another process. */
  get saved(): readonly SavedDial[] {
    return [this.#transferred, this.#forwarded].flatMap((calls) =>
      [...calls].flatMap(([callSid, { rungOutAt, endsAt }]) => {
        const account = this.#bills.save(callSid);
        return account ? [{ ...account, forwarded: calls === this.#forwarded, rungOutAt, endsAt }] : [];
      })
    );
  }

  /** Continues a `<Dial>` of an earlier process, unless its time is over. */
  restore(dial: SavedDial): void {
    if (dial.endsAt <= this.#options.clock.now()) return;
    this.#bills.restore(dial);
    this.#await(dial.forwarded ? this.#forwarded : this.#transferred, dial.callSid, dial);
  }

  /** Stops the timers. {@linkcode saved} still has the calls. */
  close(): void {
    for (const calls of [this.#transferred, this.#forwarded]) {
      for (const [callSid, { cancel }] of calls) {
        cancel();
        this.#bills.suspend(callSid);
      }
    }
  }

  /** Adds a call, or starts the time of a known one again. */
  #start(calls: Map<string, Dial>, callSid: string, ringSeconds: number): number {
    const { maxTransferSeconds, clock } = this.#options;
    calls.get(callSid)?.cancel();
    const rungAt = clock.now() + ringSeconds * 1_000;
    this.#await(calls, callSid, {
      rungOutAt: rungAt + NO_ANSWER_REPORT_MS,
      endsAt: rungAt + maxTransferSeconds * 1_000 + REPORT_MS,
    });
    return maxTransferSeconds;
  }

  #await(calls: Map<string, Dial>, callSid: string, { rungOutAt, endsAt }: Omit<Dial, "cancel">): void {
    const { clock } = this.#options;
    const cancels = [
      clock.after(rungOutAt - clock.now(), () => this.#listener.onRungOut(callSid)),
      clock.after(endsAt - clock.now(), () => this.end(callSid)),
    ];
    calls.set(callSid, { rungOutAt, endsAt, cancel: () => cancels.forEach((cancel) => cancel()) });
    this.#listener.onChanged();
  }
}
