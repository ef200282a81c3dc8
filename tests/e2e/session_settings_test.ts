/** Each setting and each field of an assistant in the first `session.update` on the wire. */

import { assertEquals } from "@std/assert";
import { ScriptedModel } from "../support/scripted_model.ts";
import { field } from "../support/field.ts";
import { TestService } from "../support/service.ts";

/** The session that the model is asked for when a call comes in. */
async function sessionFor(assistant: unknown, env: Record<string, string> = {}) {
  await using model = new ScriptedModel();
  const settings = { OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: model.url, ...env };
  await using service = new TestService(settings, undefined, { assistants: { a: assistant } });
  await service.post("/incoming-call", { CallSid: "CA1" });
  return await (await model.session()).configure();
}

const input = async (assistant: unknown, ...path: string[]) =>
  field(await sessionFor(assistant), "audio", "input", ...path);

const VAD = {
  type: "server_vad",
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: 500,
  create_response: true,
  interrupt_response: true,
};

Deno.test("session.update carries each server_vad value, and no idle timeout before the caller is there", async () => {
  assertEquals(await input({}, "turn_detection"), VAD);
  const turnDetection = {
    type: "server_vad",
    threshold: 0.7,
    prefixPaddingMs: 120,
    silenceDurationMs: 900,
    idleTimeoutMs: 6_000,
  };
  assertEquals(await input({ turnDetection }, "turn_detection"), {
    ...VAD,
    threshold: 0.7,
    prefix_padding_ms: 120,
    silence_duration_ms: 900,
  });
});

Deno.test("session.update carries semantic_vad with its eagerness", async () => {
  for (const eagerness of ["low", "medium", "high", "auto"]) {
    assertEquals(await input({ turnDetection: { type: "semantic_vad", eagerness } }, "turn_detection"), {
      type: "semantic_vad",
      eagerness,
      create_response: true,
      interrupt_response: true,
    });
  }
});

Deno.test("session.update carries speed, reasoning, voice and instructions", async () => {
  const session = await sessionFor({
    speed: 1.25,
    reasoning: "low",
    voice: "cedar",
    instructions: "You are Ann.",
  });
  assertEquals(field(session, "audio", "output", "speed"), 1.25);
  assertEquals(field(session, "audio", "output", "voice"), "cedar");
  assertEquals(field(session, "reasoning"), { effort: "low" });
  assertEquals(field(session, "instructions"), "You are Ann.");
  const plain = await sessionFor({});
  assertEquals(field(plain, "audio", "output", "speed"), undefined);
  assertEquals(field(plain, "reasoning"), undefined);
});

Deno.test("session.update carries noise reduction, or none", async () => {
  assertEquals(await input({}, "noise_reduction"), { type: "near_field" });
  assertEquals(await input({ noiseReduction: "far_field" }, "noise_reduction"), { type: "far_field" });
  assertEquals(await input({ noiseReduction: "off" }, "noise_reduction"), undefined);
});

// Source: openai 7.55.0, AudioTranscription: `languages` is for gpt-transcribe and gpt-live-transcribe.
Deno.test("session.update names the transcription language in the field that the model takes", async () => {
  assertEquals(await input({}, "transcription"), { model: "gpt-transcribe" });
  assertEquals(await input({ transcription: "off" }, "transcription"), undefined);
  const languages = { model: "gpt-transcribe", languages: ["de"] };
  assertEquals(await input({ language: "de-AT" }, "transcription"), languages);
  assertEquals(await input({ transcription: { language: "de" } }, "transcription"), languages);
  for (const model of ["whisper-1", "gpt-4o-transcribe", "gpt-realtime-whisper"]) {
    const transcription = { model, language: "de" };
    assertEquals(await input({ transcription }, "transcription"), transcription);
  }
  assertEquals(
    await input(
      { transcription: { model: "gpt-live-transcribe", language: "de", prompt: "Parley" } },
      "transcription",
    ),
    { model: "gpt-live-transcribe", languages: ["de"], prompt: "Parley" },
  );
});

Deno.test("session.update limits responses and truncates the conversation as configured", async () => {
  const session = await sessionFor({}, { MAX_OUTPUT_TOKENS: "1000", TRUNCATION: "0.7" });
  assertEquals(field(session, "max_output_tokens"), 1_000);
  assertEquals(field(session, "truncation"), { type: "retention_ratio", retention_ratio: 0.7 });
  assertEquals(field(await sessionFor({}, { TRUNCATION: "disabled" }), "truncation"), "disabled");
  const plain = await sessionFor({});
  assertEquals([field(plain, "max_output_tokens"), field(plain, "truncation")], [undefined, undefined]);
});

Deno.test("Optional settings that the model rejects are left out, with a warning, and the call goes on", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService(
    { OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: model.url },
    undefined,
    {
      assistants: {
        a: { instructions: "x", greeting: "", language: "de" },
      },
    },
  );
  await service.announce("CA1");
  const session = await model.session();
  session.send({ type: "session.created", session: { id: "s" } });
  const refuse = async (updates: number, param: string) => {
    const { event_id } = await session.waitFor("session.update", updates);
    const error = { type: "invalid_request_error", code: "invalid_value", message: "no", param, event_id };
    session.send({ type: "error", error });
    return await session.waitFor("session.update", updates + 1);
  };
  let update = await refuse(1, "session.audio.input.transcription.languages");
  assertEquals(field(update, "session", "audio", "input", "transcription"), { model: "gpt-transcribe" });
  update = await refuse(2, "session.audio.input.transcription.model");
  assertEquals(field(update, "session", "audio", "input", "transcription"), undefined);
  update = await refuse(3, "session.audio.input.turn_detection.threshold");
  const { threshold: _, ...rest } = VAD;
  assertEquals(field(update, "session", "audio", "input", "turn_detection"), rest);
  session.send({ type: "session.updated", session: update.session });
  await service.logged("session ready");
  assertEquals(
    service.lines.filter(({ event }) => event === "model refused a setting").map((
      { level, setting },
    ) => [level, setting]),
    [
      ["warn", "audio.input.transcription.languages"],
      ["warn", "audio.input.transcription"],
      ["warn", "audio.input.turn_detection.threshold"],
    ],
  );
});

Deno.test("Session fails when the model rejects a setting that a call needs, or one that is already left out", async () => {
  for (const param of ["session.instructions", "session.tools[0].name", "session.reasoning", null]) {
    await using model = new ScriptedModel();
    await using service = new TestService({ OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: model.url });
    await service.announce("CA1");
    const session = await model.session();
    session.send({ type: "session.created", session: { id: "s" } });
    const { event_id } = await session.waitFor("session.update");
    session.send({
      type: "error",
      error: { type: "x", code: "invalid_value", message: "no", param, event_id },
    });
    assertEquals((await service.logged("model failed")).code, "invalid_value");
    assertEquals(session.receivedOf("session.update").length, 1);
  }
});
