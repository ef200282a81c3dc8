import { z } from "zod";
import { ClientEventError, invalidValue } from "./server_events.ts";

/** G.711 without a rate, PCM with one. */
export const audioFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("audio/pcm"), rate: z.literal(24000) }),
  z.strictObject({ type: z.literal("audio/pcmu") }),
  z.strictObject({ type: z.literal("audio/pcma") }),
]);

export const outputModalities = z.array(z.enum(["audio", "text"])).length(1);
export const maxOutputTokens = z.union([z.literal("inf"), z.int().min(1).max(4096)]);
export const voice = z.union([
  z.enum(["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"]),
  z.strictObject({ id: z.string() }),
]);
export const reasoning = z.strictObject({ effort: z.enum(["minimal", "low", "medium", "high", "xhigh"]) });
export const toolChoice = z.union([
  z.enum(["auto", "none", "required"]),
  z.strictObject({ type: z.literal("function"), name: z.string() }),
]);
const mcpToolFilter = z.strictObject({ tool_names: z.array(z.string()), read_only: z.boolean() })
  .exactPartial();
/** MCP servers are accepted and never contacted. */
export const tools = z.array(z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("function"),
    name: z.string(),
    description: z.string().exactOptional(),
    parameters: z.record(z.string(), z.unknown()).exactOptional(),
  }),
  z.strictObject({
    type: z.literal("mcp"),
    server_label: z.string(),
    server_url: z.string().exactOptional(),
    server_description: z.string().exactOptional(),
    authorization: z.string().exactOptional(),
    headers: z.record(z.string(), z.string()).nullable().exactOptional(),
    allowed_tools: z.union([z.array(z.string()), mcpToolFilter]).nullable().exactOptional(),
    require_approval: z.union([
      z.enum(["always", "never"]),
      z.strictObject({ always: mcpToolFilter, never: mcpToolFilter }).exactPartial(),
    ]).nullable().exactOptional(),
  }),
]));

const milliseconds = z.int().min(0);
const respondsAndInterrupts = {
  create_response: z.boolean().default(true),
  interrupt_response: z.boolean().default(true),
};
const turnDetection = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("server_vad"),
    threshold: z.number().min(0).max(1).default(0.5),
    prefix_padding_ms: milliseconds.default(300),
    silence_duration_ms: milliseconds.default(200),
    idle_timeout_ms: z.int().min(5000).max(30000).nullable().default(null),
    ...respondsAndInterrupts,
  }),
  z.strictObject({
    type: z.literal("semantic_vad"),
    eagerness: z.enum(["low", "medium", "high", "auto"]).default("auto"),
    ...respondsAndInterrupts,
  }),
]);

const transcription = z.strictObject({
  model: z.string().exactOptional(),
  language: z.string().exactOptional(),
  languages: z.array(z.string()).exactOptional(),
  prompt: z.string().exactOptional(),
  keywords: z.array(z.string()).exactOptional(),
  delay: z.enum(["minimal", "low", "medium", "high", "xhigh"]).exactOptional(),
});

const tracing = z.union([
  z.literal("auto"),
  z.strictObject({
    workflow_name: z.string().exactOptional(),
    group_id: z.string().exactOptional(),
    metadata: z.record(z.string(), z.unknown()).exactOptional(),
  }),
]);

const truncation = z.union([
  z.enum(["auto", "disabled"]),
  z.strictObject({
    type: z.literal("retention_ratio"),
    retention_ratio: z.number().min(0).max(1),
    token_limits: z.strictObject({ post_instructions: z.int().min(0).exactOptional() }).exactOptional(),
  }),
]);

const audioInput = {
  format: audioFormat,
  transcription: transcription.nullable(),
  noise_reduction: z.strictObject({
    type: z.enum(["near_field", "far_field"]),
    strength: z.number().exactOptional(),
  }).nullable(),
  turn_detection: turnDetection.nullable(),
};
const audioOutput = { format: audioFormat, voice, speed: z.number().min(0.25).max(1.5) };
const settings = {
  model: z.string(),
  instructions: z.string(),
  output_modalities: outputModalities,
  tools,
  tool_choice: toolChoice,
  max_output_tokens: maxOutputTokens,
  truncation,
  tracing: tracing.nullable(),
  prompt: z.null(),
  include: z.array(z.literal("item.input_audio_transcription.logprobs")).nullable(),
};

/** A `session.update`: only the type is required. */
export const sessionPatch = z.strictObject({
  type: z.literal("realtime"),
  ...z.object(settings).exactPartial().shape,
  parallel_tool_calls: z.boolean().exactOptional(),
  reasoning: reasoning.exactOptional(),
  audio: z.strictObject({
    input: z.strictObject(audioInput).exactPartial().exactOptional(),
    output: z.strictObject(audioOutput).exactPartial().exactOptional(),
  }).exactOptional(),
});

/** The complete configuration of a session, as sent in `session.created` and `session.updated`. */
export interface SessionConfig extends z.output<z.ZodObject<typeof settings>> {
  readonly type: "realtime";
  readonly object: "realtime.session";
  readonly id: string;
  /** Unix seconds. */
  readonly expires_at: number;
  readonly audio: {
    readonly input: z.output<z.ZodObject<typeof audioInput>>;
    readonly output: z.output<z.ZodObject<typeof audioOutput>>;
  };
  readonly parallel_tool_calls?: boolean;
  readonly reasoning?: z.output<typeof reasoning>;
}

export function defaultConfig(id: string, model: string, expiresAt: number): SessionConfig {
  return {
    type: "realtime",
    object: "realtime.session",
    id,
    model,
    expires_at: expiresAt,
    output_modalities: ["audio"],
    instructions: "Greet the caller with a chime, then repeat what the caller says.",
    tools: [],
    tool_choice: "auto",
    max_output_tokens: "inf",
    truncation: "auto",
    tracing: null,
    prompt: null,
    include: null,
    audio: {
      input: {
        format: { type: "audio/pcm", rate: 24000 },
        transcription: null,
        noise_reduction: null,
        turn_detection: turnDetection.parse({ type: "server_vad" }),
      },
      output: { format: { type: "audio/pcm", rate: 24000 }, voice: "marin", speed: 1 },
    },
  };
}

/**
 * Returns the configuration with the fields of the patch.
 *
 * @throws {ClientEventError} when the patch changes a locked field: the model, enabled tracing, or the voice after the
 *   assistant has spoken.
 */
export function updated(
  config: SessionConfig,
  patch: z.output<typeof sessionPatch>,
  assistantSpoke: boolean,
): SessionConfig {
  const { audio, ...rest } = patch;
  const next = {
    ...config,
    ...rest,
    audio: {
      input: { ...config.audio.input, ...audio?.input },
      output: { ...config.audio.output, ...audio?.output },
    },
  };
  if (next.model !== config.model) {
    throw invalidValue("Cannot update a session's model once it is connected.", "session.model");
  }
  if (config.tracing !== null && isDifferent(next.tracing, config.tracing)) {
    throw invalidValue("Cannot update a session's tracing once it is on.", "session.tracing");
  }
  if (assistantSpoke && isDifferent(next.audio.output.voice, config.audio.output.voice)) {
    throw new ClientEventError(
      "cannot_update_voice",
      "Cannot update a conversation's voice if assistant audio is present.",
      "session.audio.output.voice",
    );
  }
  return next;
}

function isDifferent(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}
