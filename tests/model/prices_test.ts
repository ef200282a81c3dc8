import { assertAlmostEquals, assertEquals } from "@std/assert";
import { costUsd, hasTranscriptionPrice, isPriced, transcriptionUsd } from "../../src/model/prices.ts";
import type { TokenCounts, TokenUsage } from "../../src/model/token_usage.ts";

const none = { input: 0, cached: 0, output: 0 };

function usage(text: Partial<TokenCounts>, audio: Partial<TokenCounts>): TokenUsage {
  const counts = { text: { ...none, ...text }, audio: { ...none, ...audio } };
  return {
    ...counts,
    inputTokens: counts.text.input + counts.audio.input,
    outputTokens: counts.text.output + counts.audio.output,
  };
}

/** The vendor's example of `response.done`. */
const EXAMPLE = usage({ input: 119, cached: 64, output: 30 }, { input: 13, output: 91 });

Deno.test("costUsd() prices the vendor's example, with cached tokens as part of the input", () => {
  // (55 · 4 + 64 · 0.40 + 13 · 32 + 30 · 24 + 91 · 64) / 1e6
  assertAlmostEquals(costUsd("gpt-realtime-2.1", EXAMPLE) ?? 0, 0.0072056, 1e-12);
});

// The vendor's price list: text in, text cached, text out, audio in, audio cached, audio out.
for (
  const [model, ...prices] of [
    ["gpt-realtime-2.1", 4, 0.4, 24, 32, 0.4, 64],
    ["gpt-realtime-2", 4, 0.4, 24, 32, 0.4, 64],
    ["gpt-realtime-2.1-mini", 0.6, 0.06, 2.4, 10, 0.3, 20],
    ["gpt-realtime-1.5", 4, 0.4, 16, 32, 0.4, 64],
    ["gpt-realtime", 4, 0.4, 16, 32, 0.4, 64],
    ["gpt-realtime-mini", 0.6, 0.06, 2.4, 10, 0.3, 20],
  ] as const
) {
  Deno.test(`costUsd() prices a million tokens of each kind by the vendor's list for ${model}`, () => {
    const million = 1_000_000;
    const kinds = [
      usage({ input: million }, {}),
      usage({ input: million, cached: million }, {}),
      usage({ output: million }, {}),
      usage({}, { input: million }),
      usage({}, { input: million, cached: million }),
      usage({}, { output: million }),
    ];
    assertEquals(kinds.map((kind) => costUsd(model, kind)), [...prices]);
  });
}

Deno.test("costUsd() prices a minute of speech by the vendor's token rates", () => {
  assertAlmostEquals(costUsd("gpt-realtime-2.1", usage({}, { input: 600 })) ?? 0, 0.0192, 1e-12);
  assertAlmostEquals(costUsd("gpt-realtime-2.1", usage({}, { output: 1200 })) ?? 0, 0.0768, 1e-12);
});

Deno.test("costUsd() prices a snapshot like its model", () => {
  const snapshot = costUsd("gpt-realtime-mini-2025-12-15", EXAMPLE);
  assertEquals(snapshot, costUsd("gpt-realtime-mini", EXAMPLE));
  // (55 · 0.60 + 64 · 0.06 + 13 · 10 + 30 · 2.40 + 91 · 20) / 1e6
  assertAlmostEquals(snapshot ?? 0, 0.00205884, 1e-12);
});

Deno.test("costUsd() prices an unknown model at the highest price of each kind", () => {
  for (const model of ["gpt-realtime-9", "constructor"]) {
    assertEquals(costUsd(model, usage({ input: 1e6 }, {})), 4);
    assertEquals(costUsd(model, usage({ output: 1e6 }, {})), 24);
    assertEquals(costUsd(model, usage({}, { input: 1e6, output: 1e6 })), 32 + 64);
    assertEquals(isPriced(model, EXAMPLE), false);
  }
});

Deno.test("costUsd() prices tokens of no kind at the model's highest price", () => {
  const input = { ...EXAMPLE, inputTokens: EXAMPLE.inputTokens + 1e6 };
  const output = { ...EXAMPLE, outputTokens: EXAMPLE.outputTokens + 1e6 };
  assertAlmostEquals(costUsd("gpt-realtime-2.1", input), 0.0072056 + 32, 1e-9);
  assertAlmostEquals(costUsd("gpt-realtime-2.1", output), 0.0072056 + 64, 1e-9);
  assertEquals([input, output, EXAMPLE].map((usage) => isPriced("gpt-realtime-2.1", usage)), [
    false,
    false,
    true,
  ]);
});

Deno.test("costUsd() is 0 for the stand-in model and for no tokens", () => {
  assertEquals(costUsd("stand-in", EXAMPLE), 0);
  assertEquals(costUsd("gpt-realtime-2.1", usage({}, {})), 0);
});

Deno.test("transcriptionUsd() prices seconds, and tokens at ten a second", () => {
  const tokens = (audioTokens: number) => ({ audioTokens, textTokens: 0, outputTokens: 9 });
  assertAlmostEquals(transcriptionUsd("gpt-transcribe", { seconds: 60 }), 0.0045, 1e-12);
  assertAlmostEquals(transcriptionUsd("gpt-transcribe", tokens(600)), 0.0045, 1e-12);
  assertAlmostEquals(transcriptionUsd("gpt-live-transcribe", { seconds: 30 }), 0.0085, 1e-12);
  assertAlmostEquals(transcriptionUsd("gpt-realtime-whisper", { seconds: 60 }), 0.017, 1e-12);
  const counts = { audioTokens: 800_000, textTokens: 200_000, outputTokens: 1_000_000 };
  assertAlmostEquals(transcriptionUsd("gpt-4o-mini-transcribe-2025-12-15", counts), 1.25 + 5, 1e-9);
});

Deno.test("transcriptionUsd() prices an unknown model at the highest price, and the stand-in model at 0", () => {
  assertAlmostEquals(transcriptionUsd("my-whisper", { seconds: 60 }), 0.017, 1e-12);
  assertEquals([hasTranscriptionPrice("my-whisper"), hasTranscriptionPrice("gpt-transcribe")], [false, true]);
  assertEquals(transcriptionUsd("stand-in", { seconds: 60 }), 0);
});
