import type { RealtimeServerEvent } from "openai/resources/realtime/realtime";
import { TEXT_METADATA } from "./ga_client.ts";
import { isObject, type JsonObject, parseObject } from "../../json.ts";
import type { ApprovalRequest, FunctionCall, SpeechEdge, TokenCounts, Usage } from "../session.ts";

type Vendor<Type extends RealtimeServerEvent["type"]> = Extract<RealtimeServerEvent, { type: Type }>;
type Only<Type extends RealtimeServerEvent["type"], Field extends keyof Vendor<Type> = never> = Pick<
  Vendor<Type>,
  Field | Extract<keyof Vendor<Type>, "type">
>;

/** The server events a phone call acts on, cut down to the fields it reads. */
export type ServerEvent =
  | Only<"response.output_audio.delta", "response_id" | "item_id" | "delta">
  | Only<"response.output_audio.done", "response_id" | "item_id">
  | {
    readonly type: "input_audio_buffer.speech_started" | "input_audio_buffer.speech_stopped";
    readonly at: SpeechEdge | undefined;
  }
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
    readonly type: "words";
    readonly who: "caller" | "assistant";
    readonly itemId: string;
    readonly words: string;
  }
  | {
    readonly type: "transcript";
    readonly who: "caller" | "assistant";
    readonly itemId: string;
    readonly text: string;
  }
  | { readonly type: "function_call"; readonly call: FunctionCall }
  | { readonly type: "mcp_approval_request"; readonly request: ApprovalRequest }
  | {
    readonly type: "response.done";
    readonly responseId: string;
    readonly status: ResponseStatus;
    readonly reason: string | undefined;
    readonly usage: Usage;
    /** What was written, where a text was asked for. */
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

export type ResponseStatus = "completed" | "cancelled" | "failed" | "incomplete";

/** `audio/pcmu`, or `audio/pcm` with its rate in Hz. */
export interface AudioFormat {
  readonly type: string | undefined;
  readonly rate: number | undefined;
}

/** A frame that is not acted on: another event's name, or what was wrong with it. */
export type Unread = { readonly type: "other"; readonly name: string } | {
  readonly type: "malformed";
  readonly name: string;
};

/** Reads one text frame of the GA Realtime wire; never throws. */
export function readServerEvent(text: string): ServerEvent | Unread {
  const event = parseObject(text);
  if (!event) return malformed("not a JSON object");
  if (typeof event.type !== "string") return malformed("no type");
  const { type } = event;
  switch (type) {
    case "response.output_audio.delta":
    case "response.audio.delta": { // the beta name: servers that say they are compatible still use it
      const { response_id, item_id, delta } = event;
      if (typeof response_id !== "string" || typeof item_id !== "string" || typeof delta !== "string") break;
      return { type: "response.output_audio.delta", response_id, item_id, delta };
    }
    case "response.output_audio.done":
    case "response.audio.done": {
      const { response_id, item_id } = event;
      if (typeof response_id !== "string" || typeof item_id !== "string") break;
      return { type: "response.output_audio.done", response_id, item_id };
    }
    case "input_audio_buffer.speech_started":
      return { type, at: readSpeechEdge(event.item_id, event.audio_start_ms) };
    case "input_audio_buffer.speech_stopped":
      return { type, at: readSpeechEdge(event.item_id, event.audio_end_ms) };
    case "session.created":
      if (!isObject(event.session)) break;
      return {
        type,
        sessionId: string(event.session.id) ?? "",
        expiresAt: number(event.session.expires_at),
      };
    case "session.updated":
      if (!isObject(event.session)) break;
      return {
        type,
        inputFormat: readFormat(event.session.audio, "input"),
        outputFormat: readFormat(event.session.audio, "output"),
      };
    case "response.created":
      if (!isObject(event.response) || typeof event.response.id !== "string") break;
      return { type, responseId: event.response.id };
    case "conversation.item.input_audio_transcription.delta":
      return readWords("caller", event);
    case "response.output_audio_transcript.delta":
      return readWords("assistant", event);
    case "conversation.item.input_audio_transcription.completed":
      return readTranscript("caller", event);
    case "response.output_audio_transcript.done":
      return readTranscript("assistant", event);
    case "conversation.item.added":
      if (!isObject(event.item) || typeof event.item.id !== "string") break;
      return {
        type: "item",
        itemId: event.item.id,
        previous: string(event.previous_item_id),
        role: string(event.item.role),
      };
    case "response.output_item.done":
      return isObject(event.item) ? readFunctionCall(event.item) : malformed(type);
    case "conversation.item.done":
      return isObject(event.item) ? readApprovalRequest(event.item) : malformed(type);
    case "response.done":
      if (!isObject(event.response)) break;
      return readResponseDone(event.response) ?? malformed(type);
    case "rate_limits.updated":
      return { type, limits: readRateLimits(event.rate_limits) };
    case "error": {
      const error = isObject(event.error) ? event.error : {};
      return {
        type,
        code: string(error.code),
        message: string(error.message) ?? "no message",
        param: string(error.param),
        eventId: string(error.event_id),
      };
    }
    default:
      return { type: "other", name: type };
  }
  return malformed(type);
}

/** Servers that only say they are compatible may leave it out. */
function readSpeechEdge(itemId: unknown, audioMs: unknown): SpeechEdge | undefined {
  const ms = number(audioMs);
  return typeof itemId === "string" && ms !== undefined ? { itemId, audioMs: ms } : undefined;
}

function readWords(who: "caller" | "assistant", event: JsonObject): ServerEvent | Unread {
  const { item_id: itemId, delta: words } = event;
  if (typeof itemId !== "string" || typeof words !== "string") return malformed("words");
  return { type: "words", who, itemId, words };
}

function readTranscript(who: "caller" | "assistant", event: JsonObject): ServerEvent | Unread {
  const { item_id: itemId, transcript: text } = event;
  if (typeof itemId !== "string" || typeof text !== "string") return malformed("transcript");
  return { type: "transcript", who, itemId, text };
}

/** The arguments of a call that is not completed may be half there. */
function readFunctionCall(item: JsonObject): ServerEvent | Unread {
  const { type, status, call_id: callId, name, arguments: text } = item;
  if (type !== "function_call" || status !== "completed") return { type: "other", name: "output item" };
  if (typeof callId !== "string" || typeof name !== "string" || typeof text !== "string") {
    return malformed(type);
  }
  return { type, call: { callId, name, arguments: text } };
}

function readApprovalRequest({ type, id, name, ...item }: JsonObject): ServerEvent | Unread {
  if (type !== "mcp_approval_request") return { type: "other", name: "item" };
  if (typeof id !== "string" || typeof name !== "string") return malformed(type);
  const server = string(item.server_label) ?? "";
  return { type, request: { id, name, server, arguments: string(item.arguments) ?? "" } };
}

function readFormat(audio: unknown, side: "input" | "output"): AudioFormat {
  const half = isObject(audio) ? audio[side] : undefined;
  const format = isObject(half) && isObject(half.format) ? half.format : {};
  return { type: string(format.type), rate: number(format.rate) };
}

function readResponseDone(response: JsonObject): ServerEvent | undefined {
  const { id, status } = response;
  if (typeof id !== "string") return undefined;
  if (status !== "completed" && status !== "cancelled" && status !== "failed" && status !== "incomplete") {
    return undefined;
  }
  const details = isObject(response.status_details) ? response.status_details : {};
  const error = isObject(details.error) ? details.error : {};
  return {
    type: "response.done",
    responseId: id,
    status,
    reason: string(error.code) ?? string(details.reason) ?? string(error.type),
    usage: readUsage(response.usage),
    text: member(response.metadata, TEXT_METADATA) === undefined ? undefined : readText(response.output),
  };
}

function readText(output: unknown): string {
  const parts = (Array.isArray(output) ? output : []).flatMap((item) => member(item, "content") ?? []);
  return parts.filter((part) => member(part, "type") === "output_text").map((part) => member(part, "text"))
    .filter((text) => typeof text === "string").join("");
}

/** Counts that are missing or make no sense are 0: they end up in sums that only grow. */
function readUsage(usage: unknown): Usage {
  return {
    inputTokens: count(usage, "input_tokens"),
    outputTokens: count(usage, "output_tokens"),
    text: readTokens(usage, "text_tokens"),
    audio: readTokens(usage, "audio_tokens"),
  };
}

function readTokens(usage: unknown, kind: "text_tokens" | "audio_tokens"): TokenCounts {
  const details = member(usage, "input_token_details");
  const input = count(details, kind);
  return {
    input,
    cached: Math.min(input, count(member(details, "cached_tokens_details"), kind)),
    output: count(member(usage, "output_token_details"), kind),
  };
}

function count(of: unknown, name: string): number {
  const value = member(of, name);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function member(of: unknown, name: string): unknown {
  return isObject(of) ? of[name] : undefined;
}

function readRateLimits(limits: unknown) {
  return (Array.isArray(limits) ? limits : []).filter(isObject).map((limit) => ({
    name: string(limit.name) ?? "",
    limit: number(limit.limit) ?? 0,
    remaining: number(limit.remaining) ?? 0,
    reset: number(limit.reset_seconds) ?? 0,
  }));
}

function malformed(name: string): Unread {
  return { type: "malformed", name };
}

function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
