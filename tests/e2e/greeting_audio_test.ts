import { assertEquals, assertLess } from "@std/assert";
import { writeWav } from "../../src/audio/wav.ts";
import { field } from "../support/field.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { CALL_SID } from "../support/service_call.ts";
import { StreamClient } from "../support/stream_client.ts";

const TEXT = "Welcome to the practice. How can I help you?";
const FROM = "+15551230000";

function startService(model: ScriptedModel, assistant: object, env: Record<string, string> = {}) {
  return new TestService(
    { OPENAI_API_KEY: "sk-test-secret", OPENAI_REALTIME_URL: model.url, GREETING: "Greet.", ...env },
    undefined,
    { assistants: { a: assistant } },
  );
}

Deno.test("First word of a recorded greeting is heard within 300 ms of the stream's start, 2 s before the model is ready", async () => {
  const file = await Deno.makeTempFile({ suffix: ".wav" });
  await Deno.writeFile(file, writeWav([new Int16Array(24_000 * 4).fill(4_000)], 24_000));
  await using model = new ScriptedModel();
  await using service = startService(model, { greetingAudio: { file, text: TEXT } });
  const token = await service.announce(CALL_SID);
  const session = await model.session();
  await using stream = new StreamClient(service.streamUrl);
  await stream.opened();
  const startedAt = performance.now();
  await stream.start(CALL_SID, { token, from: FROM });
  await stream.waitFor("media");
  assertLess(performance.now() - startedAt, 300);
  stream.echoMarks = true;
  await stream.markAfter(2_200);
  assertEquals(service.events("session ready").length, 0);
  await session.configure();
  const item = await session.waitFor("conversation.item.create");
  assertEquals([field(item, "item", "role"), field(item, "item", "content")], [
    "assistant",
    [{ type: "output_text", text: TEXT }],
  ]);
  session.send({ type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 0 });
  await stream.waitFor("clear");
  const cut = await session.waitFor("conversation.item.create", 2);
  const [{ text }] = field(cut, "item", "content") as [{ text: string }];
  assertEquals([TEXT.startsWith(text), text.length < TEXT.length], [true, true]);
  assertEquals(cut.previous_item_id, field(item, "item", "id"));
  assertEquals((await session.waitFor("conversation.item.delete")).item_id, field(item, "item", "id"));
  assertEquals(session.receivedOf("response.create"), []);
  await Deno.remove(file);
});

Deno.test("Greeting of the model is kept, and another process plays it without asking the model", async () => {
  const DATA_DIR = await Deno.makeTempDir();
  await using model = new ScriptedModel();
  const assistant = { greetingAudio: "cache", instructions: "Be kind." };
  {
    await using service = startService(model, assistant, { DATA_DIR });
    const token = await service.announce(CALL_SID);
    const session = await model.session();
    await session.configure();
    await session.waitFor("response.create");
    await using stream = new StreamClient(service.streamUrl);
    stream.echoMarks = true;
    await stream.start(CALL_SID, { token, from: FROM });
    session.send({ type: "response.created", response: { id: "r1", status: "in_progress" } });
    session.speak("r1", "a1", 500);
    session.send({ type: "response.output_audio.done", response_id: "r1", item_id: "a1" });
    session.send({ type: "response.output_audio_transcript.done", item_id: "a1", transcript: TEXT });
    session.done("r1");
    await stream.markAfter(500);
    stream.stop();
    await service.logged("call ended");
  }
  const files = [...Deno.readDirSync(`${DATA_DIR}/greetings`)].map(({ name }) => name);
  assertEquals(files.length, 1);
  {
    await using service = startService(model, assistant, { DATA_DIR });
    const token = await service.announce(CALL_SID);
    const session = await model.session(1);
    await using stream = new StreamClient(service.streamUrl);
    await stream.start(CALL_SID, { token, from: FROM });
    await stream.waitFor("media");
    await session.configure();
    const item = await session.waitFor("conversation.item.create");
    assertEquals(field(item, "item", "content"), [{ type: "output_text", text: TEXT }]);
    stream.echoMarks = true;
    await stream.markAfter(500);
    assertEquals([stream.receivedMs, session.receivedOf("response.create")], [500, []]);
  }
  await Deno.remove(DATA_DIR, { recursive: true });
});
