/**
 * The interface between a call and a speech-to-speech model, the same for every dialect.
 *
 * Audio on this side is always µ-law, 8 kHz, mono; a dialect that uses another format converts it.
 */

import type { Log } from "../telemetry/log.ts";
import type { SessionOptions } from "./session_options.ts";
import type { TokenUsage, TranscriptionUsage } from "./token_usage.ts";

/** A conversation item of the model; one response may have several. */
export type ItemId = string;

/** Speaker of an item. */
export type Speaker = "caller" | "assistant";

/** How much of an item the caller heard. */
export interface HeardItem {
  readonly itemId: ItemId;
  /** Whole milliseconds. */
  readonly heardMs: number;
}

/** A function call by the model. */
export interface FunctionCall {
  readonly callId: string;
  readonly name: string;
  /** JSON text as the model wrote it, not validated. */
  readonly arguments: string;
}

/** An item of a conversation that another session, or an earlier part of the call, had. */
export type HistoryItem =
  | {
    readonly type: "caller" | "assistant" | "note";
    readonly text: string;
    /** An item with the name of an earlier one replaces it, or removes it if the text is empty. */
    readonly name?: string | undefined;
  }
  | { readonly type: "function call"; readonly call: FunctionCall }
  | { readonly type: "function result"; readonly callId: string; readonly output: string };

/** What a ready session can do. */
export interface SessionInfo {
  /** Time until the vendor ends the session (ms), if known. */
  readonly lifetimeMs?: number | undefined;
  /** Whether silence must be sent while nobody is on the line (GPT-Live). */
  readonly needsSilence: boolean;
}

/** An MCP tool call that waits for {@linkcode ModelSession.sendApproval}. */
export interface ApprovalRequest {
  readonly id: string;
  readonly server: string;
  readonly name: string;
  readonly arguments: string;
}

/**
 * A call of an MCP server's tool. The vendor's server runs it. The model speaks about the result only in a requested
 * response.
 */
export interface McpCall {
  readonly id: string;
  /** Label of the server, and name of the tool; empty if the model did not report them. */
  readonly server: string;
  readonly name: string;
  /** Whether the response that made the call was still in progress at its start. */
  readonly inResponse: boolean;
}

/** How an MCP call ended; `none` if it did not run, or waits for approval. */
export type McpCallResult = "ok" | "failed" | "none";

/** A spoken response the model should make. */
export interface ResponseRequest {
  /** Apply to this response only, in addition to the session's. */
  readonly instructions?: string | undefined;
  /** Called after {@linkcode ModelObserver.responseDone} for this response; never called if the model rejects the request. */
  readonly onDone?: ((outcome: ResponseOutcome) => void) | undefined;
  /** Called when the model refuses the request, because another response is in progress. It is requested again afterwards. */
  readonly onPostponed?: (() => void) | undefined;
  /** Waits while the caller speaks; dropped if the model responds to a caller turn that ended after the request. */
  readonly yieldsToCaller?: boolean;
}

/** A conversation with a speech model. Never throws; reports failures to its {@linkcode ModelObserver}. */
export interface ModelSession {
  /** Sends caller audio: base64 of µ-law. Ignored until the session is ready. */
  appendAudio(payload: string): void;
  /** Requests a response now, or after the one in progress. */
  requestResponse(request?: ResponseRequest): void;
  /** Sends the result of a function call. Does not trigger a response. */
  sendFunctionResult(callId: string, output: string): void;
  /** Answers an {@linkcode ApprovalRequest}. */
  sendApproval(id: string, approved: boolean): void;
  /** Adds a system message to the conversation, queued until the session is ready. Does not trigger a response. */
  addSystemMessage(text: string): void;
  /** Adds items in order; before `sessionReady` they are queued. They are never reported by `itemAdded`. */
  restore(items: readonly HistoryItem[]): void;
  /** Removes an item from the model's conversation, if the dialect can. */
  deleteItem(itemId: ItemId): void;
  /** Asks the server for a sign of life now. */
  probe(): void;
  /**
   * Discards an unfinished caller turn and sends no caller audio from now on. Responses requested before, and responses to
   * the caller, are cancelled and not heard.
   */
  stopListening(): void;
  /** Discards further audio of the current response and truncates the items at what the caller heard. */
  interrupt(heard: readonly HeardItem[]): void;
  /** Stops generation of the current response, if any. */
  cancelResponse(): void;
  /** Whether a caller is on the line. Only then does the model speak on its own after a silence. Default: false. */
  setCallerPresent(present: boolean): void;
  /** Whether a response is in progress or requested; keeps its last value after the session ended. */
  readonly hasPendingResponse: boolean;
  /** Caller audio not yet sent (bytes). */
  readonly bufferedBytes: number;
  /**
   * Requests a text response (within 8 s), then ends the session. The observer receives nothing more.
   *
   * @param done Receives the text, or undefined if none arrived.
   * @param conversation The model's only input. Undefined: the session's conversation.
   */
  closeWithText(
    instructions: string,
    done: (written: TextResponse | undefined) => void,
    conversation?: string,
  ): void;
  /** Ends the session. The observer receives nothing more. */
  close(): void;
}

/** How one response ended. */
export interface ResponseOutcome {
  readonly status: "completed" | "cancelled" | "failed" | "incomplete";
  /** The vendor's reason, if given: `turn_detected`, `max_output_tokens`, an error code. */
  readonly reason?: string;
  /** Whether any of its audio arrived. */
  readonly hasAudio: boolean;
  readonly usage: TokenUsage;
}

/** A text the model wrote instead of speaking. */
export interface TextResponse {
  readonly text: string;
  readonly usage: TokenUsage;
}

/** Why a session ended unexpectedly. */
export interface SessionFailure {
  /**
   * The vendor's code, or one of Parley's: `connect`, `unauthorized` (HTTP 401 or 403), `not_ready`, `format_mismatch`,
   * `session_refused`, `closed`, `flood` (too many bytes), `malformed` (too many malformed events). See `isRefusal`.
   */
  readonly code: string;
  readonly message: string;
}

/** Start or end of the caller's speech, as detected by voice activity detection. */
export interface SpeechEdge {
  /** The item that will hold this speech. */
  readonly itemId: ItemId;
  /** Offset in the audio sent to the session (ms): a start includes the padding before it, an end the pause after it. */
  readonly audioMs: number;
}

/** Receives the events of a session. */
export interface ModelObserver {
  /** The session is configured as requested; audio may flow both ways. */
  sessionReady(info?: SessionInfo): void;
  /** The server has received the session's audio up to this offset (ms of the session). */
  audioAcknowledged(audioMs: number): void;
  /** A probe is unanswered for 600 ms, or was answered again. */
  lineSuspect(suspect: boolean): void;
  /** Part of the context in use, 0 to 1. */
  contextUsed(ratio: number): void;
  /** The caller's turn is in the model's conversation. */
  turnCommitted(itemId: ItemId | undefined): void;
  callerSpeechStarted(at?: SpeechEdge): void;
  callerSpeechStopped(at?: SpeechEdge): void;
  /** µ-law audio of an item, in order. */
  assistantAudio(itemId: ItemId, audio: Uint8Array): void;
  responseDone(outcome: ResponseOutcome): void;
  /** The conversation has a new item after `previous`; `speaker` is undefined for messages and function calls. */
  itemAdded(itemId: ItemId, previous: ItemId | undefined, speaker: Speaker | undefined): void;
  transcriptDelta(itemId: ItemId, speaker: Speaker, text: string): void;
  /** The full transcript of the caller's speech; may arrive after the response to it. Billed apart from responses. */
  callerTranscript(itemId: ItemId, transcript: string, usage?: TranscriptionUsage): void;
  /** The full transcript of an assistant item, whether the caller heard it or not. */
  assistantTranscript(itemId: ItemId, transcript: string): void;
  functionCalled(call: FunctionCall): void;
  approvalRequested(request: ApprovalRequest): void;
  /** A call began, or was approved. Each has one {@linkcode mcpCallEnded}, unless the session ends before. */
  mcpCallStarted(call: McpCall): void;
  mcpCallEnded(call: McpCall, result: McpCallResult): void;
  /** The model reported an error that does not end the session. */
  modelError(code: string | undefined): void;
  /** An event was malformed and skipped. */
  malformedEvent(): void;
  /** The session failed. Called once; no event follows. */
  sessionFailed(failure: SessionFailure): void;
}

/** Opens a session of one dialect. It connects in the background and reports `sessionReady` or `sessionFailed`. */
export type OpenSession = (options: SessionOptions, observer: ModelObserver, log: Log) => ModelSession;
