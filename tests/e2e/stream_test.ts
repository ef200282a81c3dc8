import { assertEquals, assertNotEquals } from "@std/assert";
import { FakeClock, IDLE_TIMERS } from "../support/fake_clock.ts";
import { CALL_SID, connect } from "../support/service_call.ts";
import { StreamClient } from "../support/stream_client.ts";

Deno.test("Call ends after 15 s without media", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  line.stream.media(0);
  await line.session.waitFor("input_audio_buffer.append");
  clock.advance(14_900);
  assertEquals(line.service.events("call ended"), []);
  clock.advance(100);
  assertEquals((await line.service.logged("call ended")).end_reason, "no media");
  await line.session.untilClosed();
  clock.advance(2_000); // closing handshake of the model's socket
  assertEquals(clock.pending, IDLE_TIMERS);
});

Deno.test("Malformed Twilio messages are counted, logged once per kind and do not disturb the call", async () => {
  await using line = await connect();
  const { stream, session, service } = line;
  const wrongSid = { event: "mark", streamSid: "MZother", mark: { name: "x" } };
  for (let i = 0; i < 3; i++) {
    stream.raw("{");
    stream.raw(new Uint8Array([1, 2, 3]));
    stream.raw(JSON.stringify({ event: "media", streamSid: stream.streamSid, padding: "x".repeat(1 << 20) }));
    stream.send({ event: "surprise", streamSid: stream.streamSid });
    stream.send(wrongSid);
    stream.send(stream.startMessage(CALL_SID, {}));
    stream.send({ event: "media", streamSid: stream.streamSid, media: { timestamp: "-5", payload: "////" } });
  }
  stream.media(0, new Uint8Array(160).fill(9));
  assertEquals(
    Uint8Array.fromBase64(String((await session.waitFor("input_audio_buffer.append")).audio))[0],
    9,
  );
  const kinds = [
    "not JSON",
    "binary",
    "too big",
    "unknown event",
    "wrong streamSid",
    "second start",
    "bad media",
  ];
  assertEquals(service.events("frame skipped").map(({ reason }) => reason), kinds);
  stream.stop();
  assertEquals((await service.logged("call ended")).skipped, kinds.map((kind) => `${kind}: 3`).join(", "));
});

Deno.test("Malformed model events are skipped and the call continues", async () => {
  await using line = await connect();
  const { session, stream, service } = line;
  for (
    const text of ["{", "[]", "null", '{"type":5}', '{"type":"response.done"}', '{"type":"session.updated"}']
  ) {
    session.socket.send(text);
    session.socket.send(text);
  }
  session.send({ type: "response.output_audio.delta", response_id: "r", item_id: "i", delta: "not base64!" });
  session.send({ type: "response.output_audio.delta", response_id: "r", item_id: "i" });
  session.send({ type: "something.new" });
  session.send({ type: "response.done", response: { id: "unknown", status: "completed" } });
  session.respond("r1", { a: 40 });
  await stream.waitFor("media");
  assertEquals(service.events("call ended"), []);
  assertEquals(
    service.events("model event malformed").filter(({ type }) => type === "response.done").length,
    1,
  );
});

Deno.test("Stream without a valid token is refused before a model session is opened", async (t) => {
  for (const name of ["none", "made up", "used", "another call's"]) {
    await t.step(name, async () => {
      await using line = await connect();
      const other = await line.service.announce("CA2");
      const sessions = (await line.model.session(1)) && line.model.sessions.length;
      const token =
        { none: undefined, "made up": "0".repeat(32), used: line.token, "another call's": other }[name];
      await using stream = new StreamClient(line.service.streamUrl);
      await stream.start(name === "used" ? CALL_SID : "CA3", token === undefined ? {} : { token });
      await stream.end();
      assertEquals(stream.closed?.code, 1008);
      assertNotEquals(line.service.events("stream refused"), []);
      assertEquals(line.model.sessions.length, sessions);
    });
  }
});

Deno.test("Stream is refused when it does not start within 5 s", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.opened();
  stream.send({ event: "connected", protocol: "Call", version: "1.0.0" });
  clock.advance(5_000);
  assertEquals(await stream.end(), { code: 1008, reason: "no start in time" });
});

Deno.test("Second stream of a call is refused and the first continues", async () => {
  await using line = await connect();
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.start(CALL_SID, { token: await line.service.announce(CALL_SID) });
  assertEquals(await stream.end(), { code: 1008, reason: "call has a stream" });
  line.session.respond("r1", { a: 40 });
  await line.stream.waitFor("media");
});

Deno.test("Frame before start is logged as skipped", async () => {
  await using line = await connect();
  const token = await line.service.announce("CA2");
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.opened();
  stream.media(0);
  await stream.start("CA2", { token });
  assertEquals((await line.service.logged("frame skipped")).reason, "before start");
});
