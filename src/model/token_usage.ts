/** Tokens of one response as the vendor bills them. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Tokens by kind; tokens whose kind the vendor did not report are in neither. */
  readonly text: TokenCounts;
  readonly audio: TokenCounts;
}

/** The vendor's bill for a transcript: by time, or by tokens. */
export type TranscriptionUsage =
  | { readonly seconds: number }
  | { readonly audioTokens: number; readonly textTokens: number; readonly outputTokens: number };

/** Tokens of one kind. */
export interface TokenCounts {
  readonly input: number;
  /** The part of `input` read from the vendor's cache, at a lower price. */
  readonly cached: number;
  readonly output: number;
}
