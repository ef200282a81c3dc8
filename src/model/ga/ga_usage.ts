import { isObject } from "../../json.ts";
import type { TokenCounts, TokenUsage, TranscriptionUsage } from "../token_usage.ts";

/** Reads the `usage` of a response. Missing and invalid counts become 0: they are added to counters that only grow. */
export function readUsage(usage: unknown): TokenUsage {
  return {
    inputTokens: count(usage, "input_tokens"),
    outputTokens: count(usage, "output_tokens"),
    text: readTokens(usage, "text_tokens"),
    audio: readTokens(usage, "audio_tokens"),
  };
}

/** Reads the `usage` of a transcript; undefined if there is none. Source: openai 7.55.0, TranscriptTextUsage */
export function readTranscriptionUsage(usage: unknown): TranscriptionUsage | undefined {
  const seconds = member(usage, "seconds");
  if (typeof seconds === "number" && Number.isFinite(seconds) && seconds >= 0) return { seconds };
  const details = member(usage, "input_token_details");
  const inputTokens = count(usage, "input_tokens");
  const textTokens = Math.min(inputTokens, count(details, "text_tokens"));
  const outputTokens = count(usage, "output_tokens");
  if (inputTokens + outputTokens === 0) return undefined;
  return { audioTokens: inputTokens - textTokens, textTokens, outputTokens };
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

function member(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
