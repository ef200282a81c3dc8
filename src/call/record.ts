import type { BilledTokens } from "./answers.ts";
import type { CallEvent } from "./call_events.ts";
import type { EndReason } from "./ending.ts";
import type { SaidTurn } from "./transcript.ts";

/** What is known of a call that is over. */
export interface CallRecord {
  readonly callSid: string;
  readonly direction: "inbound" | "outbound";
  /** What the network said: E.164, or `anonymous`, `client:…`, `sip:…`. */
  readonly from: string;
  readonly to: string;
  readonly assistant: string;
  /** Name under which its answers are counted and priced. */
  readonly model: string;
  /** When it was announced, ISO 8601. */
  readonly startedAt: string;
  readonly reason: EndReason;
  /** From the start of its stream (s); 0 where none came. */
  readonly seconds: number;
  readonly turns: number;
  readonly bargeIns: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The same by kind and use. */
  readonly tokens: BilledTokens;
  /** What the model's answers cost, as far as prices are known (US dollars). */
  readonly costUsd: number;
  /** What was said, in order, as far as it was heard. */
  readonly said: readonly SaidTurn[];
  readonly events: readonly CallEvent[];
  /** What the model wrote of it, where it was asked to. */
  readonly summary?: string;
}
