import type { TokenCounts, TokenUsage, TranscriptionUsage } from "./token_usage.ts";

/** US dollars per million tokens. */
type Price = Readonly<Record<keyof TokenCounts, number>>;

const LARGE_AUDIO: Price = { input: 32, cached: 0.4, output: 64 };
const MINI = {
  text: { input: 0.6, cached: 0.06, output: 2.4 },
  audio: { input: 10, cached: 0.3, output: 20 },
};
const REASONING = { text: { input: 4, cached: 0.4, output: 24 }, audio: LARGE_AUDIO };
const PLAIN = { text: { input: 4, cached: 0.4, output: 16 }, audio: LARGE_AUDIO };

/** Name under which the stand-in model is billed: it is free. */
export const STAND_IN = "stand-in";
const FREE = { input: 0, cached: 0, output: 0 };

/** Source, as of the date in `src/price_date.ts`: https://developers.openai.com/api/docs/models */
const PRICES: ReadonlyMap<string, { readonly text: Price; readonly audio: Price }> = new Map([
  [STAND_IN, { text: FREE, audio: FREE }],
  ["gpt-realtime-2.1", REASONING],
  ["gpt-realtime-2.1-mini", MINI],
  ["gpt-realtime-2", REASONING],
  ["gpt-realtime-1.5", PLAIN],
  // Shut down on 2027-01-20. The pages list only their text input; the other prices are those at their release.
  ["gpt-realtime", PLAIN],
  ["gpt-realtime-mini", MINI],
]);

/** The highest price for each kind of token, for models without a known price. */
const HIGHEST_PRICES = {
  text: highestPrice([...PRICES.values()].map(({ text }) => text)),
  audio: highestPrice([...PRICES.values()].map(({ audio }) => audio)),
};

/** US dollars a minute. Source, as of 2026-11-30: https://developers.openai.com/api/docs/models/gpt-transcribe and others */
const TRANSCRIPTION_MINUTE: ReadonlyMap<string, number> = new Map([
  [STAND_IN, 0],
  ["gpt-transcribe", 0.0045],
  ["gpt-live-transcribe", 0.017],
  ["gpt-realtime-whisper", 0.017],
]);
/** US dollars per million tokens. Source, as of 2026-11-21: https://developers.openai.com/api/docs/models/compare */
const TRANSCRIPTION_TOKENS: ReadonlyMap<string, Pick<Price, "input" | "output">> = new Map([
  ["gpt-4o-mini-transcribe", { input: 1.25, output: 5 }],
]);
const HIGHEST_MINUTE_PRICE = Math.max(...TRANSCRIPTION_MINUTE.values());
/** Source: https://developers.openai.com/api/docs/guides/realtime-costs */
const AUDIO_TOKENS_PER_SECOND = 10;

/**
 * The price of a response in US dollars. Tokens that cannot be priced count at the highest known price, so that a limit
 * holds: those of an unknown model, and those whose kind the vendor did not report.
 *
 * @param model The vendor's name, with or without a snapshot date such as `gpt-realtime-mini-2025-12-15`.
 */
export function costUsd(model: string, usage: TokenUsage): number {
  const price = priceOf(model) ?? HIGHEST_PRICES;
  const { text, audio } = usage;
  const other = highestPrice([price.text, price.audio]);
  const { input, output } = withoutKind(usage);
  const otherPrice = input * other.input + output * other.output;
  return (tokenPrice(text, price.text) + tokenPrice(audio, price.audio) + otherPrice) / 1e6;
}

/** Whether {@linkcode costUsd} knows the exact price. */
export function isPriced(model: string, usage: TokenUsage): boolean {
  const { input, output } = withoutKind(usage);
  return priceOf(model) !== undefined && input + output === 0;
}

/** The price of a transcript in US dollars; at the highest known price for an unknown model. */
export function transcriptionUsd(model: string, usage: TranscriptionUsage): number {
  const name = withoutDate(model);
  const tokenPrice = TRANSCRIPTION_TOKENS.get(name);
  if (tokenPrice && !("seconds" in usage)) {
    const { audioTokens, textTokens, outputTokens } = usage;
    return ((audioTokens + textTokens) * tokenPrice.input + outputTokens * tokenPrice.output) / 1e6;
  }
  const seconds = "seconds" in usage ? usage.seconds : usage.audioTokens / AUDIO_TOKENS_PER_SECOND;
  return seconds / 60 * (TRANSCRIPTION_MINUTE.get(name) ?? HIGHEST_MINUTE_PRICE);
}

/** Whether the transcription model has a known price. */
export function hasTranscriptionPrice(model: string): boolean {
  const name = withoutDate(model);
  return TRANSCRIPTION_MINUTE.has(name) || TRANSCRIPTION_TOKENS.has(name);
}

function tokenPrice(tokens: TokenCounts, price: Price): number {
  const uncached = tokens.input - tokens.cached;
  return uncached * price.input + tokens.cached * price.cached + tokens.output * price.output;
}

function withoutKind({ inputTokens, outputTokens, text, audio }: TokenUsage) {
  return {
    input: Math.max(0, inputTokens - text.input - audio.input),
    output: Math.max(0, outputTokens - text.output - audio.output),
  };
}

function highestPrice(prices: readonly Price[]): Price {
  const most = (kind: keyof Price) => Math.max(...prices.map((price) => price[kind]));
  return { input: most("input"), cached: most("cached"), output: most("output") };
}

function priceOf(model: string) {
  return PRICES.get(withoutDate(model));
}

function withoutDate(model: string): string {
  return model.replace(/-\d{4}-\d\d-\d\d$/, "");
}
