import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { telephone, WireClient } from "./support.ts";

const update = (session: Record<string, unknown>) => ({
  type: "session.update",
  session: { type: "realtime", ...session },
});
const input = (fields: Record<string, unknown>) => update({ audio: { input: fields } });
const output = (fields: Record<string, unknown>) => update({ audio: { output: fields } });
const detection = (fields: Record<string, unknown>) => input({ turn_detection: fields });
const respond = (response: Record<string, unknown>) => ({ type: "response.create", response });
const append = (fields: Record<string, unknown>) => ({ type: "input_audio_buffer.append", ...fields });
const user = (content: unknown[], fields = {}) => ({ type: "message", role: "user", content, ...fields });
const create = (item: unknown, fields = {}) => ({ type: "conversation.item.create", item, ...fields });
const truncate = (fields: Record<string, unknown>) => ({
  type: "conversation.item.truncate",
  item_id: "said",
  content_index: 0,
  audio_end_ms: 0,
  ...fields,
});

/** Invalid client events, each with the code of its error and, where one is at fault, the parameter. */
const rejected: [error: string, event: Record<string, unknown>][] = [
  ["missing_required_parameter session", { type: "session.update" }],
  ["missing_required_parameter session.type", { type: "session.update", session: {} }],
  ["invalid_value session.type", { type: "session.update", session: { type: "transcription" } }],
  ["invalid_type session", { type: "session.update", session: "x" }],
  ["unknown_parameter session.temperature", update({ temperature: 0.8 })],
  ["unknown_parameter session.modalities", update({ modalities: ["audio", "text"] })],
  ["unknown_parameter session.voice", update({ voice: "alloy" })],
  ["unknown_parameter session.input_audio_format", update({ input_audio_format: "g711_ulaw" })],
  ["unknown_parameter session.turn_detection", update({ turn_detection: null })],
  ["invalid_value session.model", update({ model: "gpt-realtime-1.5" })],
  ["invalid_value session.output_modalities", update({ output_modalities: ["audio", "text"] })],
  ["invalid_value session.output_modalities[0]", update({ output_modalities: ["video"] })],
  ["invalid_type session.instructions", update({ instructions: 7 })],
  ["invalid_type session.instructions", update({ instructions: null })],
  ["invalid_value session.max_output_tokens", update({ max_output_tokens: 5000 })],
  [
    "unknown_parameter session.tools[0].strict",
    update({ tools: [{ type: "function", name: "f", strict: true }] }),
  ],
  ["missing_required_parameter session.tools[0].name", update({ tools: [{ type: "function" }] })],
  ["invalid_value session.tool_choice", update({ tool_choice: "perhaps" })],
  ["missing_required_parameter session.tool_choice.name", update({ tool_choice: { type: "function" } })],
  [
    "unknown_parameter session.audio.input.format.rate",
    input({ format: { type: "audio/pcmu", rate: 8000 } }),
  ],
  [
    "unknown_parameter session.audio.output.format.rate",
    output({ format: { type: "audio/pcma", rate: 8000 } }),
  ],
  ["missing_required_parameter session.audio.output.format.rate", output({ format: { type: "audio/pcm" } })],
  ["invalid_value session.audio.input.format.rate", input({ format: { type: "audio/pcm", rate: 16000 } })],
  ["invalid_value session.audio.input.format.type", input({ format: { type: "audio/opus" } })],
  ["invalid_type session.audio.input.format", input({ format: "g711_ulaw" })],
  ["unknown_parameter session.audio.echo", update({ audio: { echo: {} } })],
  ["unknown_parameter session.audio.input.gain", input({ gain: 1 })],
  ["invalid_value session.audio.output.voice", output({ voice: "hal" })],
  ["invalid_value session.audio.output.speed", output({ speed: 2 })],
  ["invalid_value session.audio.input.noise_reduction.type", input({ noise_reduction: { type: "none" } })],
  ["invalid_type session.audio.input.transcription.language", input({ transcription: { language: 1 } })],
  ["missing_required_parameter session.audio.input.turn_detection.type", detection({ threshold: 0.5 })],
  ["invalid_value session.audio.input.turn_detection.type", detection({ type: "vad" })],
  [
    "invalid_value session.audio.input.turn_detection.threshold",
    detection({ type: "server_vad", threshold: 2 }),
  ],
  [
    "invalid_type session.audio.input.turn_detection.prefix_padding_ms",
    detection({ type: "server_vad", prefix_padding_ms: 1.5 }),
  ],
  [
    "unknown_parameter session.audio.input.turn_detection.eagerness",
    detection({ type: "server_vad", eagerness: "low" }),
  ],
  [
    "invalid_value session.audio.input.turn_detection.idle_timeout_ms",
    detection({ type: "server_vad", idle_timeout_ms: 100 }),
  ],
  ["missing_required_parameter audio", { type: "input_audio_buffer.append" }],
  ["invalid_type audio", append({ audio: 1 })],
  ["invalid_value audio", append({ audio: "%%%" })],
  ["unknown_parameter track", append({ audio: "", track: "in" })],
  ["invalid_value audio", append({ audio: encodeBase64(new Uint8Array(15 * 2 ** 20 + 1)) })],
  ["input_audio_buffer_commit_empty", { type: "input_audio_buffer.commit" }],
  ["missing_required_parameter item", { type: "conversation.item.create" }],
  ["invalid_value item.type", create({ type: "note" })],
  ["missing_required_parameter item.role", create({ type: "message", content: [] })],
  ["invalid_value item.role", create({ type: "message", role: "boss", content: [] })],
  ["invalid_value item.content[0].type", create(user([{ type: "text", text: "" }]))],
  [
    "invalid_value item.content[0].type",
    create({ type: "message", role: "assistant", content: [{ type: "output_audio", transcript: "" }] }),
  ],
  ["missing_required_parameter item.output", create({ type: "function_call_output", call_id: "c" })],
  ["invalid_type item.output", create({ type: "function_call_output", call_id: "c", output: {} })],
  ["invalid_value item.content[0].audio", create(user([{ type: "input_audio", audio: "%" }]))],
  ["invalid_value previous_item_id", create(user([]), { previous_item_id: "gone" })],
  ["invalid_value item.id", create(user([], { id: "asked" }))],
  ["item_retrieve_invalid_item_id item_id", { type: "conversation.item.retrieve", item_id: "gone" }],
  ["item_delete_invalid_item_id item_id", { type: "conversation.item.delete", item_id: "gone" }],
  ["missing_required_parameter item_id", { type: "conversation.item.delete" }],
  ["item_truncate_invalid_item_id item_id", truncate({ item_id: "gone" })],
  ["invalid_value item_id", truncate({ item_id: "asked" })],
  ["invalid_value item_id", truncate({ item_id: "wrote" })],
  ["invalid_value audio_end_ms", truncate({ audio_end_ms: 1001 })],
  ["invalid_type audio_end_ms", truncate({ audio_end_ms: 10.5 })],
  ["invalid_value audio_end_ms", truncate({ audio_end_ms: -1 })],
  ["invalid_type audio_end_ms", truncate({ audio_end_ms: "10" })],
  ["invalid_value content_index", truncate({ content_index: 1 })],
  ["missing_required_parameter audio_end_ms", {
    type: "conversation.item.truncate",
    item_id: "said",
    content_index: 0,
  }],
  ["response_cancel_not_active", { type: "response.cancel" }],
  ["unknown_parameter response.modalities", respond({ modalities: ["text"] })],
  ["invalid_value response.conversation", respond({ conversation: "none" })],
  ["unknown_parameter response.voice", respond({ voice: "marin" })],
  ["invalid_event type", { type: "output_audio_buffer.clear" }],
  ["invalid_value type", { type: "session.begin" }],
  ["invalid_value event_id", { type: "input_audio_buffer.clear", event_id: "e".repeat(513) }],
];

Deno.test("SimulatedModel answers each invalid event with its error and changes nothing", async (t) => {
  await using client = await WireClient.start(telephone(null));
  client.send(create(user([{ type: "input_text", text: "?" }], { id: "asked" })));
  const content = [{ type: "output_text", text: "!" }];
  client.send(create({ id: "wrote", type: "message", role: "assistant", content }));
  client.send({ type: "response.create" });
  const done = await client.next("response.output_item.done");
  const speechItemId = Reflect.get(Object(done.item), "id");
  await client.next("rate_limits.updated");

  for (const [i, [expected, event]] of rejected.entries()) {
    await t.step(`${expected}: ${JSON.stringify(event).slice(0, 100)}`, async () => {
      const before = client.events.length;
      const sent = { event_id: `try ${i}`, ...event };
      client.send("item_id" in sent && sent.item_id === "said" ? { ...sent, item_id: speechItemId } : sent);
      const { error } = await client.next("error");
      const { message, ...rest } = Object(error);
      const [code, param = null] = expected.split(" ");
      assertEquals(rest, { type: "invalid_request_error", code, param, event_id: sent.event_id });
      assert(message.length > 10);
      assertEquals(client.events.length, before + 1);
    });
  }

  await t.step("the session is unchanged", async () => {
    client.send(update({}));
    const { session } = await client.next("session.updated");
    const [first] = client.events.filter(({ type }) => type === "session.updated");
    assertEquals(session, first?.session);
    client.send(truncate({ item_id: speechItemId, audio_end_ms: 1000 }));
    await client.next("conversation.item.truncated");
  });
});

Deno.test("SimulatedModel rejects frames that are not events", async (t) => {
  await using client = await WireClient.start();
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
});

Deno.test("SimulatedModel applies nothing of a rejected update", async () => {
  await using client = await WireClient.start();
  client.send(update({ instructions: "New", audio: { output: { speed: 1.2 } }, temperature: 1 }));
  await client.next("error");
  client.send(update({ tools: [] }));
  const { session } = await client.next("session.updated");
  assertEquals(session, client.events[0]?.session);
});

Deno.test("SimulatedModel rejects an update of the voice after the assistant spoke", async () => {
  await using client = await WireClient.start({ audio: { output: { voice: "cedar" } } });
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
});
