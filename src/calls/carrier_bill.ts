import type { CarrierCharge } from "../call/call_event_stream.ts";
import type { Cancel, Clock } from "../clock.ts";

const MINUTE_MS = 60_000;
/** No charge. */
export const NOTHING: CarrierCharge = { usd: 0, minutes: 0 };

/** A part of a call that the carrier bills by the minute: its legs, and its media stream. */
type BilledPart = "caller" | "destination" | "stream";

/** What a bill needs to go on in another process. Times are in ms of the clock. */
export interface BillState {
  /** Until when each leg is paid; undefined: it was not connected. */
  readonly callerPaidUntil?: number | undefined;
  readonly destinationPaidUntil?: number | undefined;
  /** Price of a minute of the destination (US dollars). */
  readonly destinationUsd: number;
  readonly destinationMinutes: number;
  /** Not in the call's record yet. */
  readonly charges: CarrierCharge;
}

/** Charges the carrier's bill for one call. The carrier bills started minutes, so each minute is charged when it starts. */
export class CarrierBill {
  readonly #clock: Clock;
  readonly #onCharge: (charge: CarrierCharge) => void;
  /** Cancels the timer of each running part. */
  readonly #running = new Map<BilledPart, Cancel>();
  /** Until when the legs are paid (ms of the clock). */
  readonly #paidUntil = new Map<BilledPart, number>();
  #destinationUsd = 0;
  /** Charged minutes of the destination of the last `<Dial>`. */
  #destinationMinutes = 0;
  #charges = NOTHING;

  /** @param state Of an earlier process. */
  constructor(clock: Clock, onCharge: (charge: CarrierCharge) => void, state?: BillState) {
    this.#clock = clock;
    this.#onCharge = onCharge;
    if (!state) return;
    const { callerPaidUntil, destinationPaidUntil } = state;
    if (callerPaidUntil !== undefined) this.#paidUntil.set("caller", callerPaidUntil);
    if (destinationPaidUntil !== undefined) this.#paidUntil.set("destination", destinationPaidUntil);
    this.#destinationUsd = state.destinationUsd;
    this.#destinationMinutes = state.destinationMinutes;
    this.#charges = state.charges;
  }

  get state(): BillState {
    return {
      callerPaidUntil: this.#paidUntil.get("caller"),
      destinationPaidUntil: this.#paidUntil.get("destination"),
      destinationUsd: this.#destinationUsd,
      destinationMinutes: this.#destinationMinutes,
      charges: this.#charges,
    };
  }

  /** Until when the caller's leg is paid (ms of the clock). */
  get callerPaidUntil(): number {
    return this.#paidUntil.get("caller") ?? 0;
  }

  /** Charges an amount once. */
  add(usd: number): void {
    if (usd > 0) this.#charge({ usd, minutes: 0 });
  }

  /**
   * Starts to charge for a part, unless it runs. A leg continues after its last paid minute.
   *
   * @param usd Price of a minute.
   */
  start(part: BilledPart, usd: number): void {
    const from = this.#paidUntil.get(part) ?? this.#clock.now();
    if (!this.#running.has(part)) this.#awaitMinute(part, usd, from);
  }

  /** A `<Dial>` rings a destination. @param usd Price of a minute of its leg. */
  dial(usd: number): void {
    this.#destinationUsd = usd;
    this.#destinationMinutes = 0;
    this.#paidUntil.delete("destination");
  }

  /** The destination of the `<Dial>` answered. */
  dialAnswered(): void {
    this.start("destination", this.#destinationUsd);
  }

  /**
   * The `<Dial>` has ended. Charges what is missing of the destination's leg, because Twilio's report that it answered may
   * have been lost.
   *
   * @param seconds How long the destination was connected, if Twilio reported it.
   */
  dialEnded(seconds = 0): void {
    this.stop("destination");
    while (this.#destinationMinutes < Math.ceil(seconds / 60)) {
      this.#chargeMinute("destination", this.#destinationUsd);
    }
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

  #chargeMinute(part: BilledPart, usd: number): void {
    if (part === "destination") this.#destinationMinutes++;
    this.#charge({ usd, minutes: part === "stream" ? 0 : 1 });
  }

  #charge(charge: CarrierCharge): void {
    const { usd, minutes } = this.#charges;
    this.#charges = { usd: usd + charge.usd, minutes: minutes + charge.minutes };
    this.#onCharge(charge);
  }

  #awaitMinute(part: BilledPart, usd: number, at: number): void {
    const begin = () => {
      const until = at + MINUTE_MS;
      if (part !== "stream") this.#paidUntil.set(part, until);
      this.#awaitMinute(part, usd, until);
      this.#chargeMinute(part, usd);
    };
    const waitMs = at - this.#clock.now();
    if (waitMs > 0) this.#running.set(part, this.#clock.after(waitMs, begin));
    else begin();
  }
}
