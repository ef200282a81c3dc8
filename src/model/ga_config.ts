import type { RealtimeAudioFormats, SessionUpdateEvent } from "openai/resources/realtime/realtime";
import type { AudioFormat } from "./ga_events.ts";
import type { SessionOptions } from "./session.ts";

/**
 * The one `session.update` of a phone call in the GA dialect. Later ones would have to leave the voice out, which is locked
 * once the model has spoken. Source: https://platform.openai.com/docs/api-reference/realtime-client-events/session/update
 */
export function sessionUpdate(
  eventId: string,
  { instructions, voice }: SessionOptions,
  format: RealtimeAudioFormats,
): SessionUpdateEvent {
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
          transcription: { model: "gpt-transcribe" },
          noise_reduction: { type: "near_field" },
          turn_detection: {
            type: "server_vad",
            threshold: 0.5,
            prefix_padding_ms: 300,
            // The documented default and the one seen on the wire differ.
            silence_duration_ms: 500,
            create_response: true,
            interrupt_response: true,
          },
        },
        output: { format, voice },
      },
    },
  };
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
