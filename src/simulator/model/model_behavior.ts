/** The interface between the simulated model and the code that decides its responses. */

import type { AudioFormat } from "./model_audio.ts";
import type { SessionConfig } from "./session_config.ts";
import type { StoredItem } from "./conversation_items.ts";
import type { TurnAudio } from "./input_audio_buffer.ts";

/**
 * A spoken message: audio bytes in the output format, and their transcript. Without audio, a text message.
 */
export interface Speech {
  readonly type: "speech";
  readonly audio: Uint8Array | undefined;
  readonly transcript: string;
}

export interface FunctionCall {
  readonly type: "call";
  readonly callId: string;
  readonly name: string;
  /** Usually JSON; a script may use invalid JSON. */
  readonly arguments: string;
  /** Time to send the arguments (ms). */
  readonly durationMs: number;
}

/** A tool of a remote MCP server, with its output. */
export interface McpTool {
  readonly server: string;
  readonly name: string;
  readonly arguments: string;
  readonly output: string;
  /** The tool fails with this message, instead of its output. */
  readonly error?: string | undefined;
  /** Run time (ms). */
  readonly durationMs: number;
}

/** The model uses a tool of a remote server. */
export interface McpToolCall extends McpTool {
  readonly type: "mcp_call";
}

/** The model requests approval to use a tool of a remote server, and uses it when approved. */
export interface ApprovalRequest extends McpTool {
  readonly type: "approval";
  readonly id: string;
}

export interface ResponsePlan {
  readonly items: readonly (Speech | FunctionCall | McpToolCall | ApprovalRequest)[];
  /** From `response.created` to the first item (ms). */
  readonly delayMs: number;
  readonly end:
    | { readonly type: "completed" }
    | { readonly type: "failed"; readonly code: string }
    | { readonly type: "hang" }
    | { readonly type: "close"; readonly code: number };
}

export interface ResponseRequest {
  /** The client's `response.create`; undefined for a response to the caller's turn. */
  readonly requested: { readonly instructions: string | undefined } | undefined;
  /** The caller's last message, if it is unanswered. */
  readonly unanswered: StoredItem | undefined;
  readonly config: SessionConfig;
  readonly format: AudioFormat;
}

/** A transcript of the caller's turn, and the time from its commit until it is sent (ms). */
export interface Transcription {
  readonly text: string;
  readonly delayMs: number;
}

/** Decides the model's responses, and observes the client's events. */
export interface ModelBehavior {
  /** Silence that ends a turn with semantic VAD (ms). Default: 600. */
  readonly semanticSilenceMs?: number;
  /** Default: the length of the speech, after 100 ms. */
  transcribe?(turn: TurnAudio): Transcription;
  /** @throws {ClientEventError} for an `error` event instead of a response. */
  planResponse(request: ResponseRequest): ResponsePlan;
  /** A response was sent completely, or cancelled. */
  onResponseEnd?(plan: ResponsePlan): void;
  onSessionUpdate?(config: SessionConfig): void;
  /** The client added a text message: of the system, or of the user without audio. */
  onText?(text: string): void;
  onFunctionOutput?(callId: string, output: string): void;
  onApproval?(id: string, approved: boolean): void;
}
