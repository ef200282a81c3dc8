import type { RealtimeResponseUsage } from "openai/resources/realtime/realtime";
import type { StoredItem } from "./conversation_items.ts";

const CALLER_MS_PER_TOKEN = 100;
const ASSISTANT_MS_PER_TOKEN = 50;
const CHARACTERS_PER_TOKEN = 4;
const CACHE_BLOCK_TOKENS = 64;

/** Approximate number of tokens in `text`. */
export function textTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** Tokens of caller audio: one per 100 ms. Source: https://platform.openai.com/docs/guides/realtime-costs */
export function callerAudioTokens(ms: number): number {
  return Math.ceil(ms / CALLER_MS_PER_TOKEN);
}

/** Counts the tokens of each response of a session, as the vendor bills them. */
export class UsageMeter {
  #previousInput = { text: 0, audio: 0 };

  /**
   * The usage of a response to `items` that said `transcript` in `audioMs`. The whole conversation is input
   * to every response; the input of the previous response is cached, in blocks of 64 tokens.
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
    const cachedText = wholeBlocks(Math.min(context.text, this.#previousInput.text));
    const cachedAudio = wholeBlocks(Math.min(context.audio, this.#previousInput.audio));
    this.#previousInput = context;
    const outputTokens = { text: textTokens(transcript), audio: Math.ceil(audioMs / ASSISTANT_MS_PER_TOKEN) };
    const input = context.text + context.audio;
    const output = outputTokens.text + outputTokens.audio;
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
      output_token_details: { text_tokens: outputTokens.text, audio_tokens: outputTokens.audio },
    };
  }
}

function wholeBlocks(tokens: number): number {
  return tokens - tokens % CACHE_BLOCK_TOKENS;
}

function textOf({ wire, audioMs }: StoredItem): string {
  if (wire.type === "function_call") return wire.name + wire.arguments;
  if (wire.type === "function_call_output") return wire.output;
  if (wire.type === "mcp_call") return wire.name + wire.arguments + (wire.output ?? "");
  // The transcript of audio is not input in addition to the audio.
  if (wire.type !== "message" || audioMs > 0) return "";
  return wire.content.map((part) => part.text ?? "").join("");
}
