/** All that is kept of one call, as plain data. */
export interface CallRecord {
  readonly callSid: string;
  readonly direction: "inbound" | "outbound";
  /** What the network said: E.164, or `anonymous`, `client:…`, `sip:…`. */
  readonly from: string;
  readonly to: string;
  readonly assistant: string;
  readonly model: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** From the start of its stream (s); 0 where none came. */
  readonly seconds: number;
  /** How it ended. */
  readonly reason: string;
  /** In the order of the conversation, whenever their texts came. */
  readonly turns: readonly Turn[];
  readonly events: readonly CallEvent[];
  readonly tokens: Tokens;
  /** What the model's answers cost, as far as prices are known (US dollars). */
  readonly modelUsd: number;
  /** Minutes the carrier bills: begun ones count. */
  readonly carrierMinutes: number;
  /** What the model wrote of it, where it was asked to. */
  readonly summary?: string | undefined;
  readonly messages: readonly CallMessage[];
}

/** One thing said. Times count from the stream's start (ms). */
export interface Turn {
  readonly who: "caller" | "assistant";
  /** What was heard of it; undefined where no text came. */
  readonly text?: string | undefined;
  readonly atMs: number;
  /** How much of an answer was heard, of how much there was. */
  readonly heardMs?: number | undefined;
  readonly totalMs?: number | undefined;
  /** Whether the caller talked over it. */
  readonly cut?: boolean | undefined;
  readonly latency?: TurnLatency | undefined;
  /** When the caller said it, as voice activity detection heard it: with its padding before and its pause after. */
  readonly spoken?: Span | undefined;
  /** From the model's first audio of an answer to its last. */
  readonly generated?: Span | undefined;
  /** From the first frame of an answer to the last mark that came back, or to the cut. */
  readonly played?: Span | undefined;
}

/** A stretch of time. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How long each hop of an answer took (ms), each from the end of the one before it. */
export interface TurnLatency {
  /** From the end of the caller's speech to the model's first audio. */
  readonly modelMs?: number | undefined;
  /** To the first frame sent. */
  readonly sentMs?: number | undefined;
  /** To the first mark back. */
  readonly heardMs?: number | undefined;
}

export const EVENT_KINDS = [
  "tool",
  "transfer",
  "barge-in",
  "keys",
  "language",
  "reconnect",
  "machine",
  "whisper",
  "recording",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** One thing done. */
export interface CallEvent {
  readonly atMs: number;
  readonly kind: EventKind;
  readonly name: string;
  readonly ok?: boolean | undefined;
  /** How long it took. */
  readonly ms?: number | undefined;
  readonly detail?: string | undefined;
}

/** Tokens billed. Cached ones are a part of those that went in. */
export interface Tokens {
  readonly textIn: number;
  readonly textCached: number;
  readonly textOut: number;
  readonly audioIn: number;
  readonly audioCached: number;
  readonly audioOut: number;
}

/** A message the caller left. */
export interface CallMessage {
  readonly name: string;
  /** Where to call back, as the caller said it. */
  readonly number: string;
  readonly message: string;
  readonly urgent: boolean;
}
