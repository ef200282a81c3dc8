import type { TokenCounts, Usage } from "./session.ts";

/** US dollars for a million tokens. */
type Price = Readonly<Record<keyof TokenCounts, number>>;

const LARGE_AUDIO: Price = { input: 32, cached: 0.4, output: 64 };
const MINI = {
  text: { input: 0.6, cached: 0.06, output: 2.4 },
  audio: { input: 10, cached: 0.3, output: 20 },
};
const REASONING = { text: { input: 4, cached: 0.4, output: 24 }, audio: LARGE_AUDIO };
const PLAIN = { text: { input: 4, cached: 0.4, output: 16 }, audio: LARGE_AUDIO };

/** As the vendor's model pages said on 2026-11-21: https://developers.openai.com/api/docs/models */
const PRICES: ReadonlyMap<string, { readonly text: Price; readonly audio: Price }> = new Map([
  ["gpt-realtime-2.1", REASONING],
  ["gpt-realtime-2.1-mini", MINI],
  ["gpt-realtime-2", REASONING],
  ["gpt-realtime-1.5", PLAIN],
  // Leaving on 2027-01-20. Only their text input is on today's pages; the rest is what they cost when they were new.
  ["gpt-realtime", PLAIN],
  ["gpt-realtime-mini", MINI],
]);

/**
 * What an answer cost, in US dollars; undefined when the model's price is not known, or the kind of some tokens.
 *
 * @param model The vendor's name, with or without the date of a snapshot, such as `gpt-realtime-mini-2025-12-15`.
 */
export function costOf(model: string, usage: Usage): number | undefined {
  const price = priceOf(model);
  if (!price) return undefined;
  const { text, audio, inputTokens, outputTokens } = usage;
  if (text.input + audio.input !== inputTokens || text.output + audio.output !== outputTokens) {
    return undefined;
  }
  return (cost(text, price.text) + cost(audio, price.audio)) / 1e6;
}

function cost(tokens: TokenCounts, price: Price): number {
  const fresh = tokens.input - tokens.cached;
  return fresh * price.input + tokens.cached * price.cached + tokens.output * price.output;
}

/** Whether the model's answers have a price that is known. */
export function isPriced(model: string): boolean {
  return priceOf(model) !== undefined;
}

function priceOf(model: string) {
  return PRICES.get(model.replace(/-\d{4}-\d\d-\d\d$/, ""));
}
