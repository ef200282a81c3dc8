import { TEXT_METADATA } from "./ga_client_events.ts";
import type { AudioFormat, IgnoredEvent, ServerEvent } from "./server_event.ts";
import { readTranscriptionUsage, readUsage } from "./ga_usage.ts";
import { isObject, type JsonObject, parseObject } from "../../json.ts";
import type { Speaker, SpeechEdge } from "../model_interface.ts";

/** Name of a malformed event that has no type. */
export const NOT_JSON = "not a JSON object";

/**
 * Parses one server event of the GA Realtime API. Never throws.
 *
 * Source: https://platform.openai.com/docs/api-reference/realtime-server-events
 *
 * @param event The parsed text, if the caller has it.
 */
export function readServerEvent(text: string, event = parseObject(text)): ServerEvent | IgnoredEvent {
  if (!event) return malformed(NOT_JSON);
  if (typeof event.type !== "string") return malformed("no type");
  const { type } = event;
  switch (type) {
    case "response.output_audio.delta":
    case "response.audio.delta": { // The beta name, still used by compatible servers.
      const { response_id: responseId, item_id: itemId, delta } = event;
      if (typeof responseId !== "string" || typeof itemId !== "string" || typeof delta !== "string") break;
      return { type: "response.output_audio.delta", responseId, itemId, delta };
    }
    case "response.output_audio.done":
    case "response.audio.done": {
      const { response_id: responseId, item_id: itemId } = event;
      if (typeof responseId !== "string" || typeof itemId !== "string") break;
      return { type: "response.output_audio.done", responseId, itemId };
    }
    case "input_audio_buffer.speech_started":
      return { type, at: readSpeechEdge(event.item_id, event.audio_start_ms) };
    case "input_audio_buffer.speech_stopped":
      return { type, at: readSpeechEdge(event.item_id, event.audio_end_ms) };
    case "input_audio_buffer.committed":
      return { type, itemId: string(event.item_id) };
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
      return readTranscriptDelta("caller", event);
    case "response.output_audio_transcript.delta":
      return readTranscriptDelta("assistant", event);
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
    case "response.output_item.added":
    case "response.output_item.done":
    case "conversation.item.done":
      return isObject(event.item) ? readItem(type, event.item) : malformed(type);
    case "response.mcp_call_arguments.done": {
      const { item_id: itemId, arguments: text } = event;
      if (typeof itemId !== "string" || typeof text !== "string") break;
      return { type, itemId, arguments: text };
    }
    case "response.mcp_call.in_progress":
    case "response.mcp_call.completed":
    case "response.mcp_call.failed":
      if (typeof event.item_id !== "string") break;
      return { type, itemId: event.item_id };
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

/** Compatible servers may omit both fields. */
function readSpeechEdge(itemId: unknown, audioMs: unknown): SpeechEdge | undefined {
  const ms = number(audioMs);
  return typeof itemId === "string" && ms !== undefined ? { itemId, audioMs: ms } : undefined;
}

function readTranscriptDelta(speaker: Speaker, event: JsonObject): ServerEvent | IgnoredEvent {
  const { item_id: itemId, delta: text } = event;
  if (typeof itemId !== "string" || typeof text !== "string") return malformed("transcript delta");
  return { type: "transcript_delta", speaker, itemId, text };
}

function readTranscript(speaker: Speaker, event: JsonObject): ServerEvent | IgnoredEvent {
  const { item_id: itemId, transcript: text } = event;
  if (typeof itemId !== "string" || typeof text !== "string") return malformed("transcript");
  return { type: "transcript", speaker, itemId, text, usage: readTranscriptionUsage(event.usage) };
}

/** Reads an item from the first event that contains all of it. */
function readItem(event: string, item: JsonObject): ServerEvent | IgnoredEvent {
  if (item.type === "mcp_call") return readMcpCall(item);
  if (item.type === "function_call" && event === "response.output_item.done") return readFunctionCall(item);
  if (item.type === "mcp_approval_request" && event === "conversation.item.done") {
    return readApprovalRequest(item);
  }
  return { type: "other", name: event };
}

function readMcpCall({ id, name, ...item }: JsonObject): ServerEvent | IgnoredEvent {
  if (typeof id !== "string") return malformed("mcp_call");
  const failed = isObject(item.error);
  return {
    type: "mcp_call",
    item: {
      itemId: id,
      server: string(item.server_label) ?? "",
      name: string(name) ?? "",
      approvalId: string(item.approval_request_id),
      result: failed ? "failed" : typeof item.output === "string" ? "ok" : undefined,
    },
  };
}

/** Skips calls that are not completed: their arguments may be truncated. */
function readFunctionCall(item: JsonObject): ServerEvent | IgnoredEvent {
  const { type, status, call_id: callId, name, arguments: text } = item;
  if (type !== "function_call" || status !== "completed") return { type: "other", name: "output item" };
  if (typeof callId !== "string" || typeof name !== "string" || typeof text !== "string") {
    return malformed(type);
  }
  return { type, call: { callId, name, arguments: text } };
}

function readApprovalRequest({ type, id, name, ...item }: JsonObject): ServerEvent | IgnoredEvent {
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
    text: isObject(response.metadata) && TEXT_METADATA in response.metadata
      ? readText(response.output)
      : undefined,
  };
}

function readText(output: unknown): string {
  return (Array.isArray(output) ? output : []).filter(isObject)
    .flatMap(({ content }) => Array.isArray(content) ? content : []).filter(isObject)
    .map(({ type, text }) => type === "output_text" && typeof text === "string" ? text : "").join("");
}

function readRateLimits(limits: unknown) {
  return (Array.isArray(limits) ? limits : []).filter(isObject).map((limit) => ({
    name: string(limit.name) ?? "",
    limit: number(limit.limit) ?? 0,
    remaining: number(limit.remaining) ?? 0,
    reset: number(limit.reset_seconds) ?? 0,
  }));
}

function malformed(name: string): IgnoredEvent {
  return { type: "malformed", name };
}

function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
