import { assertEquals, assertStringIncludes } from "@std/assert";
import type { SessionFailure, SessionInfo } from "../../../src/model/model_interface.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { RawWebSocketServer } from "../../support/raw_web_socket_server.ts";
import { ScriptedModel } from "../../support/scripted_model.ts";
import { ChangeSignal } from "../../support/wait_until.ts";
import { open, openSession } from "./open_session.ts";

/** 20 ms of µ-law. */
const FRAME = new Uint8Array(160).fill(0xff).toBase64();
const TEXT = 0x81, PING = 0x89, PONG = 0x8a;

/** An unmasked text frame of the server. */
function textFrame(event: unknown): number[] {
  const payload = new TextEncoder().encode(JSON.stringify(event));
  const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 0xff];
  return [0x81, ...length, ...payload];
}

/** A ready session with a server that sends pongs only when a test does. */
async function openRaw() {
  const server = new RawWebSocketServer();
  const clock = new FakeClock();
  const changes = new ChangeSignal();
  const events: unknown[][] = [];
  const session = openSession(server.url.replace(/\?.*/, ""), clock, (...event) => {
    events.push(event);
    changes.notify();
  });
  const peer = await server.accept();
  const format = { format: { type: "audio/pcmu" } };
  await peer.grant([
    ...textFrame({ type: "session.created", session: { id: "s" } }),
    ...textFrame({ type: "session.updated", session: { audio: { input: format, output: format } } }),
  ]);
  const until = (...event: unknown[]) =>
    changes.until(
      `the event ${event}`,
      () => events.find((each) => JSON.stringify(each) === JSON.stringify(event)),
    );
  await changes.until("the session", () => events.some(([name]) => name === "sessionReady") || undefined);
  return {
    clock,
    session,
    events,
    until,
    failure: () =>
      changes.until(
        "the failure",
        () => events.find(([name]) => name === "sessionFailed")?.[1] as SessionFailure | undefined,
      ),
    peer,
    /** Reads until a frame with this opcode, and content if given. */
    async frame(opcode: number, content = ""): Promise<Uint8Array> {
      for (;;) {
        const frame = await peer.frame();
        if (!frame) throw new Error("the session closed");
        if (frame.opcode === opcode && new TextDecoder().decode(frame.payload).includes(content)) {
          return frame.payload;
        }
      }
    },
    [Symbol.dispose]() {
      session.close();
      peer.conn.close();
      server[Symbol.dispose]();
    },
  };
}

Deno.test("GaSession gives up after 3 s of dialling and configuring together", async () => {
  // The dial hangs.
  using server = new RawWebSocketServer();
  const clock = new FakeClock();
  const failures: SessionFailure[] = [];
  openSession(server.url, clock, (name, failure) => {
    if (name === "sessionFailed") failures.push(failure as SessionFailure);
  });
  using _peer = await server.accept();
  clock.advance(2_999);
  assertEquals(failures, []);
  clock.advance(1);
  assertEquals(failures, [
    { code: "not_ready", message: "The model did not accept the connection within 3 s" },
  ]);
  assertEquals(clock.pending, 0);

  // The server is silent after the upgrade, which took 2 s.
  await using model = new ScriptedModel();
  const slow = await open(model, {}, false);
  slow.clock.advance(2_000);
  (await model.session()).send({ type: "session.created", session: { id: "s" } });
  await slow.peer.waitFor("session.update");
  slow.clock.advance(1_000);
  const [[, failure] = []] = await slow.untilEvents("sessionFailed");
  assertEquals(failure, {
    code: "not_ready",
    message: "The model did not confirm the session within 3 s",
  });
});

Deno.test("GaSession acknowledges audio by pong and by speech_stopped", async () => {
  await using model = new ScriptedModel();
  const { session, peer, clock, untilEvents } = await open(model);
  session.appendAudio(FRAME);
  session.appendAudio(FRAME);
  session.probe();
  assertEquals(await untilEvents("audioAcknowledged"), [["audioAcknowledged", 40]]);
  for (let frame = 0; frame < 48; frame++) session.appendAudio(FRAME);
  peer.send({ type: "input_audio_buffer.speech_started", item_id: "u", audio_start_ms: 30 });
  peer.send({ type: "input_audio_buffer.speech_stopped", item_id: "u", audio_end_ms: 700 });
  // An offset that was never sent is the server's mistake.
  peer.send({ type: "input_audio_buffer.speech_stopped", item_id: "u", audio_end_ms: 5_000 });
  const acknowledged = await untilEvents("audioAcknowledged", 3);
  assertEquals(acknowledged.map(([, audioMs]) => audioMs), [40, 700, 1_000]);
  session.appendAudio(FRAME);
  clock.advance(2_000);
  assertEquals((await untilEvents("audioAcknowledged", 4)).at(-1), ["audioAcknowledged", 1_020]);
  session.close();
});

Deno.test("GaSession reports a suspect line, its recovery, and its death 3.5 s after the last byte", async () => {
  using line = await openRaw();
  line.clock.advance(500);
  await line.frame(PING);
  line.clock.advance(600);
  await line.until("lineSuspect", true);
  const ping = await line.frame(PING);
  await line.peer.write([PONG, ping.length, ...ping]);
  await line.until("lineSuspect", false);
  line.clock.advance(400);
  await line.frame(PING);
  line.clock.advance(3_000);
  assertEquals(await line.failure(), {
    code: "closed",
    message: "The model closed the session: 1006 the server did not answer a ping",
  });
  assertEquals(line.clock.pending, 0);
});

Deno.test("GaSession fails when the server stops reading, although the kernel takes more audio", async () => {
  using line = await openRaw();
  for (let second = 0; second < 5; second++) {
    for (let frame = 0; frame < 50; frame++) line.session.appendAudio(FRAME);
    line.clock.advance(1_000);
  }
  assertStringIncludes((await line.failure()).message, "did not answer a ping");
});

Deno.test("GaSession pings when it requests a response", async () => {
  using line = await openRaw();
  line.session.requestResponse();
  line.session.addSystemMessage("marks a position");
  await line.frame(TEXT, "response.create");
  assertEquals((await line.peer.frame())?.opcode, PING);
});

Deno.test("GaSession reports the lifetime of expires_at, and ignores a server whose clock is wrong", async () => {
  const minutes = [[0.5, undefined], [-60, undefined], [30, 1_799_000], [2_000, undefined]] as const;
  for (const [lifetime, lifetimeMs] of minutes) {
    await using model = new ScriptedModel();
    const { session, peer, clock, untilEvents } = await open(model, {}, false);
    const expires_at = clock.wallTime() / 1_000 + lifetime * 60;
    peer.send({ type: "session.created", session: { id: "s", expires_at } });
    const update = await peer.waitFor("session.update");
    clock.advance(1_000);
    peer.send({ type: "session.updated", session: update.session });
    const [[, info] = []] = await untilEvents("sessionReady");
    assertEquals(info as SessionInfo, { lifetimeMs, needsSilence: false }, `${lifetime} min`);
    session.close();
  }
});

Deno.test("GaSession fails at once when what may have been the confirmation is not JSON", async () => {
  await using model = new ScriptedModel();
  const { peer, untilEvents } = await open(model, {}, false);
  peer.send({ type: "session.created", session: { id: "s" } });
  await peer.waitFor("session.update");
  peer.socket.send('\x7f"type":"session.updated"}');
  const [[, failure] = []] = await untilEvents("sessionFailed");
  assertEquals(failure, { code: "malformed", message: "The model sent a message that is not JSON" });
});

Deno.test("GaSession fails after 20 malformed events in a row", async () => {
  await using model = new ScriptedModel();
  const { peer, events, untilEvents } = await open(model);
  const malformed = { type: "response.output_audio.delta" };
  for (let count = 0; count < 19; count++) peer.send(malformed);
  peer.send({ type: "rate_limits.updated", rate_limits: [] });
  for (let count = 0; count < 20; count++) peer.send(malformed);
  const [[, failure] = []] = await untilEvents("sessionFailed");
  assertEquals(failure, { code: "malformed", message: "The model sent 20 malformed events in a row" });
  assertEquals(events.filter(([name]) => name === "malformedEvent").length, 38);
  await peer.untilClosed();
});

Deno.test("GaSession fails after 20 MiB within 10 s, and not after 20 MiB in a minute", async () => {
  await using model = new ScriptedModel();
  const { peer, clock, events, untilEvents } = await open(model, { pongMs: 600_000 });
  const filler = "x".repeat(2 * 1024 * 1024);
  const send = async (count: number) => {
    peer.send({ type: "unknown", filler });
    peer.send({ type: "input_audio_buffer.speech_started", item_id: "u", audio_start_ms: 0 });
    await untilEvents("callerSpeechStarted", count);
  };
  for (let count = 1; count <= 12; count++) {
    await send(count);
    clock.advance(5_000);
  }
  for (let count = 13; count <= 21; count++) await send(count);
  assertEquals(events.filter(([name]) => name === "sessionFailed"), []);
  peer.send({ type: "unknown", filler });
  const [[, failure] = []] = await untilEvents("sessionFailed");
  assertEquals(failure, { code: "flood", message: "The model sent more than 20 MiB in 10 s" });
  await peer.untilClosed();
});

Deno.test("GaSession fails after events about 501 items within 10 s, and not after 500", async () => {
  await using model = new ScriptedModel();
  const { peer, events, untilEvents } = await open(model, { pongMs: 600_000 });
  for (let item = 0; item < 500; item++) {
    peer.send({ type: "input_audio_buffer.speech_started", item_id: `u${item}`, audio_start_ms: 0 });
  }
  await untilEvents("callerSpeechStarted", 500);
  assertEquals(events.filter(([name]) => name === "sessionFailed"), []);
  peer.send({ type: "conversation.item.added", item: { id: "one more" } });
  const [[, failure] = []] = await untilEvents("sessionFailed");
  assertEquals(failure, { code: "flood", message: "The model sent more than 500 items in 10 s" });
  await peer.untilClosed();
});
