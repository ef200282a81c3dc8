import type { CarrierCharge } from "../call/call_event_stream.ts";
import type { Cancel, Clock } from "../clock.ts";

const MINUTE_MS = 60_000;
const NOTHING: CarrierCharge = { usd: 0, minutes: 0 };

/** A part of a call that the carrier bills by the minute: its legs, and its media stream. */
type BilledPart = "caller" | "destination" | "stream";

/** Charges the carrier's bill for one call. The carrier bills started minutes, so each minute is charged when it starts. */
export class CarrierBill {
  readonly #clock: Clock;
  readonly #onCharge: (charge: CarrierCharge) => void;
  /** Cancels the timer of each running part. */
  readonly #running = new Map<BilledPart, Cancel>();
  #callerPaidUntil = 0;
  #destinationUsd = 0;
  #charges = NOTHING;

  constructor(clock: Clock, onCharge: (charge: CarrierCharge) => void) {
    this.#clock = clock;
    this.#onCharge = onCharge;
  }

  /** Until when the caller's leg is paid (ms of the clock). */
  get callerPaidUntil(): number {
    return this.#callerPaidUntil;
  }

  /** Charges an amount once. */
  add(usd: number): void {
    this.#charge({ usd, minutes: 0 });
  }

  /**
   * Starts to charge for a part, unless it runs.
   *
   * @param usd Price of a minute.
   * @param from When its next minute begins (ms of the clock), if not now.
   */
  start(part: BilledPart, usd: number, from = this.#clock.now()): void {
    if (!this.#running.has(part)) this.#awaitMinute(part, usd, from);
  }

  /** A `<Dial>` rings a destination. @param usd Price of a minute of its leg. */
  dial(usd: number): void {
    this.#destinationUsd = usd;
  }

  /** The destination of the `<Dial>` answered. */
  dialAnswered(): void {
    this.start("destination", this.#destinationUsd);
  }

  /** Returns the charges since the last call of this method. */
  takeCharges(): CarrierCharge {
    const charges = this.#charges;
    this.#charges = NOTHING;
    return charges;
  }

  stop(part: BilledPart): void {
    this.#running.get(part)?.();
    this.#running.delete(part);
  }

  /** Stops all parts. */
  close(): void {
    for (const part of [...this.#running.keys()]) this.stop(part);
  }

  #charge(charge: CarrierCharge): void {
    const { usd, minutes } = this.#charges;
    this.#charges = { usd: usd + charge.usd, minutes: minutes + charge.minutes };
    this.#onCharge(charge);
  }

  #awaitMinute(part: BilledPart, usd: number, at: number): void {
    const begin = () => {
      const until = at + MINUTE_MS;
      if (part === "caller") this.#callerPaidUntil = until;
      this.#awaitMinute(part, usd, until);
      this.#charge({ usd, minutes: part === "stream" ? 0 : 1 });
    };
    const waitMs = at - this.#clock.now();
    if (waitMs > 0) this.#running.set(part, this.#clock.after(waitMs, begin));
    else begin();
  }
}
