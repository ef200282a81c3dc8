/** What the stand-in says, and who decides it. */

import type { AudioFormat } from "./audio.ts";
import type { SessionConfig } from "./config.ts";
import type { StoredItem } from "./conversation.ts";

/** Something said: bytes of the output format, and their text. Without audio it is written, not said. */
export interface Speech {
  readonly type: "speech";
  readonly audio: Uint8Array | undefined;
  readonly transcript: string;
}

/** A function the model calls. */
export interface FunctionCall {
  readonly type: "call";
  readonly callId: string;
  readonly name: string;
  /** JSON, if the model got it right. */
  readonly arguments: string;
  /** How long the arguments take to come, in ms. */
  readonly overMs: number;
}

/** A tool of a remote server the model asks to be allowed. */
export interface ApprovalRequest {
  readonly type: "approval";
  readonly id: string;
  readonly server: string;
  readonly name: string;
  readonly arguments: string;
}

/** One response: what it consists of, one after the other. */
export interface ResponsePlan {
  readonly pieces: readonly (Speech | FunctionCall | ApprovalRequest)[];
  /** How long nothing comes after it was created, in ms. */
  readonly delayMs: number;
  /** What comes after the last piece. */
  readonly end:
    | { readonly type: "completed" }
    | { readonly type: "failed"; readonly code: string }
    | { readonly type: "hang" }
    | { readonly type: "close"; readonly code: number };
}

/** A response is due. */
export interface ResponseRequest {
  /** What this one response is told; undefined where a turn of the caller asks for it. */
  readonly asked: { readonly instructions: string | undefined } | undefined;
  /** What the caller said last, if nobody has answered it. */
  readonly unanswered: StoredItem | undefined;
  readonly config: SessionConfig;
  readonly format: AudioFormat;
}

/** Decides what a model says, and is told what the model is told. */
export interface Mind {
  /**
   * Plans the response that is due.
   *
   * @throws {ModelFault} when there is to be none: the fault is answered in its place.
   */
  respond(request: ResponseRequest): ResponsePlan;
  /** A response is over: all of it has been sent, or it was cancelled. */
  responded?(plan: ResponsePlan): void;
  /** The session has these settings now. */
  configured?(config: SessionConfig): void;
  /** A text was put into the conversation: a system message, or words of the caller that were not spoken. */
  noted?(text: string): void;
  /** A function that was called has come to something. */
  functionAnswered?(callId: string, output: string): void;
  /** A tool that was asked for may be used, or not. */
  approvalAnswered?(id: string, approved: boolean): void;
}
