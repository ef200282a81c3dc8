import type { CallAssistant } from "../assistants/call_assistant.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { CallEventStream, CarrierCharge } from "../call/call_event_stream.ts";
import type { BudgetState } from "../call/call_limits.ts";
import type { Clock } from "../clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import type { Budget } from "./budget.ts";
import { CarrierBill } from "./carrier_bill.ts";
import type { CarrierPrices } from "./carrier_prices.ts";

/** Number of ended calls whose account is kept, in case they come back. */
const MAX_CLOSED = 1_000;

export interface CallBillsOptions {
  readonly carrierPrices: CarrierPrices;
  /** Budget in US dollars. */
  readonly spending: Budget;
  /** Budget in minutes. */
  readonly minutes: Budget;
  /** Called with the carrier's charges after a call's end, when its caller continued to talk to the destination. */
  readonly onCharged?: (callSid: string, charge: CarrierCharge) => void;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** The part of an assistant that sets what its calls cost and may cost. */
export type CallTariff = Pick<CallAssistant, "costLimits" | "minuteLimits" | "voicemail">;

/** What one call uses, from its first webhook to its end. All parts of the call share it. */
export interface CallAccount {
  readonly bill: CarrierBill;
  /** Charges an amount (US dollars). Remains "over" when a limit was reached. */
  readonly chargeCost: (usd: number) => BudgetState;
  /** Charges minutes; undefined: minutes are not limited. */
  readonly chargeMinutes: ((minutes: number) => BudgetState) | undefined;
  readonly states: { cost: BudgetState; minutes: BudgetState };
  /** Duration of the call's ended parts, each from its first stream (ms). */
  usedMs: number;
  /** The part in progress. */
  events: CallEventStream | undefined;
}

/** The accounts of all calls that the carrier bills now, and of the last that ended. */
export class CallBills {
  readonly #options: CallBillsOptions;
  readonly #open = new Map<string, CallAccount>();
  readonly #closed = new BoundedMap<string, CallAccount>(MAX_CLOSED);

  constructor(options: CallBillsOptions) {
    this.#options = options;
  }

  get(callSid: string): CallAccount | undefined {
    return this.#open.get(callSid);
  }

  /** The account of a call, also of one that ended here. */
  find(callSid: string): CallAccount | undefined {
    return this.#open.get(callSid) ?? this.#closed.get(callSid);
  }

  /** What the carrier bills when this call is answered now (US dollars). */
  answerPrice(incoming: IncomingCall, tariff: CallTariff): number {
    if (incoming.hasNoCarrier) return 0;
    const account = this.find(incoming.callSid);
    if (account && account.bill.callerPaidUntil > this.#options.clock.now()) return 0;
    return this.#callerPrice(incoming) + (account ? 0 : this.#detectionPrice(incoming, tariff));
  }

  /** Starts to charge for a call, unless it is charged already. A call that comes back continues its account. */
  open(incoming: IncomingCall, tariff: CallTariff): CallAccount {
    const { callSid } = incoming;
    const known = this.find(callSid);
    const account = known ?? this.#create(incoming, tariff);
    this.#closed.delete(callSid);
    this.#open.set(callSid, account);
    if (incoming.hasNoCarrier) return account;
    if (!known) account.bill.add(this.#detectionPrice(incoming, tariff));
    account.bill.start("caller", this.#callerPrice(incoming));
    return account;
  }

  /** Charges a part of the call to its event stream, until it ends. */
  attach({ callSid, hasNoCarrier }: IncomingCall, events: CallEventStream): void {
    const account = this.#open.get(callSid);
    if (!account) return;
    account.events = events;
    events.on("call ended", () => account.events = undefined);
    if (hasNoCarrier) return;
    events.on("stream attached", () => account.bill.start("stream", this.#options.carrierPrices.stream));
    events.on(["stream detached", "call ended"], () => account.bill.stop("stream"));
  }

  /** A `<Dial>` rings a destination. */
  dial(callSid: string, number: string): void {
    this.#open.get(callSid)?.bill.dial(this.#options.carrierPrices.leg("out", number));
  }

  /** Stops charging for a call, and reports the charges since its end. */
  close(callSid: string): void {
    const account = this.#open.get(callSid);
    if (!account) return;
    account.bill.close();
    this.#open.delete(callSid);
    this.#closed.set(callSid, account);
    const charge = account.bill.takeCharges();
    if (charge.usd > 0 || charge.minutes > 0) this.#options.onCharged?.(callSid, charge);
  }

  #create(incoming: IncomingCall, { costLimits, minuteLimits }: CallTariff): CallAccount {
    const { clock, metrics, spending, minutes } = this.#options;
    const party = partyOf(incoming);
    const states: CallAccount["states"] = { cost: "ok", minutes: "ok" };
    const meter =
      (kind: keyof typeof states, charge: (amount: number) => BudgetState) => (amount: number) => {
        const state = charge(amount);
        if (states[kind] !== "over" && state !== "ok") states[kind] = state;
        return states[kind] === "over" ? "over" : state;
      };
    const account: CallAccount = {
      bill: new CarrierBill(clock, (charge) => {
        metrics.countCarrier(charge);
        if (account.events) return account.events.emit({ type: "carrier charged", charge });
        if (charge.usd > 0) account.chargeCost(charge.usd);
        if (charge.minutes > 0) account.chargeMinutes?.(charge.minutes);
      }),
      chargeCost: meter("cost", spending.meter(party, costLimits)),
      chargeMinutes: minuteLimits && meter("minutes", minutes.meter(party, minuteLimits)),
      states,
      usedMs: 0,
      events: undefined,
    };
    return account;
  }

  #detectionPrice({ outbound }: IncomingCall, { voicemail }: CallTariff): number {
    return outbound && voicemail ? this.#options.carrierPrices.machineDetection : 0;
  }

  /** The price of a minute of the other party's leg (US dollars). */
  #callerPrice({ from, to, outbound }: IncomingCall): number {
    const { carrierPrices } = this.#options;
    if (outbound) return carrierPrices.leg("out", to);
    return carrierPrices.leg("in", from.includes(":") ? from : to);
  }
}

/** The other party of the conversation. */
export function partyOf({ from, to, outbound }: IncomingCall): string {
  return outbound ? to : from;
}
