import type {
  ApprovalRequest,
  FunctionCall,
  ResponseOutcome,
  Speaker,
  SpeechEdge,
} from "../model_interface.ts";
import type { TokenUsage, TranscriptionUsage } from "../token_usage.ts";
import type { McpCallItem } from "./mcp_calls.ts";

/** The server events a phone call acts on, reduced to the fields it reads. */
export type ServerEvent =
  | {
    readonly type: "response.output_audio.delta";
    readonly responseId: string;
    readonly itemId: string;
    /** Base64 in the session's audio format. */
    readonly delta: string;
  }
  | { readonly type: "response.output_audio.done"; readonly responseId: string; readonly itemId: string }
  | {
    readonly type: "input_audio_buffer.speech_started" | "input_audio_buffer.speech_stopped";
    readonly at: SpeechEdge | undefined;
  }
  | { readonly type: "input_audio_buffer.committed"; readonly itemId: string | undefined }
  | { readonly type: "session.created"; readonly sessionId: string; readonly expiresAt: number | undefined }
  | {
    readonly type: "session.updated";
    readonly inputFormat: AudioFormat;
    readonly outputFormat: AudioFormat;
  }
  | { readonly type: "response.created"; readonly responseId: string }
  | {
    readonly type: "item";
    readonly itemId: string;
    readonly previous: string | undefined;
    readonly role: string | undefined;
  }
  | {
    readonly type: "transcript_delta";
    readonly speaker: Speaker;
    readonly itemId: string;
    readonly text: string;
  }
  | {
    readonly type: "transcript";
    readonly speaker: Speaker;
    readonly itemId: string;
    readonly text: string;
    /** Of the caller's speech. */
    readonly usage: TranscriptionUsage | undefined;
  }
  | { readonly type: "function_call"; readonly call: FunctionCall }
  | { readonly type: "mcp_approval_request"; readonly request: ApprovalRequest }
  | { readonly type: "mcp_call"; readonly item: McpCallItem }
  | {
    readonly type: "response.mcp_call_arguments.done";
    readonly itemId: string;
    readonly arguments: string;
  }
  | { readonly type: McpCallProgress; readonly itemId: string }
  | {
    readonly type: "response.done";
    readonly responseId: string;
    readonly status: ResponseOutcome["status"];
    readonly reason: string | undefined;
    readonly usage: TokenUsage;
    /** The text, if this was a `TEXT_METADATA` response. */
    readonly text: string | undefined;
  }
  | {
    readonly type: "rate_limits.updated";
    readonly limits: readonly { name: string; limit: number; remaining: number; reset: number }[];
  }
  | {
    readonly type: "error";
    readonly code: string | undefined;
    readonly message: string;
    readonly param: string | undefined;
    /** The client event that caused it. */
    readonly eventId: string | undefined;
  };

type McpCallProgress =
  | "response.mcp_call.in_progress"
  | "response.mcp_call.completed"
  | "response.mcp_call.failed";

/** `audio/pcmu`, or `audio/pcm` with its rate in Hz. */
export interface AudioFormat {
  readonly type: string | undefined;
  readonly rate: number | undefined;
}

/** An event that is not acted on, by name, or a malformed one with the problem. */
export type IgnoredEvent =
  | { readonly type: "other"; readonly name: string }
  | { readonly type: "malformed"; readonly name: string };
