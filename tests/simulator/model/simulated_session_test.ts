import { assert, assertEquals, assertGreater } from "@std/assert";
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { startSimulatedModel } from "../../../src/simulator/model/model_server.ts";
import type { WireEvent } from "../../../src/simulator/model/server_events.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { joined, silence, speakInto, speechLike, telephone, WireClient } from "./support.ts";

/** A nested field of an event. */
function field(event: WireEvent | undefined, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((inside, key) => Reflect.get(Object(inside), key), event);
}

/** The audio of all deltas so far. */
function audioOf(client: WireClient): Uint8Array {
  const deltas = client.events.filter(({ type }) => type === "response.output_audio.delta");
  return Uint8Array.from(deltas.flatMap((event) => [...decodeBase64(String(event.delta))]));
}

const TURN = joined(silence(1000), speechLike(1500), silence(1000));

Deno.test("SimulatedSession starts with the complete default configuration", async () => {
  await using client = await WireClient.start();
  const { expires_at, id, instructions, ...session } = Object(client.events[0]?.session);
  assert(Math.abs(expires_at - Date.now() / 1000 - 3600) < 10);
  assert(id.startsWith("sess_") && instructions.length > 0);
  assertEquals(session, {
    type: "realtime",
    object: "realtime.session",
    model: "gpt-realtime-2.1",
    output_modalities: ["audio"],
    tools: [],
    tool_choice: "auto",
    max_output_tokens: "inf",
    truncation: "auto",
    tracing: null,
    prompt: null,
    include: null,
    audio: {
      input: {
        format: { type: "audio/pcm", rate: 24000 },
        transcription: null,
        noise_reduction: null,
        turn_detection: {
          type: "server_vad",
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 200,
          idle_timeout_ms: null,
          create_response: true,
          interrupt_response: true,
        },
      },
      output: { format: { type: "audio/pcm", rate: 24000 }, voice: "marin", speed: 1 },
    },
  });
});

Deno.test("SimulatedSession changes only the fields of an update", async () => {
  await using client = await WireClient.start(telephone({ threshold: 0.7 }));
  const updates: [Record<string, unknown>, (string | number)[], unknown][] = [
    [{ instructions: "" }, ["instructions"], ""],
    [{ audio: { output: { voice: "cedar" } } }, ["audio", "output", "voice"], "cedar"],
    [
      { audio: { input: { noise_reduction: { type: "near_field" } } } },
      ["audio", "input", "noise_reduction"],
      {
        type: "near_field",
      },
    ],
    [{ audio: { input: { noise_reduction: null } } }, ["audio", "input", "noise_reduction"], null],
    [{ tools: [{ type: "function", name: "end_call" }] }, ["tools", 0, "name"], "end_call"],
    [{ tools: [] }, ["tools"], []],
  ];
  for (const [session, path, expected] of updates) {
    client.send({ type: "session.update", session: { type: "realtime", ...session } });
    const updated = await client.next("session.updated");
    assertEquals(field(updated, "session", ...path), expected);
    assertEquals(field(updated, "session", "audio", "input", "format"), { type: "audio/pcmu" });
    assertEquals(field(updated, "session", "audio", "output", "format"), { type: "audio/pcmu" });
    assertEquals(field(updated, "session", "audio", "input", "turn_detection", "threshold"), 0.7);
    assertEquals(field(updated, "session", "audio", "input", "turn_detection", "silence_duration_ms"), 500);
  }
});

Deno.test("SimulatedSession greets with a chime, with events in the vendor's order and consistent usage", async () => {
  await using client = await WireClient.start(telephone());
  client.send({
    type: "response.create",
    response: { instructions: "Greet.", metadata: { kind: "greeting" } },
  });
  await client.next("rate_limits.updated");

  const types = client.typesSince("response.created");
  assertEquals(types.filter((type) => !type.endsWith(".delta")), [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
  ]);
  assert(types.lastIndexOf("response.output_audio.delta") < types.indexOf("response.output_audio.done"));

  const audio = audioOf(client);
  assertEquals(audio.length, 8000);
  // Silence at both ends: 0xff and 0x7f are the two zeroes of µ-law.
  assertEquals([audio[0], audio.at(-1)].map((byte) => Number(byte) | 0x80), [0xff, 0xff]);

  const done = client.events.find(({ type }) => type === "response.done");
  const transcript = field(done, "response", "output", 0, "content", 0, "transcript");
  assertEquals(transcript, "(a chime)");
  const spoken = client.events.filter(({ type }) => type === "response.output_audio_transcript.delta");
  assertEquals(spoken.map(({ delta }) => delta).join(""), transcript);
  assertEquals(field(done, "response", "status"), "completed");
  assertEquals(field(done, "response", "metadata"), { kind: "greeting" });
  assertEquals(field(done, "response", "usage", "output_token_details", "audio_tokens"), 20);
});

Deno.test("SimulatedSession sends deltas faster than real time, in sizes that are not multiples of 20 ms", async () => {
  const clock = new FakeClock();
  await using client = await WireClient.start(telephone(null), { clock });
  speakInto(client, speechLike(3000));
  client.send({ type: "input_audio_buffer.commit" });
  client.send({ type: "response.create" });
  await client.next("response.content_part.added");
  clock.advance(440);
  await client.next("response.done");
  assertEquals(audioOf(client).length, 24000);
  const sizes = client.events.filter(({ type }) => type === "response.output_audio.delta")
    .map(({ delta }) => decodeBase64(String(delta)).length / 8);
  assert(sizes.slice(0, -1).every((ms) => ms >= 200 && ms <= 400), `${sizes}`);
  assertGreater(new Set(sizes).size, 3);
  assert(sizes.some((ms) => ms % 20 !== 0));
});

Deno.test("SimulatedSession detects, commits, transcribes and repeats a spoken turn", async () => {
  const session = telephone({ prefix_padding_ms: 200 });
  Object.assign(Object(session.audio).input, { transcription: { model: "gpt-transcribe" } });
  await using client = await WireClient.start(session);
  const turnAudio = speakInto(client, TURN);
  await client.next("response.done");

  const order = client.typesSince("input_audio_buffer.speech_started").filter((type) =>
    !type.endsWith(".delta")
  );
  assertEquals(order.slice(0, 6), [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "response.created",
  ]);
  const at = (type: string) => client.events.find((event) => event.type === type);
  const startMs = Number(at("input_audio_buffer.speech_started")?.audio_start_ms);
  const endMs = Number(at("input_audio_buffer.speech_stopped")?.audio_end_ms);
  assert(Math.abs(startMs - 800) <= 50, `started at ${startMs}`);
  assert(Math.abs(endMs - 3000) <= 50, `ended at ${endMs}`);

  const item = at("input_audio_buffer.speech_started")?.item_id;
  for (const type of ["input_audio_buffer.speech_stopped", "input_audio_buffer.committed"]) {
    assertEquals(at(type)?.item_id, item);
  }
  const back = audioOf(client);
  assertEquals(back, turnAudio.slice(startMs * 8, startMs * 8 + back.length));
  const spokenMs = back.length / 8;
  assert(Math.abs(spokenMs - (200 + 1500 + 100)) <= 80, `said ${spokenMs} ms back`);

  const heard = at("conversation.item.input_audio_transcription.completed");
  assertEquals(heard?.item_id, item);
  assertEquals(heard?.transcript, `(${(spokenMs / 1000).toFixed(1)} s of speech)`);
  assertEquals(
    field(heard, "usage", "input_token_details", "audio_tokens"),
    Math.ceil((endMs - startMs) / 100),
  );
  client.send({ type: "conversation.item.retrieve", item_id: item });
  const retrieved = await client.next("conversation.item.retrieved");
  assertEquals(
    field(retrieved, "item", "content", 0, "audio"),
    encodeBase64(turnAudio.slice(startMs * 8, endMs * 8)),
  );
});

Deno.test("SimulatedSession counts the first turn again in the usage of the second", async () => {
  await using client = await WireClient.start(telephone());
  speakInto(client, joined(silence(500), speechLike(4000), silence(600)));
  const first = await client.next("response.done");
  speakInto(client, joined(silence(500), speechLike(8000), silence(600)));
  await client.next("input_audio_buffer.speech_started");
  const committed = await client.next("input_audio_buffer.committed");
  const second = await client.next("response.done");
  assertEquals(committed.previous_item_id, field(first, "response", "output", 0, "id"));

  for (const done of [first, second]) {
    const usage = Object(field(done, "response", "usage"));
    const { input_token_details: input, output_token_details: output } = usage;
    assertEquals(usage.total_tokens, usage.input_tokens + usage.output_tokens);
    assertEquals(usage.input_tokens, input.text_tokens + input.audio_tokens);
    assertEquals(usage.output_tokens, output.text_tokens + output.audio_tokens);
    const cached = input.cached_tokens_details;
    assertEquals(input.cached_tokens, cached.text_tokens + cached.audio_tokens);
    assert(cached.text_tokens <= input.text_tokens && cached.audio_tokens <= input.audio_tokens);
  }
  const audioIn = (done: WireEvent) =>
    Number(field(done, "response", "usage", "input_token_details", "audio_tokens"));
  const audioOut = (done: WireEvent) =>
    Number(field(done, "response", "usage", "output_token_details", "audio_tokens"));
  // 0.3 s before the speech and 0.5 s after it are committed too: 10 tokens per second.
  assert(Math.abs(audioIn(first) - 48) <= 1, `${audioIn(first)} tokens of caller audio`);
  assert(Math.abs(audioOut(first) - 88) <= 2, `${audioOut(first)} tokens of assistant audio`);
  assert(
    Math.abs(audioIn(second) - (audioIn(first) + audioOut(first) + 88)) <= 1,
    `${audioIn(second)} tokens`,
  );
  assertEquals(field(first, "response", "usage", "input_token_details", "cached_tokens"), 0);
});

Deno.test("SimulatedSession caches repeated input in blocks of 64 tokens", async () => {
  await using client = await WireClient.start({
    instructions: "x".repeat(400),
    output_modalities: ["text"],
  });
  client.send({ type: "response.create" });
  const first = await client.next("response.done");
  client.send({ type: "response.create" });
  const second = await client.next("response.done");
  const cached = (done: WireEvent) =>
    field(done, "response", "usage", "input_token_details", "cached_tokens");
  assertEquals([cached(first), cached(second)], [0, 64]);
});

Deno.test("SimulatedSession cancels the response when the caller speaks", async () => {
  const clock = new FakeClock();
  const client = await WireClient.start(telephone(), { clock });
  speakInto(client, TURN);
  await client.next("response.content_part.added");
  clock.advance(100);
  speakInto(client, speechLike(500));
  await client.next("input_audio_buffer.speech_started");
  const itemDone = await client.next("response.output_item.done");
  const done = await client.next("response.done");
  assertEquals(field(done, "response", "status"), "cancelled");
  assertEquals(field(done, "response", "status_details"), { type: "cancelled", reason: "turn_detected" });
  assertEquals(field(itemDone, "item", "status"), "incomplete");
  assertEquals(field(done, "response", "output", 0), itemDone.item);
  assertEquals(field(done, "response", "usage", "output_token_details", "audio_tokens"), 525 / 50 + 0.5);

  // Only sent audio can be truncated.
  const item_id = field(itemDone, "item", "id");
  client.send({ type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms: 526 });
  assertEquals(
    field(await client.next("error"), "error", "message"),
    "Audio content of 525ms is already shorter than 526ms",
  );
  client.send({ type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms: 140 });
  const truncated = await client.next("conversation.item.truncated");
  assertEquals([truncated.item_id, truncated.audio_end_ms], [item_id, 140]);
  client.send({ type: "conversation.item.retrieve", item_id });
  assertEquals(field(await client.next("conversation.item.retrieved"), "item", "content"), [{
    type: "output_audio",
  }]);
  client.send({ type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms: 141 });
  assertEquals(
    field(await client.next("error"), "error", "message"),
    "Audio content of 140ms is already shorter than 141ms",
  );

  speakInto(client, silence(600));
  await client.next("response.created");
  await client.close();
  assertEquals(clock.pending, 0);
});

Deno.test("SimulatedSession continues the response and does not answer the turn with interrupt_response off", async () => {
  const clock = new FakeClock();
  await using client = await WireClient.start(telephone({ interrupt_response: false }), { clock });
  client.send({ type: "response.create" });
  await client.next("response.content_part.added");
  speakInto(client, TURN);
  await client.next("input_audio_buffer.committed");
  assertEquals(
    field(await client.next("error"), "error", "code"),
    "conversation_already_has_active_response",
  );
  clock.advance(1000);
  assertEquals(field(await client.next("response.done"), "response", "status"), "completed");
});

Deno.test("SimulatedSession waits for response.create with create_response off, one response at a time", async () => {
  const clock = new FakeClock();
  const client = await WireClient.start(telephone({ create_response: false }), { clock });
  speakInto(client, TURN);
  await client.next("conversation.item.done");
  client.send({ type: "response.create" });
  client.send({ type: "response.create", event_id: "again" });
  const { error } = await client.next("error");
  assertEquals(field(Object(error), "code"), "conversation_already_has_active_response");
  assertEquals(field(Object(error), "event_id"), "again");

  client.send({ type: "response.cancel", response_id: "resp_other" });
  assertEquals(field(await client.next("error"), "error", "code"), "response_cancel_not_active");
  client.send({ type: "response.cancel" });
  const done = await client.next("response.done");
  assertEquals(field(done, "response", "status_details"), { type: "cancelled", reason: "client_cancelled" });
  await client.close();
  assertEquals(clock.pending, 0);
});

Deno.test("SimulatedSession lets the client commit and clear without turn detection", async () => {
  await using client = await WireClient.start(telephone(null));
  speakInto(client, speechLike(1000));
  client.send({ type: "input_audio_buffer.clear" });
  await client.next("input_audio_buffer.cleared");
  const turnAudio = speakInto(client, speechLike(760));
  client.send({ type: "input_audio_buffer.commit" });
  client.send({ type: "response.create" });
  await client.next("response.done");
  assertEquals(audioOf(client), turnAudio);
  assert(!client.events.some(({ type }) => type.startsWith("input_audio_buffer.speech")));
});

Deno.test("SimulatedSession inserts items anywhere and deletes them", async () => {
  await using client = await WireClient.start({ output_modalities: ["text"] });
  const make = async (id: string, previous_item_id?: string) => {
    const item = { id, type: "message", role: "user", content: [{ type: "input_text", text: id }] };
    client.send({ type: "conversation.item.create", item, ...(previous_item_id && { previous_item_id }) });
    const added = await client.next("conversation.item.added");
    assertEquals(added.item, { ...item, object: "realtime.item", status: "completed" });
    return (await client.next("conversation.item.done")).previous_item_id;
  };
  assertEquals(await make("b"), null);
  assertEquals(await make("c"), "b");
  assertEquals(await make("a", "root"), null);
  assertEquals(await make("bb", "b"), "b");
  client.send({ type: "conversation.item.delete", item_id: "c" });
  assertEquals((await client.next("conversation.item.deleted")).item_id, "c");
  assertEquals(await make("d"), "bb");
  client.send({ type: "response.create" });
  await client.next("response.output_text.done");
  assertEquals(field(await client.next("response.done"), "response", "output_modalities"), ["text"]);
});

Deno.test("SimulatedSession keeps the duration of audio in PCM and across formats", async () => {
  const model = startSimulatedModel();
  const pcm = { type: "audio/pcm", rate: 24000 };
  const pcmu = { type: "audio/pcmu" };
  for (const [from, to] of [[pcm, pcm], [pcm, pcmu], [pcmu, pcm], [{ type: "audio/pcma" }, pcmu]]) {
    const client = await WireClient.open(model.url, {
      audio: { input: { format: from, turn_detection: null }, output: { format: to } },
    });
    const bytes = new Uint8Array((from === pcm ? 48 : 8) * 730);
    client.send({ type: "input_audio_buffer.append", audio: encodeBase64(bytes) });
    client.send({ type: "input_audio_buffer.commit" });
    client.send({ type: "response.create" });
    await client.next("response.done");
    assertEquals(audioOf(client).length, (to === pcm ? 48 : 8) * 730);
    await client.close();
  }
  await model.close();
});

Deno.test("SimulatedSession responds after the idle timeout of a silent caller", async () => {
  const clock = new FakeClock();
  const client = await WireClient.start(telephone({ idle_timeout_ms: 5000 }), { clock });
  client.send({ type: "response.create" });
  await client.next("response.content_part.added");
  clock.advance(200);
  await client.next("response.done");
  // One second of chime, then five of silence.
  clock.advance(5999 - 40);
  client.send({ type: "session.update", session: { type: "realtime" } });
  await client.next("session.updated");
  assert(!client.events.some(({ type }) => type === "input_audio_buffer.timeout_triggered"));
  clock.advance(40);
  await client.next("input_audio_buffer.timeout_triggered");
  await client.next("input_audio_buffer.committed");
  await client.next("response.created");
  await client.close();
  assertEquals(clock.pending, 0);
});

Deno.test("SimulatedSession cancels the idle timeout when the caller speaks", async () => {
  const clock = new FakeClock();
  await using client = await WireClient.start(telephone({ idle_timeout_ms: 5000, create_response: false }), {
    clock,
  });
  client.send({ type: "response.create" });
  await client.next("response.content_part.added");
  clock.advance(200);
  await client.next("response.done");
  speakInto(client, TURN);
  await client.next("input_audio_buffer.committed");
  clock.advance(10_000);
  client.send({ type: "input_audio_buffer.clear" });
  await client.next("input_audio_buffer.cleared");
  assert(!client.events.some(({ type }) => type === "input_audio_buffer.timeout_triggered"));
});

Deno.test("SimulatedSession starts no idle timeout while the caller speaks", async () => {
  const clock = new FakeClock();
  await using client = await WireClient.start(telephone({ idle_timeout_ms: 5000 }), { clock });
  client.send({ type: "response.create" });
  await client.next("response.content_part.added");
  speakInto(client, speechLike(1000));
  await client.next("rate_limits.updated");
  assertEquals(clock.pending, 1); // the end of the session
});
