import type { Cancel, Clock } from "../clock.ts";
import type { CallEnding } from "./call_ending.ts";
import type { CallEventStream, CarrierCharge } from "./call_event_stream.ts";
import type { ModelLink } from "./conversation/model_link.ts";

/** How long before the time limit the assistant is warned (ms). */
const WARNING_MS = 30_000;
/** In calls with a shorter time limit, the assistant is not warned (ms). */
const WARNED_CALL_MS = 60_000;
const NEARLY_OVER = `This call will end in ${
  WARNING_MS / 1000
} seconds. Finish what matters, and do not begin anything new.`;
const MINUTES_NEARLY_USED = "Today's minutes are nearly used up. Bring the call to an end soon.";
const BUDGET_NEARLY_USED = "The budget of this call is nearly used up. Bring the call to an end soon.";

/** State of a budget after a charge: within it, nearly used up, or used up. */
export type BudgetState = "ok" | "warn" | "over";

/** What a call charges, and what it used before this part of it began: in its earlier parts, and from its webhook on. */
export interface AccountUse {
  /** Charges a cost to the call's budgets (US dollars). */
  readonly chargeCost: (usd: number) => BudgetState;
  /** Charges a started minute of a leg to the call's budgets; undefined: minutes are not limited. */
  readonly chargeMinutes: ((minutes: number) => BudgetState) | undefined;
  /** Duration of the earlier parts (ms). */
  readonly usedMs: number;
  /** States of the call's budgets. */
  readonly states: { readonly cost: BudgetState; readonly minutes: BudgetState };
  /** Charged, and in no record yet. */
  readonly charge: CarrierCharge;
}

export interface CallLimitsOptions {
  readonly model: Pick<ModelLink, "addNote">;
  readonly ending: Pick<CallEnding, "sayGoodbye">;
  readonly events: CallEventStream;
  readonly clock: Clock;
  /** Maximum duration of a call, from its first stream (ms). */
  readonly maxCallMs?: number | undefined;
}

/** Limits a call's time and cost: warns the assistant first, then ends the call with a goodbye. */
export class CallLimits {
  readonly #options: CallLimitsOptions;
  #cancelTimeLimit: Cancel | undefined;
  #account: AccountUse | undefined;
  /** State of the minutes' budget. */
  #minutes: BudgetState = "ok";
  #started = false;
  #ending = false;

  constructor(options: CallLimitsOptions) {
    this.#options = options;
    const { events } = options;
    events.on("account opened", ({ account }) => {
      this.#account = account;
      this.#minutes = account.states.minutes;
    });
    events.on("stream attached", () => this.#start());
    events.on(
      ["response finished", "replaced response finished", "caller transcribed", "summary written"],
      ({ costUsd }) => {
        this.#chargeCost(costUsd);
      },
    );
    events.on("carrier charged", ({ charge: { usd, minutes } }) => {
      this.#chargeCost(usd);
      if (minutes > 0) this.#chargeMinutes(minutes);
    });
    events.on("call ending", () => {
      this.#ending = true;
      this.#cancelTimeLimit?.();
    });
  }

  /** Starts at the first stream; time in a transfer counts. */
  #start(): void {
    const { maxCallMs } = this.#options;
    const before = this.#account;
    if (this.#started || this.#ending) return;
    this.#started = true;
    // The model of this part was not warned.
    if (before && before.states.minutes !== "ok") this.#warn(MINUTES_NEARLY_USED);
    if (before && before.states.cost !== "ok") this.#warn(BUDGET_NEARLY_USED);
    if (maxCallMs !== undefined) this.#limitTime(Math.max(maxCallMs - (before?.usedMs ?? 0), 0));
  }

  #limitTime(maxCallMs: number): void {
    const { clock, ending, model } = this.#options;
    const end = () => ending.sayGoodbye("time limit");
    if (maxCallMs < WARNED_CALL_MS) {
      this.#cancelTimeLimit = clock.after(maxCallMs, end);
      return;
    }
    this.#cancelTimeLimit = clock.after(maxCallMs - WARNING_MS, () => {
      this.#cancelTimeLimit = clock.after(WARNING_MS, end);
      model.addNote(NEARLY_OVER);
    });
  }

  /** The last minute within the budget may be used: the call ends when the next one begins. */
  #chargeMinutes(minutes: number): void {
    const { ending } = this.#options;
    if (this.#minutes === "over" && !this.#ending) ending.sayGoodbye("time limit");
    const state = this.#account?.chargeMinutes?.(minutes) ?? "ok";
    if (state === "ok") return;
    if (this.#minutes === "ok") this.#warn(MINUTES_NEARLY_USED);
    this.#minutes = state;
  }

  #chargeCost(usd: number): void {
    if (usd === 0) return;
    const { ending } = this.#options;
    const state = this.#account?.chargeCost(usd);
    if (state === "over" && !this.#ending) ending.sayGoodbye("spending limit");
    if (state === "warn") this.#warn(BUDGET_NEARLY_USED);
  }

  #warn(text: string): void {
    if (!this.#ending) this.#options.model.addNote(text);
  }
}
