import { assert, assertEquals } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import { CALL_SID, connect } from "../support/service_call.ts";

/** Runs a test with and without audio conversion: the heard milliseconds must be as exact in both. */
function inBothFormats(name: string, test: (format: string) => Promise<void>): void {
  for (const format of ["pcmu", "pcm16"]) Deno.test(`${name} (${format})`, () => test(format));
}

inBothFormats(
  "Barge-in clears at once and truncates each item at what was heard",
  async (AUDIO_FORMAT) => {
    await using line = await connect({ AUDIO_FORMAT });
    const { session, stream, service } = line;
    session.respond("r1", { a: 1_000, b: 2_000 }, { done: false });
    await stream.waitFor("media", 2);
    await stream.waitFor("mark", 2);
    session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
    await stream.waitFor("clear");
    await session.waitFor("conversation.item.truncate", 2);
    const [first, second] = session.receivedOf("conversation.item.truncate");
    assertEquals([first?.item_id, first?.content_index, second?.item_id, second?.audio_end_ms], [
      "a",
      0,
      "b",
      0,
    ]);
    const heardMs = Number(first?.audio_end_ms);
    assert(
      Number.isInteger(heardMs) && heardMs >= 0 && heardMs <= 100,
      `${heardMs} ms, without a mark echoed`,
    );
    assertEquals(session.receivedOf("response.cancel"), [], "the server cancels the response itself");

    // Late audio of the interrupted response must not be played.
    const sent = stream.of("media").length;
    session.speak("r1", "b", 500);
    session.done("r1", "cancelled", { type: "cancelled", reason: "turn_detected" });
    await service.logged("response");
    assertEquals(stream.of("media").length, sent);
    session.respond("r2", { c: 100 });
    await stream.waitFor("media", sent + 1);
  },
);

inBothFormats(
  "Barge-in clears and truncates after generation has finished",
  async (AUDIO_FORMAT) => {
    await using line = await connect({ AUDIO_FORMAT });
    const { session, stream, service } = line;
    session.respond("r1", { a: 5_000 });
    await service.logged("response");
    await stream.waitFor("mark");
    session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
    await stream.waitFor("clear");
    assertEquals((await session.waitFor("conversation.item.truncate")).item_id, "a");
    assertEquals(session.receivedOf("response.cancel"), []);
    assertEquals((await service.logged("barge-in")).call, CALL_SID);
  },
);

inBothFormats("Speech is not a barge-in while nothing is playing", async (AUDIO_FORMAT) => {
  const clock = new FakeClock();
  await using line = await connect({ AUDIO_FORMAT }, clock);
  const { session, stream, service } = line;
  session.respond("r1", { a: 60 });
  await service.logged("response");
  const mark = await stream.markAfter(60);
  clock.advance(60);
  stream.mark(mark);
  // Messages are processed in order: once the key is logged, the mark has been processed.
  stream.press("1");
  await service.logged("key pressed");
  session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
  await service.logged("speech started");
  assertEquals(stream.of("clear"), []);
  assertEquals(session.receivedOf("conversation.item.truncate"), []);
});

inBothFormats("Response too long is cancelled and truncated at what will be played", async (AUDIO_FORMAT) => {
  await using line = await connect({ AUDIO_FORMAT });
  const { session, service } = line;
  session.send({ type: "response.created", response: { id: "r1", status: "in_progress" } });
  for (let i = 0; i < 32; i++) session.speak("r1", "a", 10_000);
  const cancel = await session.waitFor("response.cancel");
  assertEquals(cancel.response_id, "r1");
  // The conversion filter still holds the last 3.5 ms.
  const keptMs = AUDIO_FORMAT === "pcmu" ? 300_000 : 299_996;
  assertEquals((await session.waitFor("conversation.item.truncate")).audio_end_ms, keptMs);
  await service.logged("response too long");
  assertEquals(service.events("response too long").length, 1);
});

inBothFormats(
  "Barge-in truncates without a clear when the model is slower than real time",
  async (AUDIO_FORMAT) => {
    const clock = new FakeClock();
    await using line = await connect({ AUDIO_FORMAT }, clock);
    const { session, stream, service } = line;
    session.respond("r1", { a: 60 }, { done: false });
    const mark = await stream.markAfter(60);
    clock.advance(60);
    stream.mark(mark);
    await service.logged("mark");
    session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
    assertEquals((await session.waitFor("conversation.item.truncate")).audio_end_ms, 60);
    assertEquals(stream.of("clear"), []);
  },
);
