import type { CallRecord as KeptCall } from "../records/call_record.ts";
import type { EndReason } from "./ending.ts";

/** What is known of a call that is over. */
export interface CallRecord extends
  Pick<
    KeptCall,
    | "callSid"
    | "direction"
    | "from"
    | "to"
    | "assistant"
    | "model"
    | "startedAt"
    | "seconds"
    | "tokens"
    | "events"
  > {
  readonly reason: EndReason;
  /** How many turns the caller had. */
  readonly turns: number;
  readonly bargeIns: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What the model's answers cost, as far as prices are known (US dollars). */
  readonly costUsd: number;
  /** What was said, in order, as far as it was heard. */
  readonly said: KeptCall["turns"];
}
