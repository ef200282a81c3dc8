import type {
  AudioTranscription,
  RealtimeAudioConfigInput,
  RealtimeAudioFormats,
  RealtimeAudioInputTurnDetection,
  RealtimeSessionCreateRequest,
  SessionUpdateEvent,
} from "openai/resources/realtime/realtime";
import type { AudioFormat } from "./server_event.ts";
import { isObject } from "../../json.ts";
import {
  DEFAULT_TRANSCRIPTION,
  type SessionOptions,
  type Transcription,
  type TurnDetection,
} from "../session_options.ts";

type Tools = NonNullable<RealtimeSessionCreateRequest["tools"]>;

/**
 * The `session.update` event that configures a phone call. Sent once: the voice cannot change after the model has spoken.
 *
 * Source: https://platform.openai.com/docs/api-reference/realtime-client-events/session/update
 */
export function sessionUpdate(
  eventId: string,
  options: SessionOptions,
  format: RealtimeAudioFormats,
): SessionUpdateEvent {
  const { instructions, voice, speed, reasoning, maxOutputTokens, truncation } = options;
  const tools = toolDeclarations(options);
  return {
    type: "session.update",
    event_id: eventId,
    session: {
      type: "realtime",
      instructions,
      output_modalities: ["audio"],
      audio: {
        input: inputAudio(options, format, turnDetection(options)),
        output: { format, voice, ...(speed === undefined ? {} : { speed }) },
      },
      ...(tools.length > 0 ? { tools, tool_choice: "auto" } : {}),
      ...(reasoning === undefined ? {} : { reasoning: { effort: reasoning } }),
      ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
      ...(truncation === undefined ? {} : {
        truncation: typeof truncation === "number"
          ? { type: "retention_ratio" as const, retention_ratio: truncation }
          : truncation,
      }),
    },
  };
}

/**
 * The `session.update` event that makes the model speak on its own after a silence, or not. Undefined for an assistant that
 * never does. All of the input's settings are repeated, so that none is reset to its default.
 *
 * @param accepted The update that configured the session.
 */
export function idleTimeoutUpdate(
  accepted: SessionUpdateEvent,
  { turnDetection }: SessionOptions,
  on: boolean,
): SessionUpdateEvent | undefined {
  if (turnDetection?.type !== "server_vad" || turnDetection.idleTimeoutMs === undefined) return undefined;
  const input = accepted.session.type === "realtime" ? accepted.session.audio?.input : undefined;
  if (input?.turn_detection?.type !== "server_vad") return undefined;
  const detection = { ...input.turn_detection, idle_timeout_ms: on ? turnDetection.idleTimeoutMs : null };
  return {
    type: "session.update",
    session: { type: "realtime", audio: { input: { ...input, turn_detection: detection } } },
  };
}

function inputAudio(
  options: SessionOptions,
  format: RealtimeAudioFormats,
  detection: RealtimeAudioInputTurnDetection,
): RealtimeAudioConfigInput {
  const { transcription = DEFAULT_TRANSCRIPTION, noiseReduction = "near_field" } = options;
  return {
    format,
    // Both are off by default.
    ...(transcription === "off" ? {} : { transcription: transcriptionFields(transcription) }),
    ...(noiseReduction === "off" ? {} : { noise_reduction: { type: noiseReduction } }),
    turn_detection: detection,
  };
}

/** Models that take `languages` instead of `language`. Source: openai 7.55.0, AudioTranscription */
const TAKES_LANGUAGES = /^gpt-(live-)?transcribe$/;

function transcriptionFields({ model, language, prompt }: Transcription): AudioTranscription {
  const fields = { model, ...(prompt === undefined ? {} : { prompt }) };
  if (language === undefined) return fields;
  return TAKES_LANGUAGES.test(model) ? { ...fields, languages: [language] } : { ...fields, language };
}

/** Without the idle timeout; see {@linkcode idleTimeoutUpdate}. */
function turnDetection(options: SessionOptions): RealtimeAudioInputTurnDetection {
  const detection: TurnDetection = options.turnDetection ?? { type: "server_vad" };
  const { createResponse, interruptResponse } = serverAnswers(options);
  const flags = { create_response: createResponse, interrupt_response: interruptResponse };
  if (detection.type === "semantic_vad") {
    return { type: "semantic_vad", eagerness: detection.eagerness ?? "auto", ...flags };
  }
  return {
    type: "server_vad",
    threshold: detection.threshold ?? 0.5,
    prefix_padding_ms: detection.prefixPaddingMs ?? 300,
    // Explicit, because the documented default differs from the one on the wire.
    silence_duration_ms: detection.silenceDurationMs ?? 500,
    ...flags,
  };
}

/** What the server does by itself when the caller speaks. */
export function serverAnswers(
  { answers, turnDetection }: Pick<SessionOptions, "answers" | "turnDetection">,
): { readonly createResponse: boolean; readonly interruptResponse: boolean } {
  if (answers === "parley") return { createResponse: false, interruptResponse: false };
  const { createResponse = true, interruptResponse = true } = turnDetection ?? {};
  return { createResponse, interruptResponse };
}

/** Documented fields only: the vendor rejects a session with any other. */
function toolDeclarations({ functions = [], mcpServers = [] }: SessionOptions): Tools {
  return [
    ...functions.map(({ name, description, parameters }) => ({
      type: "function" as const,
      name,
      description,
      parameters,
    })),
    ...mcpServers.map(({ label, url, headers, allowedTools, autoApproved }) => ({
      type: "mcp" as const,
      server_label: label,
      server_url: url,
      ...(headers ? { headers: { ...headers } } : {}),
      allowed_tools: [...allowedTools],
      require_approval: autoApproved ? "never" as const : "always" as const,
    })),
  ];
}

/** Settings a call can do without, each before the setting that contains it. */
const OPTIONAL_SETTINGS = [
  ...["language", "languages", "prompt"].map((name) => `audio.input.transcription.${name}`),
  "audio.input.transcription",
  "audio.input.noise_reduction",
  ...["threshold", "prefix_padding_ms", "silence_duration_ms", "idle_timeout_ms", "eagerness"].map((name) =>
    `audio.input.turn_detection.${name}`
  ),
  "audio.output.speed",
  "reasoning",
  "truncation",
];

/**
 * Leaves out the setting for which the model refused an update.
 *
 * @param param The `param` of the error, such as `session.audio.input.transcription.language`.
 * @returns undefined if a call needs the setting, or the update does not have it.
 */
export function withoutRefused(
  update: SessionUpdateEvent,
  param: string,
): { readonly setting: string; readonly update: SessionUpdateEvent } | undefined {
  const path = `${param.replace(/^session\./, "").replaceAll("[", ".")}.`;
  const setting = OPTIONAL_SETTINGS.find((name) => path.startsWith(`${name}.`));
  if (!setting) return undefined;
  const copy = structuredClone(update);
  const names = setting.split(".");
  const last = names.pop() ?? "";
  let parent: unknown = copy.session;
  for (const name of names) parent = isObject(parent) ? parent[name] : undefined;
  if (!isObject(parent) || !Object.hasOwn(parent, last)) return undefined;
  Reflect.deleteProperty(parent, last);
  return { setting, update: copy };
}

/** Describes a difference between the requested and the confirmed audio format, which would play as noise. */
export function formatMismatch(
  requested: RealtimeAudioFormats,
  confirmed: { readonly input: AudioFormat; readonly output: AudioFormat },
): string | undefined {
  for (const side of ["input", "output"] as const) {
    const { type, rate } = confirmed[side];
    if (type === requested.type && (requested.type !== "audio/pcm" || rate === requested.rate)) continue;
    return `The model confirmed ${describe(confirmed[side])} ${side} instead of ${describe(requested)}`;
  }
  return undefined;
}

function describe({ type = "none", rate }: { type?: string | undefined; rate?: number | undefined }): string {
  return `"${type}"${rate === undefined ? "" : ` at ${rate} Hz`}`;
}
