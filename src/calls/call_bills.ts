import type { CallAssistant } from "../assistants/call_assistant.ts";
import type { CallEventStream, CarrierCharge } from "../call/call_event_stream.ts";
import type { Clock } from "../clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import type { Budget } from "./budget.ts";
import { CarrierBill } from "./carrier_bill.ts";
import type { CarrierPrices } from "./carrier_prices.ts";

export interface CallBillsOptions {
  readonly carrierPrices: CarrierPrices;
  /** Budget in US dollars. */
  readonly spending: Budget;
  /** Called with the carrier's charges after a call's end, when its caller continued to talk to the destination. */
  readonly onCharged?: (callSid: string, charge: CarrierCharge) => void;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** The carrier's bills of all calls that it bills now. */
export class CallBills {
  readonly #options: CallBillsOptions;
  readonly #bills = new Map<string, CarrierBill>();

  constructor(options: CallBillsOptions) {
    this.#options = options;
  }

  get(callSid: string): CarrierBill | undefined {
    return this.#bills.get(callSid);
  }

  /**
   * Starts to charge for a call, to its event stream.
   *
   * @param paidUntil Until when an earlier part of the call has paid for the caller's leg (ms of the clock).
   */
  open(
    events: CallEventStream,
    incoming: IncomingCall,
    { voicemail }: Pick<CallAssistant, "voicemail">,
    paidUntil?: number,
  ): void {
    const { carrierPrices } = this.#options;
    const bill = this.#create(incoming.callSid, (charge) => events.emit({ type: "carrier charged", charge }));
    events.on("stream attached", () => bill.start("stream", carrierPrices.stream));
    events.on(["stream detached", "call ended"], () => bill.stop("stream"));
    // An earlier part has paid for the detection.
    if (incoming.outbound && voicemail && paidUntil === undefined) bill.add(carrierPrices.machineDetection);
    bill.start("caller", this.#callerPrice(incoming), paidUntil);
  }

  /** Starts to charge for a call that is forwarded to another number, in the day's budget. */
  openForwarded(incoming: IncomingCall, number: string): void {
    const chargeDay = this.#options.spending.meter(incoming.from, {});
    const bill = this.#create(incoming.callSid, ({ usd }) => chargeDay(usd));
    bill.start("caller", this.#callerPrice(incoming));
    this.dial(incoming.callSid, number);
  }

  /** A `<Dial>` rings a destination. */
  dial(callSid: string, number: string): void {
    this.#bills.get(callSid)?.dial(this.#options.carrierPrices.leg("out", number));
  }

  /**
   * Stops charging for a call, and reports the charges since its end.
   *
   * @returns until when the caller's leg is paid (ms of the clock).
   */
  close(callSid: string): number | undefined {
    const bill = this.#bills.get(callSid);
    if (!bill) return undefined;
    bill.close();
    this.#bills.delete(callSid);
    const charge = bill.takeCharges();
    if (charge.usd > 0 || charge.minutes > 0) this.#options.onCharged?.(callSid, charge);
    return bill.callerPaidUntil;
  }

  #create(callSid: string, onCharge: (charge: CarrierCharge) => void): CarrierBill {
    const { clock, metrics } = this.#options;
    const bill = new CarrierBill(clock, (charge) => {
      metrics.countCarrier(charge);
      onCharge(charge);
    });
    this.#bills.set(callSid, bill);
    return bill;
  }

  /** The price of a minute of the other party's leg (US dollars). */
  #callerPrice({ from, to, outbound }: IncomingCall): number {
    const { carrierPrices } = this.#options;
    if (outbound) return carrierPrices.leg("out", to);
    return carrierPrices.leg("in", from.includes(":") ? from : to);
  }
}
