import { assertEquals } from "@std/assert";
import { readServerEvent } from "../../../src/model/ga/ga_server_events.ts";

/** The usage read from a `response.done` that carries `usage`. */
function usageOf(usage: unknown) {
  const response = { id: "resp_1", status: "completed", usage };
  const event = readServerEvent(JSON.stringify({ type: "response.done", response }));
  return event.type === "response.done" ? event.usage : event;
}

const NONE = { input: 0, cached: 0, output: 0 };

Deno.test("readServerEvent() reads usage by token kind", () => {
  // The vendor's own example.
  const usage = {
    total_tokens: 253,
    input_tokens: 132,
    output_tokens: 121,
    input_token_details: {
      text_tokens: 119,
      audio_tokens: 13,
      image_tokens: 0,
      cached_tokens: 64,
      cached_tokens_details: { text_tokens: 64, audio_tokens: 0, image_tokens: 0 },
    },
    output_token_details: { text_tokens: 30, audio_tokens: 91 },
  };
  assertEquals(usageOf(usage), {
    inputTokens: 132,
    outputTokens: 121,
    text: { input: 119, cached: 64, output: 30 },
    audio: { input: 13, cached: 0, output: 91 },
  });
});

Deno.test("readServerEvent() reads missing usage and usage without details", () => {
  assertEquals(usageOf({ input_tokens: 10, output_tokens: 5 }), {
    inputTokens: 10,
    outputTokens: 5,
    text: NONE,
    audio: NONE,
  });
  for (const none of [undefined, null, 7, "12", [1]]) {
    assertEquals(usageOf(none), { inputTokens: 0, outputTokens: 0, text: NONE, audio: NONE });
  }
});

Deno.test("readServerEvent() counts 0 for invalid usage", () => {
  for (const nonsense of [-1, 1.5, "3", null, true, {}, [4], 1e300]) {
    const kinds = { text_tokens: nonsense, audio_tokens: nonsense };
    const usage = {
      input_tokens: nonsense,
      output_tokens: nonsense,
      input_token_details: { ...kinds, cached_tokens_details: kinds },
      output_token_details: kinds,
    };
    assertEquals(usageOf(usage), { inputTokens: 0, outputTokens: 0, text: NONE, audio: NONE });
  }
  // More cached tokens than input tokens.
  const details = { text_tokens: 5, cached_tokens_details: { text_tokens: 9, audio_tokens: 9 } };
  assertEquals(usageOf({ input_tokens: 5, input_token_details: details }), {
    inputTokens: 5,
    outputTokens: 0,
    text: { input: 5, cached: 5, output: 0 },
    audio: NONE,
  });
});

Deno.test("readServerEvent() reads what a transcript costs, by tokens or by time", () => {
  const type = "conversation.item.input_audio_transcription.completed";
  const usageOf = (usage: unknown) => {
    const event = readServerEvent(
      JSON.stringify({ type, item_id: "u1", content_index: 0, transcript: "Hi", usage }),
    );
    return event.type === "transcript" ? event.usage : event;
  };
  // The vendor's example.
  const tokens = {
    type: "tokens",
    total_tokens: 22,
    input_tokens: 13,
    input_token_details: { text_tokens: 0, audio_tokens: 13 },
    output_tokens: 9,
  };
  assertEquals(usageOf(tokens), { audioTokens: 13, textTokens: 0, outputTokens: 9 });
  assertEquals(usageOf({ ...tokens, input_token_details: undefined }), {
    audioTokens: 13,
    textTokens: 0,
    outputTokens: 9,
  });
  assertEquals(usageOf({ type: "duration", seconds: 1.5 }), { seconds: 1.5 });
  for (const none of [undefined, null, {}, { seconds: -1 }, "x"]) assertEquals(usageOf(none), undefined);
});
