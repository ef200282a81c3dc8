import { assert, assertEquals } from "@std/assert";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { field } from "../support/field.ts";
import { CALL_SID, connect } from "../support/service_call.ts";
import { TestService } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";

/** µ-law bytes of a constant level; each 16 are 6 dB. */
const SPEECH = 0xa0;
const COUGH = 0xc8;
const SILENCE = 0xff;

const assistants = (fields: object) => ({
  assistants: { a: { instructions: "Answer.", greeting: "", interruptions: { mode: "pause" }, ...fields } },
});

/** A call with the stand-in model, in which the caller has said something of 3 s, and the stand-in repeats it. */
async function connectToStandIn() {
  const clock = new FakeClock();
  const received: Record<string, unknown>[] = [];
  const model = startSimulatedModel({
    clock,
    onEvent: (direction, event) => direction === "in" && received.push(event),
  });
  // The stand-in's transcripts are never empty.
  const env = { OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: model.url, GREETING: "" };
  const service = new TestService(env, clock, assistants({ transcription: "off" }));
  const token = await service.announce(CALL_SID);
  await service.logged("session ready");
  const stream = new StreamClient(service.streamUrl);
  await stream.start(CALL_SID, { token, from: "+15551230000" });
  await service.logged("stream started");
  let timestamp = 0, marks = 0, barriers = 0;
  /** The service has handled everything that was sent to it. Marks return when their audio arrives. */
  const handled = async () => {
    for (const { mark } of stream.of("mark").slice(marks)) {
      stream.mark(String(field(mark as Record<string, unknown>, "name")));
      marks++;
    }
    stream.mark("barrier");
    await service.logged("mark", marks + ++barriers);
  };
  /** The caller makes a sound. */
  const hear = async (ms: number, byte: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      clock.advance(20);
      stream.media(timestamp, new Uint8Array(160).fill(byte));
      timestamp += 20;
      await handled();
    }
  };
  const of = (type: string) => received.filter((event) => event.type === type);
  await hear(3_000, SPEECH);
  await hear(600, SILENCE);
  /** The caller is silent until more audio than that of `count` messages has come: the stand-in speaks by the clock. */
  const hearAnswer = async (count: number) => {
    for (let ms = 0; ms < 3_000 && stream.of("media").length <= count; ms += 20) await hear(20, SILENCE);
    await stream.waitFor("media", count + 1);
  };
  await hearAnswer(0);
  return {
    stream,
    hear,
    hearAnswer,
    of,
    async [Symbol.asyncDispose]() {
      await stream[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
      await model.close();
    },
  };
}

Deno.test("Quiet cough pauses the stand-in's answer, which goes on from where it was", async () => {
  await using call = await connectToStandIn();
  const { stream, hear, of } = call;
  const flag = (name: string) =>
    field(of("session.update")[0], "session", "audio", "input", "turn_detection", name);
  assertEquals([flag("create_response"), flag("interrupt_response")], [false, false]);
  assertEquals(of("response.create").length, 1);
  await hear(1_000, SILENCE);
  await hear(200, COUGH);
  await stream.waitFor("clear");
  const before = stream.of("media").length;
  await hear(300, SILENCE);
  assertEquals(stream.of("media").length, before, "nothing is sent while it is paused");
  await hear(240, SILENCE);
  await stream.waitFor("media", before + 1);
  await hear(4_000, SILENCE);
  // Of 3 s, at most 0.5 s and the 0.25 s that Twilio had not played are sent twice.
  const { receivedMs } = stream;
  assert(receivedMs >= 3_300 && receivedMs <= 3_800, `${receivedMs} ms`);
  for (const type of ["conversation.item.truncate", "response.cancel"]) assertEquals(of(type), []);
  assertEquals([of("response.create").length, stream.of("clear").length], [1, 1]);
});

Deno.test("Speech of the caller truncates the stand-in's answer where it was paused, and is answered once", async () => {
  await using call = await connectToStandIn();
  const { stream, hear, hearAnswer, of } = call;
  await hear(1_000, SILENCE);
  await hear(200, SPEECH);
  await stream.waitFor("clear");
  assertEquals(of("conversation.item.truncate"), []);
  const before = stream.of("media").length;
  await hear(1_000, SPEECH);
  await hearAnswer(before);
  const heardMs = Number(of("conversation.item.truncate")[0]?.audio_end_ms);
  assert(heardMs >= 1_000 && heardMs <= 1_300, `${heardMs} ms`);
  assertEquals([of("conversation.item.truncate").length, of("response.create").length], [1, 2]);
});

Deno.test("Cough is deleted from the model's conversation, and a backchannel is not", async () => {
  const clock = new FakeClock();
  await using call = await connect({}, clock, assistants({ language: "de" }));
  const { session, stream } = call;
  session.respond("r1", { a: 5_000 });
  await stream.waitFor("media", 2);
  for (const [item, transcript] of [["u1", ""], ["u2", "Genau."]]) {
    session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: item });
    const before = stream.of("media").length;
    await stream.waitFor("clear", item === "u1" ? 1 : 2);
    session.send({ type: "input_audio_buffer.speech_stopped", audio_end_ms: 300, item_id: item });
    session.send({ type: "input_audio_buffer.committed", previous_item_id: null, item_id: item });
    session.send({
      type: "conversation.item.input_audio_transcription.completed",
      item_id: item,
      content_index: 0,
      transcript,
    });
    await stream.waitFor("media", before + 1);
  }
  assertEquals((await session.waitFor("conversation.item.delete")).item_id, "u1");
  assertEquals(session.receivedOf("conversation.item.delete").length, 1);
  for (const type of ["response.create", "conversation.item.truncate", "response.cancel"]) {
    assertEquals(session.receivedOf(type), []);
  }
});
