import type { RealtimeResponseUsage } from "openai/resources/realtime/realtime";
import type { StoredItem } from "./conversation.ts";

const CALLER_MS_PER_TOKEN = 100;
const ASSISTANT_MS_PER_TOKEN = 50;
const CHARACTERS_PER_TOKEN = 4;
const CACHE_BLOCK_TOKENS = 64;

/** Tokens of a text, roughly. */
export function textTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** Tokens of caller audio: one for every 100 ms (OpenAI, "Managing costs" of the Realtime API). */
export function callerAudioTokens(ms: number): number {
  return Math.ceil(ms / CALLER_MS_PER_TOKEN);
}

/** Counts what each response of a session takes in and gives out, as the vendor bills it. */
export class UsageMeter {
  #before = { text: 0, audio: 0 };

  /**
   * The usage of a response to `items` that has said `transcript` in `audioMs`. The whole conversation is input every
   * time; what was input to the response before comes from the cache, in blocks.
   */
  count(
    instructions: string,
    items: readonly StoredItem[],
    transcript: string,
    audioMs: number,
  ): RealtimeResponseUsage {
    const context = { text: textTokens(instructions), audio: 0 };
    for (const item of items) {
      context.text += textTokens(textOf(item));
      context.audio += item.wire.type === "message" && item.wire.role === "assistant"
        ? Math.ceil(item.audioMs / ASSISTANT_MS_PER_TOKEN)
        : callerAudioTokens(item.audioMs);
    }
    const cachedText = blocks(Math.min(context.text, this.#before.text));
    const cachedAudio = blocks(Math.min(context.audio, this.#before.audio));
    this.#before = context;
    const said = { text: textTokens(transcript), audio: Math.ceil(audioMs / ASSISTANT_MS_PER_TOKEN) };
    const input = context.text + context.audio;
    const output = said.text + said.audio;
    return {
      total_tokens: input + output,
      input_tokens: input,
      output_tokens: output,
      input_token_details: {
        text_tokens: context.text,
        audio_tokens: context.audio,
        image_tokens: 0,
        cached_tokens: cachedText + cachedAudio,
        cached_tokens_details: { text_tokens: cachedText, audio_tokens: cachedAudio, image_tokens: 0 },
      },
      output_token_details: { text_tokens: said.text, audio_tokens: said.audio },
    };
  }
}

function blocks(tokens: number): number {
  return tokens - tokens % CACHE_BLOCK_TOKENS;
}

function textOf({ wire, audioMs }: StoredItem): string {
  if (wire.type === "function_call") return wire.name + wire.arguments;
  if (wire.type === "function_call_output") return wire.output;
  // A transcript is beside the audio it was made of, not instead of it.
  if (wire.type !== "message" || audioMs > 0) return "";
  return wire.content.map((part) => part.text ?? "").join("");
}
