import { z } from "zod";
import { isObject } from "../../json.ts";
import {
  audioFormat,
  maxOutputTokens,
  outputModalities,
  reasoning,
  sessionPatch,
  toolChoice,
  tools,
  voice,
} from "./session_config.ts";
import { readStrictly } from "./strict_schema.ts";
import { ClientEventError } from "./server_events.ts";

const itemCommon = {
  id: z.string().exactOptional(),
  object: z.literal("realtime.item").exactOptional(),
  status: z.enum(["completed", "incomplete", "in_progress"]).exactOptional(),
};
const inputText = z.strictObject({ type: z.literal("input_text"), text: z.string() });
const userContent = z.discriminatedUnion("type", [
  inputText,
  z.strictObject({
    type: z.literal("input_audio"),
    audio: z.string(),
    transcript: z.string().exactOptional(),
  }),
  z.strictObject({
    type: z.literal("input_image"),
    image_url: z.string(),
    detail: z.enum(["auto", "low", "high"]).exactOptional(),
  }),
]);
// Text only: the API does not let a client create assistant audio.
const outputText = z.strictObject({ type: z.literal("output_text"), text: z.string() });
const message = { ...itemCommon, type: z.literal("message") };
const newItem = z.discriminatedUnion("type", [
  z.discriminatedUnion("role", [
    z.strictObject({ ...message, role: z.literal("user"), content: z.array(userContent) }),
    z.strictObject({ ...message, role: z.literal("system"), content: z.array(inputText) }),
    z.strictObject({ ...message, role: z.literal("assistant"), content: z.array(outputText) }),
  ]),
  z.strictObject({
    ...itemCommon,
    type: z.literal("function_call"),
    name: z.string(),
    arguments: z.string(),
    call_id: z.string().exactOptional(),
  }),
  z.strictObject({
    ...itemCommon,
    type: z.literal("function_call_output"),
    call_id: z.string(),
    output: z.string(),
  }),
  z.strictObject({
    id: z.string().exactOptional(),
    type: z.literal("mcp_approval_response"),
    approval_request_id: z.string(),
    approve: z.boolean(),
    reason: z.string().nullable().exactOptional(),
  }),
]);

const responseOverrides = z.strictObject({
  instructions: z.string(),
  output_modalities: outputModalities,
  audio: z.strictObject({ output: z.strictObject({ format: audioFormat, voice }).exactPartial() }),
  tools,
  tool_choice: toolChoice,
  max_output_tokens: maxOutputTokens,
  conversation: z.literal("auto"),
  metadata: z.record(z.string(), z.string()).nullable(),
  parallel_tool_calls: z.boolean(),
  reasoning,
}).exactPartial();

const eventId = { event_id: z.string().max(512).exactOptional() };
const clientEvent = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("session.update"), session: sessionPatch, ...eventId }),
  z.strictObject({ type: z.literal("input_audio_buffer.append"), audio: z.string(), ...eventId }),
  z.strictObject({ type: z.literal("input_audio_buffer.commit"), ...eventId }),
  z.strictObject({ type: z.literal("input_audio_buffer.clear"), ...eventId }),
  z.strictObject({
    type: z.literal("conversation.item.create"),
    item: newItem,
    previous_item_id: z.string().nullable().exactOptional(),
    ...eventId,
  }),
  z.strictObject({ type: z.literal("conversation.item.retrieve"), item_id: z.string(), ...eventId }),
  z.strictObject({ type: z.literal("conversation.item.delete"), item_id: z.string(), ...eventId }),
  z.strictObject({
    type: z.literal("conversation.item.truncate"),
    item_id: z.string(),
    content_index: z.literal(0),
    audio_end_ms: z.int().min(0),
    ...eventId,
  }),
  z.strictObject({
    type: z.literal("response.create"),
    response: responseOverrides.exactOptional(),
    ...eventId,
  }),
  z.strictObject({
    type: z.literal("response.cancel"),
    response_id: z.string().exactOptional(),
    ...eventId,
  }),
  z.strictObject({ type: z.literal("output_audio_buffer.clear"), ...eventId }),
]);

/** A client event that fits the schema. */
export type ClientEvent = z.output<typeof clientEvent>;
/** An item created by a client. */
export type NewItem = z.output<typeof newItem>;
/** Session settings overridden for one response. */
export type ResponseOverrides = z.output<typeof responseOverrides>;

/**
 * Parses one frame of the socket into an object with a type; its other fields are not checked.
 *
 * @throws {ClientEventError} `invalid_event` for a binary frame or an object without a type, `invalid_json`.
 */
export function parseFrame(frame: unknown): Record<string, unknown> & { type: string } {
  if (typeof frame !== "string") {
    const message = "Expected a text WebSocket message; binary frames are not supported.";
    throw new ClientEventError("invalid_event", message);
  }
  let event: unknown;
  try {
    event = JSON.parse(frame);
  } catch {
    throw new ClientEventError("invalid_json", "The message is not valid JSON.");
  }
  if (!isObject(event)) throw new ClientEventError("invalid_event", "The event must be a JSON object.");
  const { type } = event;
  if (typeof type === "string") return { ...event, type };
  throw new ClientEventError("invalid_event", "The 'type' field is missing.", "type");
}

/**
 * Checks a client event against the GA schema.
 * Source: https://platform.openai.com/docs/api-reference/realtime-client-events
 *
 * @throws {ClientEventError} as {@linkcode readStrictly}; an unknown type is an `invalid_value` of `type`.
 */
export function readClientEvent(event: Record<string, unknown>): ClientEvent {
  return readStrictly(clientEvent, event);
}
