import type { Assistant } from "./assistant.ts";
import type { AssistantFactoryOptions } from "./assistant_factory.ts";
import { sessionInterruptions } from "./assistant_interruptions.ts";
import type { Persona } from "./call_assistant.ts";
import { greetingTemplate } from "./greeting_template.ts";

/**
 * @param fill Replaces the placeholders of a template.
 * @param outboundPart Instructions for an outbound call.
 */
export function createPersona(
  assistant: Assistant,
  fill: (template: string) => string,
  outboundPart: string | undefined,
  { config, modelUrl }: Pick<AssistantFactoryOptions, "config" | "modelUrl">,
): Persona {
  const { model, voice, speed, reasoning, noiseReduction, transcription } = assistant;
  const instructions = [fill(assistant.instructions), outboundPart].filter((part) => part).join("\n\n");
  return {
    session: {
      url: modelUrl ?? config.OPENAI_REALTIME_URL,
      apiKey: config.OPENAI_API_KEY,
      model,
      voice,
      audioFormat: config.AUDIO_FORMAT,
      instructions,
      ...(speed === 1 ? {} : { speed }),
      ...(reasoning === undefined ? {} : { reasoning }),
      ...sessionInterruptions(assistant),
      noiseReduction,
      transcription,
      mcpServers: assistant.mcpServers,
      maxOutputTokens: config.MAX_OUTPUT_TOKENS,
      truncation: config.TRUNCATION,
      logEvents: config.LOG_EVENTS,
      readyMs: config.MODEL_READY_SECONDS * 1000,
      pongMs: config.MODEL_PONG_SECONDS * 1000,
    },
    greeting: fill(greetingTemplate(assistant)),
  };
}
