import type { TurnLatency } from "../telemetry/turn_latency.ts";

export type CallState = "announced" | "connected" | "reconnecting" | "transferring" | "ending" | "ended";

/** A call as plain data. The API, the store, the webhook and the console use the same fields, during the call and after. */
export interface CallRecord {
  readonly callSid: string;
  readonly direction: "inbound" | "outbound";
  /** E.164, or `anonymous`, `client:…`, `sip:…`, as Twilio sends it. */
  readonly from: string;
  readonly to: string;
  readonly assistant: string;
  readonly model: string;
  readonly state: CallState;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  /** Since the stream started (s); 0 before. */
  readonly seconds: number;
  readonly endReason?: string | undefined;
  /** In the order of the conversation, not of their transcripts' arrival. */
  readonly turns: readonly Turn[];
  /** Number of the caller's turns, those without a transcript included. */
  readonly callerTurns: number;
  readonly bargeIns: number;
  readonly events: readonly CallEvent[];
  readonly tokens: Tokens;
  /** The sum of `costs` (US dollars). Usage without a known price counts at the highest known price. */
  readonly costUsd: number;
  readonly costs: CallCosts;
  /** Minutes that the carrier bills: of each leg, those that have begun. */
  readonly carrierMinutes: number;
  /** Written by the model, where summaries are on. */
  readonly summary?: string | undefined;
  readonly messages: readonly CallMessage[];
  readonly recording?: CallRecording | undefined;
}

/** The parts of a call's cost (US dollars). */
export interface CallCosts {
  /** The model's responses. */
  readonly modelUsd: number;
  readonly transcriptionUsd: number;
  readonly summaryUsd: number;
  /** Legs, media streams and answering-machine detection. */
  readonly carrierUsd: number;
}

/** The sum of two calls' costs, or of two parts of a call. */
export function addCosts(a: CallCosts, b: CallCosts): CallCosts {
  return {
    modelUsd: a.modelUsd + b.modelUsd,
    transcriptionUsd: a.transcriptionUsd + b.transcriptionUsd,
    summaryUsd: a.summaryUsd + b.summaryUsd,
    carrierUsd: a.carrierUsd + b.carrierUsd,
  };
}

/** A call without its turns, events, tokens and messages, as call lists show it. */
export type CallOverview = Omit<CallRecord, "turns" | "events" | "tokens" | "messages">;

/** An ended call. */
export interface EndedCall extends CallRecord {
  readonly state: "ended";
  readonly endedAt: string;
  readonly endReason: string;
}

/** An ended call as lists show it. */
export type ListedCall = Omit<EndedCall, "turns" | "events" | "tokens" | "messages" | "recording">;

/** One turn. Times are milliseconds from the stream's start. */
export interface Turn {
  /** The model's conversation item; only while the call runs, like the next three. */
  readonly id?: string | undefined;
  /** Id of the turn before it. */
  readonly previous?: string | undefined;
  /** Whether the transcript is complete. */
  readonly done?: boolean | undefined;
  /** The part of an interrupted answer that the caller did not hear. */
  readonly unheard?: string | undefined;
  readonly speaker: "caller" | "assistant";
  /** Transcript, cut at what the caller heard; undefined when none arrived, "[not recorded]" in a pause of the recording. */
  readonly text?: string | undefined;
  readonly atMs: number;
  /** Of the assistant's audio: how much the caller heard, and its length. */
  readonly heardMs?: number | undefined;
  readonly totalMs?: number | undefined;
  /** Whether the caller barged in. */
  readonly interrupted?: boolean | undefined;
  readonly latency?: TurnLatency | undefined;
  /** The caller's speech as voice activity detection reports it, with prefix padding and trailing silence. */
  readonly spoken?: Span | undefined;
  /** From the model's first audio delta to its last. */
  readonly generated?: Span | undefined;
  /** From the first frame sent to the last mark echoed, or to the barge-in. */
  readonly played?: Span | undefined;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const EVENT_KINDS = [
  "tool",
  "transfer",
  "barge-in",
  "keypad",
  "language",
  "reconnect",
  "answering-machine",
  "whisper",
  "recording",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface CallEvent {
  /** From the stream's start. */
  readonly atMs: number;
  readonly kind: EventKind;
  readonly name: string;
  readonly ok?: boolean | undefined;
  /** Duration; of the recording's "on": length of the pause. */
  readonly ms?: number | undefined;
  readonly detail?: string | undefined;
  /** Of a tool call, as JSON text: secrets redacted, at most 4,000 characters each. */
  readonly arguments?: string | undefined;
  readonly result?: string | undefined;
}

/** Tokens billed. Cached tokens are included in those of the input. */
export interface Tokens {
  readonly textIn: number;
  readonly textCached: number;
  readonly textOut: number;
  readonly audioIn: number;
  readonly audioCached: number;
  readonly audioOut: number;
}

/** The sum of two counts. */
export function addTokens(a: Tokens, b: Tokens): Tokens {
  return {
    textIn: a.textIn + b.textIn,
    textCached: a.textCached + b.textCached,
    textOut: a.textOut + b.textOut,
    audioIn: a.audioIn + b.audioIn,
    audioCached: a.audioCached + b.audioCached,
    audioOut: a.audioOut + b.audioOut,
  };
}

/** A summary that the model wrote after the call, with its tokens and cost. */
export interface WrittenSummary {
  readonly text: string;
  readonly tokens: Tokens;
  /** US dollars. */
  readonly costUsd: number;
}

export const MESSAGE_KINDS = ["message", "callback", "voicemail"] as const;

/** A message for the people whom the assistant answers for. */
export interface CallMessage {
  /**
   * `message`: the assistant took it. `callback`: no model and no person could answer. `voicemail`: the caller spoke it after
   * a tone, because no model could answer.
   */
  readonly kind: (typeof MESSAGE_KINDS)[number];
  /** Empty unless the assistant took the message, like `message`. */
  readonly name: string;
  /** Number to call back, as the caller said it; of other kinds, the one of the call. */
  readonly number: string;
  readonly message: string;
  readonly urgent: boolean;
  /** Place of a voicemail in the call's recording. */
  readonly recorded?: Span | undefined;
}

export interface CallRecording {
  /** `on` and `paused` while the call runs. */
  readonly state: "on" | "paused" | "stored";
  /** Length, once stored. */
  readonly ms?: number | undefined;
  /** File, for the command line only. */
  readonly path?: string | undefined;
}
