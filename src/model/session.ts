/**
 * What a call and a speech model say to each other, whatever dialect the model speaks.
 *
 * Audio on this side is always µ-law, 8 kHz, mono; a dialect that speaks another format converts it.
 */

import type { Log } from "../telemetry/log.ts";
import type { JsonObject } from "../json.ts";
import type { AudioFormatName } from "./wire_audio.ts";

/** Items are the pieces the model speaks in; one answer may have several. */
export type ItemId = string;

/** How much of an item the caller heard, in whole milliseconds. */
export interface Heard {
  readonly itemId: ItemId;
  readonly heardMs: number;
}

/** What a session is opened with. */
export interface SessionOptions {
  /** WebSocket address without a query, such as `wss://api.openai.com/v1/realtime`. */
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly model: string;
  readonly voice: string;
  /** What the audio is on the wire. */
  readonly audioFormat: AudioFormatName;
  readonly instructions: string;
  /** How fast it speaks, from 0.25 to 1.5; 1 without it. */
  readonly speed?: number;
  /** How it is heard that the caller begins and ends to speak. */
  readonly turnDetection?: TurnDetection;
  /** What the noise around the caller comes from; a handset's is taken away without it. */
  readonly noiseReduction?: "near_field" | "far_field" | "off";
  /** How the caller's words become text. */
  readonly transcription?: Transcription | "off";
  /** How long it thinks; only for models that do. */
  readonly reasoning?: "minimal" | "low" | "medium" | "high" | "xhigh";
  /** What it may ask to be done. */
  readonly functions?: readonly FunctionDeclaration[];
  /** Servers whose tools the vendor lets it use. */
  readonly mcpServers?: readonly McpServer[];
  /** Stable and anonymous name of the caller, for the vendor's abuse checks. */
  readonly safetyIdentifier?: string;
}

/** Voice activity detection. Left out: the vendor's default, but for a pause of 500 ms. */
export type TurnDetection = ServerVad | SemanticVad;

/** By loudness and pauses. */
export interface ServerVad {
  readonly type: "server_vad";
  /** From 0 to 1: the higher, the louder speech has to be. */
  readonly threshold?: number;
  /** Audio kept from before speech was heard (ms). */
  readonly prefixPaddingMs?: number;
  /** Pause that ends a turn (ms). */
  readonly silenceDurationMs?: number;
  /** Speaks by itself after this much silence (ms). */
  readonly idleTimeoutMs?: number;
  readonly createResponse?: boolean;
  readonly interruptResponse?: boolean;
}

/** By what is said: a sentence that is not finished is waited for. */
export interface SemanticVad {
  readonly type: "semantic_vad";
  readonly eagerness?: "low" | "medium" | "high" | "auto";
  readonly createResponse?: boolean;
  readonly interruptResponse?: boolean;
}

export interface Transcription {
  readonly model: string;
  /** ISO 639-1. */
  readonly language?: string;
  readonly prompt?: string;
}

/** A function the model may call. */
export interface FunctionDeclaration {
  readonly name: string;
  /** What it does and when to use it, for the model. */
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly parameters: JsonObject;
}

/** A remote server of the Model Context Protocol. The vendor talks to it. */
export interface McpServer {
  readonly label: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly allowedTools: readonly string[];
  /** Whether the vendor may use a tool without asking us. */
  readonly unasked: boolean;
}

/** A function the model called. */
export interface FunctionCall {
  readonly callId: string;
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
}

/** A tool of a remote server that the vendor uses only if we say so. */
export interface ApprovalRequest {
  readonly id: string;
  readonly server: string;
  readonly name: string;
  readonly arguments: string;
}

/** Something the model is asked to say. */
export interface SpeechRequest {
  /** Hold for this one time. */
  readonly instructions?: string | undefined;
  /** Told how exactly this speech ended, after the observer was; never, if the model refuses to make it. */
  readonly answered?: ((answer: Answer) => void) | undefined;
  /** Waits until the caller is silent, and is given up once the model has answered a turn that ended since. */
  readonly lapses?: boolean;
}

/** A conversation with a speech model. It never throws; what goes wrong is told to its {@linkcode ModelObserver}. */
export interface ModelSession {
  /** Gives caller audio: base64 of µ-law. Only once the session is ready. */
  appendAudio(payload: string): void;
  /** Asks the model to speak now, or as soon as it is silent. */
  requestSpeech(request?: SpeechRequest): void;
  /** Gives the model what a function it called came to. It does not answer to it by itself. */
  answerFunction(callId: string, output: string): void;
  /** Lets the vendor use a tool of a remote server, or not. */
  answerApproval(id: string, approved: boolean): void;
  /** Tells the model something the caller did not say. It does not answer to it by itself. */
  addNote(text: string): void;
  /** Stops to listen for good: the model forgets what it has of an unfinished turn, and hears nothing more. */
  stopListening(): void;
  /** Says that what the model is saying will not be played any further, and how much of it was heard. */
  interrupted(heard: readonly Heard[]): void;
  /** Makes the model stop generating; nothing happens when it is silent. */
  stopSpeech(): void;
  /** Whether it is saying something, or is to; still known when it is over. */
  readonly busy: boolean;
  /** Bytes of caller audio that wait in the socket. */
  readonly buffered: number;
  /**
   * Ends the session, but has the model write a text first: 8 s at most. The observer is told nothing more.
   *
   * @param done Told the text and what it is billed for, or nothing where none came.
   */
  closeWithText(instructions: string, done: (written: WrittenText | undefined) => void): void;
  /** Ends the session. The observer is told nothing more. */
  close(): void;
}

/** How one answer of the model ended. */
export interface Answer {
  readonly status: "completed" | "cancelled" | "failed" | "incomplete";
  /** Why, where the vendor says: `turn_detected`, `max_output_tokens`, an error code. */
  readonly reason?: string;
  /** Whether any audio of it came. */
  readonly spoke: boolean;
  readonly usage: Usage;
}

/** A text the model wrote, and nobody heard. */
export interface WrittenText {
  readonly text: string;
  readonly usage: Usage;
}

/** Tokens of one answer, as the vendor counts and bills them. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** How many of them were text, and how many audio; those of a kind the vendor did not name are in neither. */
  readonly text: TokenCounts;
  readonly audio: TokenCounts;
}

/** Tokens of one kind. */
export interface TokenCounts {
  readonly input: number;
  /** The part of `input` that came from the vendor's cache, at a lower price. */
  readonly cached: number;
  readonly output: number;
}

/** Why a session came to an end that nobody asked for. */
export interface SessionFailure {
  /** The vendor's code, or one of ours: `dial`, `not_ready`, `format_mismatch`, `closed`, `overloaded`. */
  readonly code: string;
  readonly message: string;
}

/** Where the caller began or ceased to speak, as voice activity detection heard it. */
export interface SpeechEdge {
  /** What they say becomes this item. */
  readonly itemId: ItemId;
  /** Its place in all audio given to the session (ms): a beginning with the padding before it, an end with the pause after it. */
  readonly audioMs: number;
}

/** Who listens to a session. */
export interface ModelObserver {
  /** The session is configured as asked; audio may flow both ways. */
  ready(): void;
  /** Voice activity detection heard the caller begin to speak. */
  speechStarted(at?: SpeechEdge): void;
  speechStopped(at?: SpeechEdge): void;
  /** µ-law audio of an item, in order. */
  audio(itemId: ItemId, audio: Uint8Array): void;
  answered(answer: Answer): void;
  /** The conversation has another item, behind `previous` where there is one; nobody said a note or a function's call. */
  itemAdded(itemId: ItemId, previous: ItemId | undefined, who: "caller" | "assistant" | undefined): void;
  /** A few words more of an item, as they are known. */
  wordsCame(itemId: ItemId, who: "caller" | "assistant", words: string): void;
  /** What the caller said, as text; it may come late, and after the answer. */
  callerSaid(itemId: ItemId, transcript: string): void;
  /** What the assistant says in an item, all of it, heard or not. */
  assistantSaid(itemId: ItemId, transcript: string): void;
  functionCalled(call: FunctionCall): void;
  approvalAsked(request: ApprovalRequest): void;
  /** The model complained of something, and goes on; its code, where it gave one. */
  complained(code: string | undefined): void;
  /** An event could not be read, and was skipped. */
  skipped(): void;
  /** The session is over; called once, and nothing is called after it. */
  failed(failure: SessionFailure): void;
}

/** Opens a session of one dialect; it connects on its own and calls `ready` or `failed`. */
export type OpenSession = (options: SessionOptions, observer: ModelObserver, log: Log) => ModelSession;
