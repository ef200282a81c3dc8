import type { JsonObject } from "../json.ts";
import type { AudioFormatName } from "./wire_audio.ts";

/** Settings of one session. */
export interface SessionOptions {
  /** WebSocket URL without a query, such as `wss://api.openai.com/v1/realtime`. */
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly model: string;
  readonly voice: string;
  /** Audio format on the wire. */
  readonly audioFormat: AudioFormatName;
  readonly instructions: string;
  /** Speaking rate, 0.25 to 1.5. Default: 1. */
  readonly speed?: number;
  /** Voice activity detection. Default: the vendor's, with a pause of 500 ms. */
  readonly turnDetection?: TurnDetection;
  /** Noise reduction for a handset (`near_field`, the default) or a speakerphone (`far_field`). */
  readonly noiseReduction?: NoiseReduction;
  /** Transcription of the caller's speech. */
  readonly transcription?: Transcription | "off";
  /** Reasoning effort; only for models that reason. */
  readonly reasoning?: ReasoningEffort;
  /** Functions the model may call. */
  readonly functions?: readonly FunctionDeclaration[];
  /** MCP servers whose tools the vendor offers to the model. */
  readonly mcpServers?: readonly McpServer[];
  /** Maximum length of a response (tokens). Default: the model's. */
  readonly maxOutputTokens?: number | undefined;
  /** How a conversation that outgrows the context is shortened; a number is the part of it to keep. Default: the model's. */
  readonly truncation?: "auto" | "disabled" | number | undefined;
  /** Events that are logged with their content: names, in which `*` stands for any text. */
  readonly logEvents?: readonly string[] | undefined;
  /** Asked for each of these events. Default: true. */
  readonly mayLogContent?: (() => boolean) | undefined;
  /** Timeout for dial, upgrade and `session.updated` together (ms). Default: 3,000. */
  readonly readyMs?: number | undefined;
  /** Time within which the server must answer a ping (ms). Default: 3,000. */
  readonly pongMs?: number | undefined;
  /** Who requests the answer to a caller's turn. With `parley`, the server neither answers nor interrupts by itself. */
  readonly answers?: "server" | "parley" | undefined;
  /** Stable, anonymous identifier of the caller, for the vendor's abuse checks. */
  readonly safetyIdentifier?: string;
}

export type NoiseReduction = "near_field" | "far_field" | "off";
export type ReasoningEffort = "minimal" | "low" | "medium" | "high" | "xhigh";
export type TurnDetection = ServerVad | SemanticVad;

/** Detects turns by loudness and pauses. */
export interface ServerVad {
  readonly type: "server_vad";
  /** From 0 to 1; a higher value needs louder speech. */
  readonly threshold?: number | undefined;
  /** Audio kept from before the detected speech (ms). */
  readonly prefixPaddingMs?: number | undefined;
  /** Pause that ends a turn (ms). */
  readonly silenceDurationMs?: number | undefined;
  /** The model speaks on its own after this much silence (ms). */
  readonly idleTimeoutMs?: number | undefined;
  readonly createResponse?: boolean | undefined;
  readonly interruptResponse?: boolean | undefined;
}

/** Detects turns by meaning: waits until the sentence is complete. */
export interface SemanticVad {
  readonly type: "semantic_vad";
  readonly eagerness?: "low" | "medium" | "high" | "auto" | undefined;
  readonly createResponse?: boolean | undefined;
  readonly interruptResponse?: boolean | undefined;
}

export interface Transcription {
  readonly model: string;
  /** ISO 639-1. */
  readonly language?: string | undefined;
  readonly prompt?: string | undefined;
}

/** Transcription of an assistant that has no setting for it. */
export const DEFAULT_TRANSCRIPTION: Transcription = { model: "gpt-transcribe" };

/** A function the model may call. */
export interface FunctionDeclaration {
  readonly name: string;
  /** Purpose and use of the function, for the model. */
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly parameters: JsonObject;
}

/** A remote Model Context Protocol server. The vendor connects to it. */
export interface McpServer {
  readonly label: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly allowedTools: readonly string[];
  /** Whether the vendor runs its tools without an `ApprovalRequest`. */
  readonly autoApproved: boolean;
}
