import { assertAlmostEquals, assertEquals } from "@std/assert";
import { costOf } from "../../src/model/prices.ts";
import type { TokenCounts, Usage } from "../../src/model/session.ts";

const none = { input: 0, cached: 0, output: 0 };

function usage(text: Partial<TokenCounts>, audio: Partial<TokenCounts>): Usage {
  const counts = { text: { ...none, ...text }, audio: { ...none, ...audio } };
  return {
    ...counts,
    inputTokens: counts.text.input + counts.audio.input,
    outputTokens: counts.text.output + counts.audio.output,
  };
}

/** The vendor's example of `response.done`. */
const EXAMPLE = usage({ input: 119, cached: 64, output: 30 }, { input: 13, output: 91 });

Deno.test("the vendor's example costs what its price list says, cached tokens being part of the input", () => {
  // (55 · 4 + 64 · 0.40 + 13 · 32 + 30 · 24 + 91 · 64) / 1e6
  assertAlmostEquals(costOf("gpt-realtime-2.1", EXAMPLE) ?? 0, 0.0072056, 1e-12);
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
  Deno.test(`a million tokens of each kind cost what the list says of ${model}`, () => {
    const million = 1_000_000;
    const kinds = [
      usage({ input: million }, {}),
      usage({ input: million, cached: million }, {}),
      usage({ output: million }, {}),
      usage({}, { input: million }),
      usage({}, { input: million, cached: million }),
      usage({}, { output: million }),
    ];
    assertEquals(kinds.map((kind) => costOf(model, kind)), [...prices]);
  });
}

Deno.test("a minute of speech costs what the vendor's rates of tokens make of it", () => {
  assertAlmostEquals(costOf("gpt-realtime-2.1", usage({}, { input: 600 })) ?? 0, 0.0192, 1e-12);
  assertAlmostEquals(costOf("gpt-realtime-2.1", usage({}, { output: 1200 })) ?? 0, 0.0768, 1e-12);
});

Deno.test("a snapshot costs what its model does", () => {
  const snapshot = costOf("gpt-realtime-mini-2025-12-15", EXAMPLE);
  assertEquals(snapshot, costOf("gpt-realtime-mini", EXAMPLE));
  // (55 · 0.60 + 64 · 0.06 + 13 · 10 + 30 · 2.40 + 91 · 20) / 1e6
  assertAlmostEquals(snapshot ?? 0, 0.00205884, 1e-12);
});

Deno.test("what has no known price has no cost, not even 0", () => {
  assertEquals(costOf("gpt-realtime-9", EXAMPLE), undefined);
  assertEquals(costOf("constructor", EXAMPLE), undefined);
  assertEquals(costOf("gpt-realtime-2.1", { ...EXAMPLE, inputTokens: EXAMPLE.inputTokens + 1 }), undefined);
  assertEquals(costOf("gpt-realtime-2.1", { ...EXAMPLE, outputTokens: EXAMPLE.outputTokens + 1 }), undefined);
  assertEquals(costOf("gpt-realtime-2.1", usage({}, {})), 0);
});
