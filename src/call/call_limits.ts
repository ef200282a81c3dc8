import type { Cancel, Clock } from "../clock.ts";
import type { CallEnding } from "./call_ending.ts";
import type { CallEventStream } from "./call_event_stream.ts";
import type { ModelLink } from "./conversation/model_link.ts";

/** The assistant is warned this long before the time limit (ms) … */
const WARNING_MS = 30_000;
/** … in calls that may last at least this long (ms). */
const WARNED_CALL_MS = 60_000;
const NEARLY_OVER =
  `This call will be ended in ${WARNING_MS / 1000} seconds. Bring it to a good end: finish what matters, ` +
  "and begin nothing new.";

/** The carrier bills each minute that has begun (ms). */
const MINUTE_MS = 60_000;

/** State of a budget after a charge: within it, nearly used up, or used up. */
export type BudgetState = "ok" | "warn" | "over";

export interface CallLimitsOptions {
  readonly model: Pick<ModelLink, "note">;
  readonly ending: Pick<CallEnding, "sayGoodbye">;
  readonly events: CallEventStream;
  readonly clock: Clock;
  /** Maximum duration of a call, from its first stream (ms). */
  readonly maxMs?: number | undefined;
  /** Charges a response to the call's budgets (US dollars). */
  readonly chargeCost?: ((usd: number) => BudgetState) | undefined;
  /** Charges minutes on the line to the call's budgets. */
  readonly chargeMinutes?: ((minutes: number) => BudgetState) | undefined;
}

/** Limits a call's time and cost: warns the assistant first, then ends the call with a goodbye. */
export class CallLimits {
  readonly #options: CallLimitsOptions;
  #timeLimit: Cancel | undefined;
  #minutes: Cancel | undefined;
  #started = false;

  constructor(options: CallLimitsOptions) {
    this.#options = options;
    const { events, chargeCost } = options;
    events.on("stream attached", () => this.#start());
    events.on(["response finished", "caller transcribed"], ({ costUsd }) => {
      if (costUsd) this.#charge(costUsd);
    });
    events.on("summary written", ({ costUsd }) => {
      if (costUsd) chargeCost?.(costUsd);
    });
    events.on("call ending", () => {
      this.#started = true;
      this.#timeLimit?.();
      this.#minutes?.();
    });
  }

  /** Starts at the first stream; time in a transfer counts. */
  #start(): void {
    if (this.#started) return;
    this.#started = true;
    const { chargeMinutes, maxMs } = this.#options;
    if (chargeMinutes) this.#countMinutes(chargeMinutes);
    if (maxMs !== undefined) this.#limitTime(maxMs);
  }

  #limitTime(maxMs: number): void {
    const { clock, ending, model } = this.#options;
    const end = () => ending.sayGoodbye("time limit");
    if (maxMs < WARNED_CALL_MS) {
      this.#timeLimit = clock.after(maxMs, end);
      return;
    }
    this.#timeLimit = clock.after(maxMs - WARNING_MS, () => {
      this.#timeLimit = clock.after(WARNING_MS, end);
      model.note(NEARLY_OVER);
    });
  }

  /** Charges the minute that begins now. The last one is charged too, so the call may use it. */
  #countMinutes(chargeMinutes: (minutes: number) => BudgetState, warned = false): void {
    const { clock, ending, model } = this.#options;
    const state = chargeMinutes(1);
    const warn = state !== "ok" && !warned;
    if (warn) model.note("The minutes for today are nearly used up: come to an end soon.");
    this.#minutes = clock.after(MINUTE_MS, () => {
      if (state === "over") ending.sayGoodbye("time limit");
      else this.#countMinutes(chargeMinutes, warned || warn);
    });
  }

  #charge(usd: number): void {
    const { chargeCost, ending, model } = this.#options;
    const state = chargeCost?.(usd);
    if (state === "over") ending.sayGoodbye("spending limit");
    if (state === "warn") model.note("This call has nearly used up its budget: come to an end soon.");
  }
}
