import type { CallAssistant } from "../assistants/call_assistant.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { CallEventStream, CarrierCharge } from "../call/call_event_stream.ts";
import type { BudgetState } from "../call/call_limits.ts";
import type { Clock } from "../clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import type { Budget } from "./budget.ts";
import { type BillState, CarrierBill, NOTHING } from "./carrier_bill.ts";
import type { CarrierPrices } from "./carrier_prices.ts";
import type { Pseudonym } from "./pseudonym.ts";

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
  /** Called when the carrier bills nothing more for a call. */
  readonly onSettled?: (callSid: string) => void;
  readonly pseudonym: Pseudonym;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** The part of an assistant that sets what its calls cost and may cost. */
export type CallTariff = Pick<CallAssistant, "costLimits" | "minuteLimits" | "voicemail">;

/** Whom and what an account charges. */
export interface AccountIdentity {
  readonly callSid: string;
  /** Pseudonym of the other party. */
  readonly party: string;
  /** Price of a minute of the other party's leg (US dollars); undefined: no carrier bills it. */
  readonly callerUsd?: number | undefined;
  readonly tariff: Pick<CallTariff, "costLimits" | "minuteLimits">;
}

/** What one call uses, from its first webhook to its end. All parts of the call share it. */
export interface CallAccount {
  readonly bill: CarrierBill;
  readonly identity: AccountIdentity;
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

/** An account that another process continues. */
export interface SavedAccount extends AccountIdentity {
  readonly bill: BillState;
}

/** The accounts of all calls that the carrier bills now, and of the last that ended. */
export class CallBills {
  readonly #options: CallBillsOptions;
  readonly #onBilled: (callSid: string) => void;
  readonly #open = new Map<string, CallAccount>();
  readonly #closed = new BoundedMap<string, CallAccount>(MAX_CLOSED);

  /** @param onBilled Called when the carrier has billed something. */
  constructor(options: CallBillsOptions, onBilled: (callSid: string) => void = () => {}) {
    this.#options = options;
    this.#onBilled = onBilled;
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
    if (account) return account.identity.callerUsd ?? 0;
    return this.#callerPrice(incoming) + this.#detectionPrice(incoming, tariff);
  }

  /**
   * Whether today's budget of the other party, or of all calls, is exhausted.
   *
   * @param next An amount that would be charged next (US dollars).
   */
  isOverBudget(
    party: string,
    { costLimits, minuteLimits }: Pick<CallTariff, "costLimits" | "minuteLimits">,
    next = 0,
  ): boolean {
    const { spending, minutes } = this.#options;
    return spending.exhaustedLimit(party, costLimits, next) !== undefined ||
      minuteLimits !== undefined && minutes.exhaustedLimit(party, minuteLimits) !== undefined;
  }

  /** Whether the minute that begins when this call is answered would use up a budget, or its earlier parts have. */
  exceedsBudget(incoming: IncomingCall, tariff: CallTariff): boolean {
    return this.find(incoming.callSid)?.states.cost === "over" ||
      this.isOverBudget(partyOf(incoming), tariff, this.answerPrice(incoming, tariff));
  }

  /** Starts to charge for a call, unless it is charged already. A call that comes back continues its account. */
  open(incoming: IncomingCall, tariff: CallTariff): CallAccount {
    const { callSid } = incoming;
    const known = this.find(callSid);
    const account = known ?? this.#create(this.#identify(incoming, tariff));
    this.#closed.delete(callSid);
    this.#open.set(callSid, account);
    const { callerUsd } = account.identity;
    if (callerUsd === undefined) return account;
    if (!known) account.bill.add(this.#detectionPrice(incoming, tariff));
    account.bill.start("caller", callerUsd);
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
    this.#reportCharges(callSid, account);
    this.#options.onSettled?.(callSid);
  }

  /** The account of a call, for another process. */
  save(callSid: string): SavedAccount | undefined {
    const account = this.#open.get(callSid);
    if (!account) return undefined;
    const { identity, bill: { state }, events } = account;
    // A call in progress has its charges in its record.
    return { ...identity, bill: events ? { ...state, charges: NOTHING } : state };
  }

  /** Continues an account of an earlier process: charges for the minutes since then, too. */
  restore({ bill, ...identity }: SavedAccount): void {
    const account = this.#create(identity, bill);
    this.#open.set(identity.callSid, account);
    if (identity.callerUsd === undefined) return;
    account.bill.start("caller", identity.callerUsd);
    if (bill.destinationPaidUntil !== undefined) account.bill.dialAnswered();
  }

  /** Stops charging for a call that another process continues, and reports the charges so far. */
  suspend(callSid: string): void {
    const account = this.#open.get(callSid);
    account?.bill.close();
    if (account && !account.events) this.#reportCharges(callSid, account);
  }

  #reportCharges(callSid: string, { bill }: CallAccount): void {
    const charge = bill.takeCharges();
    if (charge.usd > 0 || charge.minutes > 0) this.#options.onCharged?.(callSid, charge);
  }

  #identify(incoming: IncomingCall, { costLimits, minuteLimits }: CallTariff): AccountIdentity {
    return {
      callSid: incoming.callSid,
      party: this.#options.pseudonym(partyOf(incoming)),
      callerUsd: incoming.hasNoCarrier ? undefined : this.#callerPrice(incoming),
      tariff: { costLimits, minuteLimits },
    };
  }

  #create(identity: AccountIdentity, state?: BillState): CallAccount {
    const { clock, metrics, spending, minutes } = this.#options;
    const { callSid, party, tariff: { costLimits, minuteLimits } } = identity;
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
        this.#onBilled(callSid);
        if (account.events) return account.events.emit({ type: "carrier charged", charge });
        if (charge.usd > 0) account.chargeCost(charge.usd);
        if (charge.minutes > 0) account.chargeMinutes?.(charge.minutes);
      }, state),
      identity,
      chargeCost: meter("cost", spending.meterPseudonym(party, costLimits)),
      chargeMinutes: minuteLimits && meter("minutes", minutes.meterPseudonym(party, minuteLimits)),
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
