import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ScriptedModel, type ScriptedSession } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import type { JsonObject } from "../../src/json.ts";

/** The lines that the service logs about the model's events, until it has logged `last` of them. */
async function linesOf(
  env: Record<string, string>,
  speak: (session: ScriptedSession) => void,
): Promise<JsonObject[]> {
  await using model = new ScriptedModel();
  const settings = { OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: model.url, ...env };
  await using service = new TestService(settings);
  await service.post("/incoming-call", { CallSid: "CA1" });
  const session = await model.session();
  await session.configure();
  await session.waitFor("response.create");
  speak(session);
  session.send({ type: "input_audio_buffer.cleared" });
  const isLast = (line: JsonObject) => line.type === "input_audio_buffer.cleared";
  for (let count = 1;; count++) {
    if (isLast(await service.logged("model event", count))) return service.events("model event");
  }
}

const speak = (session: ScriptedSession) => {
  session.respond("r1", { i1: 20 });
  session.send({
    type: "conversation.item.input_audio_transcription.completed",
    item_id: "i0",
    content_index: 0,
    transcript: "Call +15551230000, the code is 4711.",
  });
};

Deno.test("the log names the model's events at level debug, without deltas and without content", async () => {
  const lines = await linesOf({}, speak);
  const types = lines.map(({ type }) => type);
  assert(types.includes("response.done") && types.includes("session.updated"), types.join());
  assert(!types.some((type) => String(type).endsWith(".delta")), types.join());
  assertEquals(new Set(lines.map(({ level }) => level)), new Set(["debug"]));
  assert(lines.every(({ content }) => content === undefined));
});

Deno.test("LOG_EVENTS logs matching events at level info with their content, without audio", async () => {
  const lines = await linesOf(
    { LOG_EVENTS: "response.output_audio.delta, *.transcription.*,*_transcription.completed,response.d*" },
    speak,
  );
  const logged = lines.filter(({ level }) => level === "info");
  assertEquals(logged.map(({ type }) => type), [
    "response.output_audio.delta",
    "response.done",
    "conversation.item.input_audio_transcription.completed",
  ]);
  const [delta, done, transcript] = logged.map(({ content }) => String(content));
  assertStringIncludes(delta ?? "", '"delta":"[160 bytes of audio]"');
  assertStringIncludes(done ?? "", '"status":"completed"');
  assertStringIncludes(transcript ?? "", "the code is 4711");
  assertStringIncludes(transcript ?? "", "+15…00");
});

Deno.test("LOG_EVENTS cuts long content", async () => {
  const [line] = (await linesOf({ LOG_EVENTS: "error" }, (session) => {
    session.send({ type: "error", error: { type: "x", code: "y", message: "m".repeat(50_000) } });
  })).filter(({ level }) => level === "info");
  assert(String(line?.content).length <= 2_100);
});
