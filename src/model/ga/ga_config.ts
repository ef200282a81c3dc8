import type {
  RealtimeAudioFormats,
  RealtimeAudioInputTurnDetection,
  RealtimeSessionCreateRequest,
  SessionUpdateEvent,
} from "openai/resources/realtime/realtime";
import type { AudioFormat } from "./ga_events.ts";
import type { SessionOptions, TurnDetection } from "../session.ts";

type Tools = NonNullable<RealtimeSessionCreateRequest["tools"]>;

/**
 * The one `session.update` of a phone call in the GA dialect. Later ones would have to leave the voice out, which is locked
 * once the model has spoken. Source: https://platform.openai.com/docs/api-reference/realtime-client-events/session/update
 */
export function sessionUpdate(
  eventId: string,
  options: SessionOptions,
  format: RealtimeAudioFormats,
): SessionUpdateEvent {
  const { instructions, voice, speed, noiseReduction = "near_field", reasoning } = options;
  const { transcription = { model: "gpt-transcribe" } } = options;
  const tools = declareTools(options);
  return {
    type: "session.update",
    event_id: eventId,
    session: {
      type: "realtime",
      instructions,
      output_modalities: ["audio"],
      audio: {
        input: {
          format,
          // Both are off unless they are asked for.
          ...(transcription === "off" ? {} : { transcription }),
          ...(noiseReduction === "off" ? {} : { noise_reduction: { type: noiseReduction } }),
          turn_detection: turnDetection(options.turnDetection),
        },
        output: { format, voice, ...(speed === undefined ? {} : { speed }) },
      },
      ...(tools.length > 0 ? { tools, tool_choice: "auto" } : {}),
      ...(reasoning === undefined ? {} : { reasoning: { effort: reasoning } }),
    },
  };
}

function turnDetection(detection: TurnDetection = { type: "server_vad" }): RealtimeAudioInputTurnDetection {
  const { createResponse = true, interruptResponse = true } = detection;
  const answers = { create_response: createResponse, interrupt_response: interruptResponse };
  if (detection.type === "semantic_vad") {
    return { type: "semantic_vad", eagerness: detection.eagerness ?? "auto", ...answers };
  }
  return {
    type: "server_vad",
    threshold: detection.threshold ?? 0.5,
    prefix_padding_ms: detection.prefixPaddingMs ?? 300,
    // The documented default and the one seen on the wire differ.
    silence_duration_ms: detection.silenceDurationMs ?? 500,
    ...(detection.idleTimeoutMs === undefined ? {} : { idle_timeout_ms: detection.idleTimeoutMs }),
    ...answers,
  };
}

/** Only documented fields: for any other the vendor refuses the whole configuration. */
function declareTools({ functions = [], mcpServers = [] }: SessionOptions): Tools {
  return [
    ...functions.map(({ name, description, parameters }) => ({
      type: "function" as const,
      name,
      description,
      parameters,
    })),
    ...mcpServers.map(({ label, url, headers, allowedTools, unasked }) => ({
      type: "mcp" as const,
      server_label: label,
      server_url: url,
      ...(headers ? { headers: { ...headers } } : {}),
      allowed_tools: [...allowedTools],
      require_approval: unasked ? "never" as const : "always" as const,
    })),
  ];
}

/** What the session was confirmed with that is not what was asked for: audio in it would be noise. */
export function formatMismatch(
  asked: RealtimeAudioFormats,
  found: { readonly input: AudioFormat; readonly output: AudioFormat },
): string | undefined {
  for (const side of ["input", "output"] as const) {
    const { type, rate } = found[side];
    if (type === asked.type && (asked.type !== "audio/pcm" || rate === asked.rate)) continue;
    return `The model was asked for ${describe(asked)} ${side} and answered ${describe(found[side])}`;
  }
  return undefined;
}

function describe({ type = "none", rate }: { type?: string | undefined; rate?: number | undefined }): string {
  return `"${type}"${rate === undefined ? "" : ` at ${rate} Hz`}`;
}
