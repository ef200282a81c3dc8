import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { startSimulatedModel } from "../../../src/simulator/model/model_server.ts";
import { telephone, WireClient } from "./support.ts";

const update = (session: Record<string, unknown>) => ({
  type: "session.update",
  session: { type: "realtime", ...session },
});
const input = (fields: Record<string, unknown>) => update({ audio: { input: fields } });
const output = (fields: Record<string, unknown>) => update({ audio: { output: fields } });
const create = (item: unknown, fields = {}) => ({ type: "conversation.item.create", item, ...fields });
const truncate = (fields: Record<string, unknown>) => ({
  type: "conversation.item.truncate",
  item_id: "said",
  content_index: 0,
  audio_end_ms: 0,
  ...fields,
});

/** Invalid client events, each with the code and the parameter of its error. */
const rejected: [string, Record<string, unknown>, string, string | null][] = [
  ["no session", { type: "session.update" }, "missing_required_parameter", "session"],
  ["no session type", { type: "session.update", session: {} }, "missing_required_parameter", "session.type"],
  [
    "transcription session",
    { type: "session.update", session: { type: "transcription" } },
    "invalid_value",
    "session.type",
  ],
  ["session is text", { type: "session.update", session: "x" }, "invalid_type", "session"],
  ["temperature", update({ temperature: 0.8 }), "unknown_parameter", "session.temperature"],
  ["beta modalities", update({ modalities: ["audio", "text"] }), "unknown_parameter", "session.modalities"],
  ["beta voice", update({ voice: "alloy" }), "unknown_parameter", "session.voice"],
  [
    "beta format",
    update({ input_audio_format: "g711_ulaw" }),
    "unknown_parameter",
    "session.input_audio_format",
  ],
  ["beta detection", update({ turn_detection: null }), "unknown_parameter", "session.turn_detection"],
  ["another model", update({ model: "gpt-realtime-1.5" }), "invalid_value", "session.model"],
  [
    "both modalities",
    update({ output_modalities: ["audio", "text"] }),
    "invalid_value",
    "session.output_modalities",
  ],
  ["odd modality", update({ output_modalities: ["video"] }), "invalid_value", "session.output_modalities[0]"],
  ["numeric instructions", update({ instructions: 7 }), "invalid_type", "session.instructions"],
  ["null instructions", update({ instructions: null }), "invalid_type", "session.instructions"],
  ["too many tokens", update({ max_output_tokens: 5000 }), "invalid_value", "session.max_output_tokens"],
  [
    "strict tool",
    update({ tools: [{ type: "function", name: "f", strict: true }] }),
    "unknown_parameter",
    "session.tools[0].strict",
  ],
  [
    "nameless tool",
    update({ tools: [{ type: "function" }] }),
    "missing_required_parameter",
    "session.tools[0].name",
  ],
  ["tool choice", update({ tool_choice: "perhaps" }), "invalid_value", "session.tool_choice"],
  [
    "nameless choice",
    update({ tool_choice: { type: "function" } }),
    "missing_required_parameter",
    "session.tool_choice.name",
  ],
  [
    "pcmu with rate",
    input({ format: { type: "audio/pcmu", rate: 8000 } }),
    "unknown_parameter",
    "session.audio.input.format.rate",
  ],
  [
    "pcma with rate",
    output({ format: { type: "audio/pcma", rate: 8000 } }),
    "unknown_parameter",
    "session.audio.output.format.rate",
  ],
  [
    "pcm without rate",
    output({ format: { type: "audio/pcm" } }),
    "missing_required_parameter",
    "session.audio.output.format.rate",
  ],
  [
    "pcm at 16 kHz",
    input({ format: { type: "audio/pcm", rate: 16000 } }),
    "invalid_value",
    "session.audio.input.format.rate",
  ],
  ["opus", input({ format: { type: "audio/opus" } }), "invalid_value", "session.audio.input.format.type"],
  ["format is text", input({ format: "g711_ulaw" }), "invalid_type", "session.audio.input.format"],
  ["unknown audio field", update({ audio: { echo: {} } }), "unknown_parameter", "session.audio.echo"],
  ["unknown input field", input({ gain: 1 }), "unknown_parameter", "session.audio.input.gain"],
  ["unknown voice", output({ voice: "hal" }), "invalid_value", "session.audio.output.voice"],
  ["too fast", output({ speed: 2 }), "invalid_value", "session.audio.output.speed"],
  [
    "noise reduction",
    input({ noise_reduction: { type: "none" } }),
    "invalid_value",
    "session.audio.input.noise_reduction.type",
  ],
  [
    "transcription language",
    input({ transcription: { language: 1 } }),
    "invalid_type",
    "session.audio.input.transcription.language",
  ],
  [
    "detection without type",
    input({ turn_detection: { threshold: 0.5 } }),
    "missing_required_parameter",
    "session.audio.input.turn_detection.type",
  ],
  [
    "detection type",
    input({ turn_detection: { type: "vad" } }),
    "invalid_value",
    "session.audio.input.turn_detection.type",
  ],
  [
    "threshold",
    input({ turn_detection: { type: "server_vad", threshold: 2 } }),
    "invalid_value",
    "session.audio.input.turn_detection.threshold",
  ],
  [
    "padding",
    input({ turn_detection: { type: "server_vad", prefix_padding_ms: 1.5 } }),
    "invalid_type",
    "session.audio.input.turn_detection.prefix_padding_ms",
  ],
  [
    "eagerness of server_vad",
    input({ turn_detection: { type: "server_vad", eagerness: "low" } }),
    "unknown_parameter",
    "session.audio.input.turn_detection.eagerness",
  ],
  [
    "idle timeout",
    input({ turn_detection: { type: "server_vad", idle_timeout_ms: 100 } }),
    "invalid_value",
    "session.audio.input.turn_detection.idle_timeout_ms",
  ],

  ["append nothing", { type: "input_audio_buffer.append" }, "missing_required_parameter", "audio"],
  ["append a number", { type: "input_audio_buffer.append", audio: 1 }, "invalid_type", "audio"],
  ["append no base64", { type: "input_audio_buffer.append", audio: "%%%" }, "invalid_value", "audio"],
  [
    "append a track",
    { type: "input_audio_buffer.append", audio: "", track: "in" },
    "unknown_parameter",
    "track",
  ],
  [
    "append 15 MiB and one",
    { type: "input_audio_buffer.append", audio: encodeBase64(new Uint8Array(15 * 2 ** 20 + 1)) },
    "invalid_value",
    "audio",
  ],
  ["commit an empty buffer", { type: "input_audio_buffer.commit" }, "input_audio_buffer_commit_empty", null],

  ["create nothing", { type: "conversation.item.create" }, "missing_required_parameter", "item"],
  ["item type", create({ type: "note" }), "invalid_value", "item.type"],
  ["no role", create({ type: "message", content: [] }), "missing_required_parameter", "item.role"],
  ["role", create({ type: "message", role: "boss", content: [] }), "invalid_value", "item.role"],
  [
    "content type",
    create({ type: "message", role: "user", content: [{ type: "text", text: "" }] }),
    "invalid_value",
    "item.content[0].type",
  ],
  [
    "assistant audio",
    create({ type: "message", role: "assistant", content: [{ type: "output_audio", transcript: "" }] }),
    "invalid_value",
    "item.content[0].type",
  ],
  [
    "no output",
    create({ type: "function_call_output", call_id: "c" }),
    "missing_required_parameter",
    "item.output",
  ],
  [
    "object output",
    create({ type: "function_call_output", call_id: "c", output: {} }),
    "invalid_type",
    "item.output",
  ],
  [
    "audio no base64",
    create({ type: "message", role: "user", content: [{ type: "input_audio", audio: "%" }] }),
    "invalid_value",
    "item.content[0].audio",
  ],
  [
    "after nobody",
    create({ type: "message", role: "user", content: [] }, { previous_item_id: "gone" }),
    "invalid_value",
    "previous_item_id",
  ],
  [
    "same id",
    create({ id: "asked", type: "message", role: "user", content: [] }),
    "invalid_value",
    "item.id",
  ],
  [
    "retrieve",
    { type: "conversation.item.retrieve", item_id: "gone" },
    "item_retrieve_invalid_item_id",
    "item_id",
  ],
  ["delete", { type: "conversation.item.delete", item_id: "gone" }, "item_delete_invalid_item_id", "item_id"],
  ["delete nothing", { type: "conversation.item.delete" }, "missing_required_parameter", "item_id"],

  ["truncate unknown", truncate({ item_id: "gone" }), "item_truncate_invalid_item_id", "item_id"],
  ["truncate the caller", truncate({ item_id: "asked" }), "invalid_value", "item_id"],
  ["truncate text", truncate({ item_id: "wrote" }), "invalid_value", "item_id"],
  ["truncate beyond", truncate({ audio_end_ms: 1001 }), "invalid_value", "audio_end_ms"],
  ["truncate at half a ms", truncate({ audio_end_ms: 10.5 }), "invalid_type", "audio_end_ms"],
  ["truncate before the start", truncate({ audio_end_ms: -1 }), "invalid_value", "audio_end_ms"],
  ["truncate at text", truncate({ audio_end_ms: "10" }), "invalid_type", "audio_end_ms"],
  ["truncate another part", truncate({ content_index: 1 }), "invalid_value", "content_index"],
  [
    "truncate without an end",
    { type: "conversation.item.truncate", item_id: "said", content_index: 0 },
    "missing_required_parameter",
    "audio_end_ms",
  ],

  ["cancel nothing", { type: "response.cancel" }, "response_cancel_not_active", null],
  [
    "response modality",
    { type: "response.create", response: { modalities: ["text"] } },
    "unknown_parameter",
    "response.modalities",
  ],
  [
    "out of band",
    { type: "response.create", response: { conversation: "none" } },
    "invalid_value",
    "response.conversation",
  ],
  [
    "response voice",
    { type: "response.create", response: { voice: "marin" } },
    "unknown_parameter",
    "response.voice",
  ],
  ["clear what WebRTC plays", { type: "output_audio_buffer.clear" }, "invalid_event", "type"],
  ["unknown event", { type: "session.begin" }, "invalid_value", "type"],
  [
    "long event id",
    { type: "input_audio_buffer.clear", event_id: "e".repeat(513) },
    "invalid_value",
    "event_id",
  ],
];

Deno.test("SimulatedModel answers each invalid event with its error and changes nothing", async (t) => {
  const model = startSimulatedModel();
  const client = await WireClient.open(model.url, telephone(null));
  client.send(
    create({ id: "asked", type: "message", role: "user", content: [{ type: "input_text", text: "?" }] }),
  );
  client.send(
    create({
      id: "wrote",
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "!" }],
    }),
  );
  client.send({ type: "response.create" });
  const done = await client.next("response.output_item.done");
  const said = Reflect.get(Object(done.item), "id");
  await client.next("rate_limits.updated");

  for (const [name, event, code, param] of rejected) {
    await t.step(name, async () => {
      const before = client.events.length;
      const sent = { event_id: `try ${name}`, ...event };
      client.send("item_id" in sent && sent.item_id === "said" ? { ...sent, item_id: said } : sent);
      const { error } = await client.next("error");
      const { message, ...rest } = Object(error);
      const event_id = sent.event_id;
      assertEquals(rest, { type: "invalid_request_error", code, param, event_id });
      assert(message.length > 10);
      assertEquals(
        client.events.length,
        before + 1,
      );
    });
  }

  await t.step("the session is unchanged", async () => {
    client.send(update({}));
    const { session } = await client.next("session.updated");
    const [first] = client.events.filter(({ type }) => type === "session.updated");
    assertEquals(session, first?.session);
    client.send(truncate({ item_id: said, audio_end_ms: 1000 }));
    await client.next("conversation.item.truncated");
  });
  await client.close();
  await model.close();
});

Deno.test("SimulatedModel rejects frames that are not events", async (t) => {
  const model = startSimulatedModel();
  const client = await WireClient.open(model.url);
  const frames: [string, string | Uint8Array<ArrayBuffer>, string, string][] = [
    ["binary", new Uint8Array(4), "invalid_event", "binary frames are not supported"],
    ["invalid JSON", "{", "invalid_json", "JSON"],
    ["an array", "[]", "invalid_event", "object"],
    ["null", "null", "invalid_event", "object"],
    ["no type", '{"event_id":"mine"}', "invalid_event", "'type' field is missing"],
  ];
  for (const [name, frame, code, words] of frames) {
    await t.step(name, async () => {
      client.sendRaw(frame);
      const { error } = await client.next("error");
      assertEquals(Reflect.get(Object(error), "code"), code);
      assertStringIncludes(Reflect.get(Object(error), "message"), words);
    });
  }
  client.send(update({}));
  await client.next("session.updated");
  await client.close();
  await model.close();
});

Deno.test("SimulatedModel applies nothing of a rejected update", async () => {
  const model = startSimulatedModel();
  const client = await WireClient.open(model.url);
  client.send(update({ instructions: "New", audio: { output: { speed: 1.2 } }, temperature: 1 }));
  await client.next("error");
  client.send(update({ tools: [] }));
  const { session } = await client.next("session.updated");
  assertEquals(session, client.events[0]?.session);
  await client.close();
  await model.close();
});

Deno.test("SimulatedModel rejects an update of the voice after the assistant spoke", async () => {
  const model = startSimulatedModel();
  const client = await WireClient.open(model.url, { audio: { output: { voice: "cedar" } } });
  client.send({ type: "response.create" });
  await client.next("response.done");
  client.send({ ...update({ instructions: "New", audio: { output: { voice: "ash" } } }), event_id: "mine" });
  const { error } = await client.next("error");
  assertEquals(Reflect.get(Object(error), "code"), "cannot_update_voice");
  assertEquals(Reflect.get(Object(error), "event_id"), "mine");
  // The same voice is not a change.
  client.send(output({ voice: "cedar" }));
  const { session } = await client.next("session.updated");
  assert(Reflect.get(Object(session), "instructions") !== "New");
  await client.close();
  await model.close();
});
