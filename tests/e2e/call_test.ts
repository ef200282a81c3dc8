import { assert, assertEquals, assertMatch } from "@std/assert";
import { FakeClock, IDLE_TIMERS } from "../support/fake_clock.ts";
import { field } from "../support/field.ts";
import { ScriptedModel, type ScriptedSession } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { CALL_SID, connect, type ServiceCall } from "../support/service_call.ts";
import { StreamClient } from "../support/stream_client.ts";
import { poll } from "../support/wait_until.ts";

Deno.test("Greeting is requested at the webhook and played first", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    GREETING: "Hi!",
  });
  const token = await service.announce(CALL_SID);
  const session = await model.session();
  await session.configure();
  const create = await session.waitFor("response.create");
  assertMatch(String(field(create, "response", "instructions")), /Hi!$/);
  session.respond("r1", { greeting: 300 });
  await service.logged("response");
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL_SID, { token });
  const first = await stream.waitFor("media");
  assertEquals(Uint8Array.fromBase64(String(field(first, "media", "payload"))).length, 800);
  assertEquals((await stream.waitFor("mark")).streamSid, stream.streamSid);
  assertEquals(model.sessions.length, 1);
});

Deno.test("Caller audio reaches the model unchanged and in order, including frames from before the session was ready", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    GREETING: "",
  });
  const token = await service.announce(CALL_SID);
  const session = await model.session();
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL_SID, { token });
  for (let i = 0; i < 50; i++) stream.media(i * 20, new Uint8Array(160).fill(i));
  await service.logged("stream started");
  assertEquals(session.receivedOf("input_audio_buffer.append"), []);
  await session.configure();
  for (let i = 50; i < 60; i++) stream.media(i * 20, new Uint8Array(160).fill(i));
  await session.waitFor("input_audio_buffer.append", 60);
  const heard = session.receivedOf("input_audio_buffer.append").map(({ audio }) =>
    Uint8Array.fromBase64(String(audio))
  );
  assertEquals(heard.map(([first]) => first), Array.from({ length: 60 }, (_, i) => i));
  assert(heard.every((audio) => audio.length === 160 && new Set(audio).size === 1));
});

Deno.test("Turn is logged with its latency by hop", async () => {
  await using line = await connect();
  const { session, stream, service } = line;
  stream.echoMarks = true;
  session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
  session.send({ type: "input_audio_buffer.speech_stopped", audio_end_ms: 900, item_id: "u1" });
  session.respond("r1", { a: 100 });
  const turn = await service.logged("turn");
  assertEquals(turn.turn, 1);
  for (const hop of ["model_ms", "send_ms", "playback_ms"]) assert(Number(turn[hop]) >= 0, hop);
});

Deno.test("Call closes both sides and logs one summary whichever side ends it", async (t) => {
  const endings: [string, string, (line: ServiceCall) => unknown][] = [
    ["stop", "caller hung up", ({ stream }) => stream.stop()],
    ["a closed stream", "stream lost", ({ stream }) => stream.close()],
    ["an account without credit", "model failed", ({ session }) => {
      session.send({ type: "error", error: { type: "x", code: "insufficient_quota", message: "no" } });
      session.socket.close(1001, "x.insufficient_quota");
    }],
    ["shutdown", "shutdown", ({ service }) => service.stop()],
  ];
  for (const [name, reason, end] of endings) {
    await t.step(name, async () => {
      // A lost stream is not waited for.
      await using line = await connect({ STREAM_GRACE_SECONDS: "0" });
      line.session.respond("r1", { a: 3_000 });
      line.stream.media(0);
      await line.stream.waitFor("media");
      await end(line);
      const summary = await line.service.logged("call ended");
      assertEquals(summary.end_reason, reason);
      await line.session.untilClosed();
      await line.stream.end();
      assertEquals(line.service.events("call ended").length, 1);
      assertEquals([summary.caller_turns, summary.barge_ins, summary.input_tokens, summary.output_tokens], [
        0,
        0,
        10,
        5,
      ]);
    });
  }
});

Deno.test("Ended call leaves no timer and is not counted", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  line.stream.media(0);
  line.session.respond("r1", {}, { done: false });
  line.session.done("r1", "failed", { type: "failed", error: { code: "server_error" } });
  await line.service.logged("response"); // the retry is due in 1 s
  line.stream.stop();
  await line.service.logged("call ended");
  await line.session.untilClosed();
  // The closing handshake of the model's socket, and the budget file that is written within 10 s.
  assert(clock.pending <= IDLE_TIMERS + 2, `${clock.pending} timers are pending`);
  await poll("the service to be idle", () => {
    clock.advance(2_000);
    return clock.pending === IDLE_TIMERS;
  });
  assertEquals((await (await fetch(`${line.service.url}/api/calls`)).json()).calls, []);
});

Deno.test("Caller audio is continued with silence when frames stop within a turn", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  line.stream.media(0);
  await line.session.waitFor("input_audio_buffer.append");
  line.session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
  await line.service.logged("speech started");
  clock.advance(750);
  const { audio } = await line.session.waitFor("input_audio_buffer.append", 2);
  assertEquals(Uint8Array.fromBase64(String(audio)), new Uint8Array(8_000).fill(0xff));
});

Deno.test("Two concurrent calls stay separate", async () => {
  await using line = await connect();
  const token = await line.service.announce("CA2");
  const other = await line.model.session(1);
  await other.configure();
  await line.service.logged("session ready", 2);
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.start("CA2", { token });
  stream.media(0, new Uint8Array(160).fill(2));
  line.stream.media(0, new Uint8Array(160).fill(1));
  const first = async (session: ScriptedSession) =>
    Uint8Array.fromBase64(String((await session.waitFor("input_audio_buffer.append")).audio))[0];
  assertEquals([await first(line.session), await first(other)], [1, 2]);
  other.send({ type: "error", error: { type: "x", code: "insufficient_quota", message: "no" } });
  await stream.end();
  line.session.respond("r1", { a: 40 });
  await line.stream.waitFor("media");
});

Deno.test("Log contains no secrets, phone numbers or audio of a call", async () => {
  await using line = await connect();
  line.session.respond("r1", { a: 200 });
  line.stream.media(0);
  await line.stream.waitFor("media");
  line.stream.stop();
  await line.service.logged("call ended");
  const text = JSON.stringify(line.service.lines);
  for (const secret of ["sk-test-secret", "+15551230000", "VVVV", "////"]) {
    assert(!text.includes(secret), secret);
  }
});
