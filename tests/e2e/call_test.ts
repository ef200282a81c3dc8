import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { isObject } from "../../src/json.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { CALL, connect, field, type Line, markAfter, sentMs } from "../support/line.ts";
import { ScriptedModel, type ScriptedSession } from "../support/scripted_model.ts";
import { IDLE_TIMERS, TestService } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";

/** What was heard must be as exact when the model's audio has to be converted. */
function inBothFormats(name: string, test: (format: string) => Promise<void>): void {
  for (const format of ["pcmu", "pcm16"]) Deno.test(`${name} (${format})`, () => test(format));
}

Deno.test("the session is configured for a phone call, in the GA dialect", async () => {
  await using line = await connect({ OPENAI_VOICE: "cedar", SYSTEM_MESSAGE: "Be brief" });
  const { url, headers, got } = line.session;
  assertEquals(new URL(url).search, "?model=gpt-realtime-2.1");
  assertEquals(headers.get("authorization"), "Bearer sk-test-secret");
  assertEquals(headers.get("openai-beta"), null);
  assertMatch(headers.get("openai-safety-identifier") ?? "", /^[0-9a-f]{64}$/);
  assertEquals(got[0]?.session, {
    type: "realtime",
    instructions: "Be brief",
    output_modalities: ["audio"],
    audio: {
      input: {
        format: { type: "audio/pcmu" },
        transcription: { model: "gpt-transcribe" },
        noise_reduction: { type: "near_field" },
        turn_detection: {
          type: "server_vad",
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 500,
          create_response: true,
          interrupt_response: true,
        },
      },
      output: { format: { type: "audio/pcmu" }, voice: "cedar" },
    },
    tools: field(got[0], "session", "tools"),
    tool_choice: "auto",
  });
});

Deno.test("in pcm16 mode the session is asked for PCM, and audio is converted both ways", async () => {
  await using line = await connect({ AUDIO_FORMAT: "pcm16" });
  const { session, stream } = line;
  const pcm = { type: "audio/pcm", rate: 24000 };
  const asked = session.got[0];
  assertEquals([
    field(asked, "session", "audio", "input", "format"),
    field(asked, "session", "audio", "output", "format"),
  ], [pcm, pcm]);
  for (let i = 0; i < 5; i++) stream.media(i * 20);
  await session.waitFor("input_audio_buffer.append", 5);
  const heard = session.of("input_audio_buffer.append").map(({ audio }) =>
    Uint8Array.fromBase64(String(audio))
  );
  assertEquals(
    heard.map(({ length }) => length),
    [792, 960, 960, 960, 960],
    "3.5 ms are still in the filter",
  );

  // Deltas that end in the middle of a sample, an empty one, and one that is no base64: 60 ms come out as 60 ms.
  session.send({ type: "response.created", response: { id: "r1", status: "in_progress" } });
  const audio = new Uint8Array(60 * 48);
  const delta = { type: "response.output_audio.delta", response_id: "r1", item_id: "a" };
  for (const [from, to] of [[0, 1], [1, 1], [1, 1_000], [1_000, 2_003], [2_003, 2_880]] as const) {
    session.send({ ...delta, delta: audio.subarray(from, to).toBase64() });
  }
  session.send({ ...delta, delta: "no base64!" });
  session.send({ type: "response.output_audio.done", response_id: "r1", item_id: "a" });
  session.done("r1");
  await line.service.logged("answer");
  await markAfter(stream, 60);
  assertEquals(sentMs(stream), 60);
});

Deno.test("the greeting is asked for at the webhook and is the first thing the caller hears", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    GREETING: "Hi!",
  });
  const token = await service.announce(CALL);
  const session = await model.session();
  await session.configure();
  const create = await session.waitFor("response.create");
  assertMatch(String(field(create, "response", "instructions")), /Hi!$/);
  session.respond("r1", { greeting: 300 });
  await service.logged("answer");
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL, { token });
  const first = await stream.waitFor("media");
  assertEquals(Uint8Array.fromBase64(String(field(first, "media", "payload"))).length, 800);
  assertEquals((await stream.waitFor("mark")).streamSid, stream.streamSid);
  assertEquals(model.sessions.length, 1);
});

Deno.test("caller audio reaches the model untouched, in order, also from before it was ready", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    GREETING: "",
  });
  const token = await service.announce(CALL);
  const session = await model.session();
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL, { token });
  for (let i = 0; i < 50; i++) stream.media(i * 20, new Uint8Array(160).fill(i));
  await service.logged("stream started");
  assertEquals(session.of("input_audio_buffer.append"), []);
  await session.configure();
  for (let i = 50; i < 60; i++) stream.media(i * 20, new Uint8Array(160).fill(i));
  await session.waitFor("input_audio_buffer.append", 60);
  const heard = session.of("input_audio_buffer.append").map(({ audio }) =>
    Uint8Array.fromBase64(String(audio))
  );
  assertEquals(heard.map(([first]) => first), Array.from({ length: 60 }, (_, i) => i));
  assert(heard.every((audio) => audio.length === 160 && new Set(audio).size === 1));
});

inBothFormats(
  "a barge-in clears at once and truncates what was heard of each item",
  async (AUDIO_FORMAT) => {
    await using line = await connect({ AUDIO_FORMAT });
    const { session, stream, service } = line;
    session.respond("r1", { a: 1_000, b: 2_000 }, { done: false });
    await stream.waitFor("media", 2);
    await stream.waitFor("mark", 2);
    session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
    await stream.waitFor("clear");
    await session.waitFor("conversation.item.truncate", 2);
    const [first, second] = session.of("conversation.item.truncate");
    assertEquals([first?.item_id, first?.content_index, second?.item_id, second?.audio_end_ms], [
      "a",
      0,
      "b",
      0,
    ]);
    const heardMs = Number(first?.audio_end_ms);
    assert(Number.isInteger(heardMs) && heardMs >= 0 && heardMs <= 100, `${heardMs} ms: no mark is back yet`);
    assertEquals(session.of("response.cancel"), [], "the server cancels by itself");

    // Late audio of the interrupted response is not played; the next response is.
    const sent = stream.of("media").length;
    session.speak("r1", "b", 500);
    session.done("r1", "cancelled", { type: "cancelled", reason: "turn_detected" });
    await service.logged("answer");
    assertEquals(stream.of("media").length, sent);
    session.respond("r2", { c: 100 });
    await stream.waitFor("media", sent + 1);
  },
);

inBothFormats(
  "a barge-in long after generation has finished still clears and truncates",
  async (AUDIO_FORMAT) => {
    await using line = await connect({ AUDIO_FORMAT });
    const { session, stream, service } = line;
    session.respond("r1", { a: 5_000 });
    await service.logged("answer");
    await stream.waitFor("mark");
    session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
    await stream.waitFor("clear");
    assertEquals((await session.waitFor("conversation.item.truncate")).item_id, "a");
    assertEquals(session.of("response.cancel"), []);
    assertEquals((await service.logged("barge-in")).call, CALL);
  },
);

inBothFormats("speech while nothing is playing is no barge-in", async (AUDIO_FORMAT) => {
  const clock = new FakeClock();
  await using line = await connect({ AUDIO_FORMAT }, clock);
  const { session, stream, service } = line;
  session.respond("r1", { a: 60 });
  await service.logged("answer");
  const mark = await markAfter(stream, 60);
  clock.advance(60);
  stream.mark(mark);
  // Read in order: once the key is logged, so is the mark.
  stream.send({ event: "dtmf", streamSid: stream.streamSid, dtmf: { track: "inbound_track", digit: "1" } });
  await service.logged("key pressed");
  session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
  await service.logged("speech started");
  assertEquals(stream.of("clear"), []);
  assertEquals(session.of("conversation.item.truncate"), []);
});

Deno.test("each turn is logged with its latency by hop", async () => {
  await using line = await connect();
  const { session, stream, service } = line;
  stream.echoMarks = true;
  session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
  session.send({ type: "input_audio_buffer.speech_stopped", audio_end_ms: 900, item_id: "u1" });
  session.respond("r1", { a: 100 });
  const turn = await service.logged("turn");
  assertEquals(turn.turn, 1);
  assert(Number(turn.model_ms) <= Number(turn.sent_ms) && Number(turn.sent_ms) <= Number(turn.heard_ms));
});

Deno.test("a session whose audio format is not the one asked for is refused", async (t) => {
  const formats: [asked: string, got: { type: string; rate?: number } | undefined, advice: RegExp][] = [
    ["pcmu", { type: "audio/pcm", rate: 24000 }, /answered "audio\/pcm" at 24000 Hz; set AUDIO_FORMAT=pcm16/],
    ["pcmu", undefined, /answered "none"/],
    ["pcm16", { type: "audio/pcmu" }, /answered "audio\/pcmu"; set AUDIO_FORMAT=pcmu/],
    ["pcm16", { type: "audio/pcm", rate: 16000 }, /at 16000 Hz/],
  ];
  for (const [AUDIO_FORMAT, format, advice] of formats) {
    for (const side of ["input", "output"]) {
      await t.step(`${side} ${AUDIO_FORMAT} ${format?.type ?? "missing"}`, async () => {
        await using model = new ScriptedModel();
        await using service = new TestService({
          OPENAI_API_KEY: "sk-test",
          OPENAI_REALTIME_URL: model.url,
          AUDIO_FORMAT,
        });
        await service.announce(CALL);
        const session = await model.session();
        await session.configure((asked) => ({
          ...asked,
          audio: { ...(isObject(asked.audio) ? asked.audio : {}), [side]: { format } },
        }));
        const failure = await service.logged("model failed");
        assertEquals([failure.level, failure.code], ["error", "format_mismatch"]);
        assertMatch(String(failure.message), advice);
        await session.end();
        assertEquals(session.of("response.create"), []);
      });
    }
  }
});

Deno.test("a session nobody adopts is closed after 15 s, and the call forgotten after 30 s", async () => {
  const clock = new FakeClock();
  await using model = new ScriptedModel();
  await using service = new TestService({ OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: model.url }, clock);
  const token = await service.announce(CALL);
  const session = await model.session();
  await session.configure();
  await service.logged("session ready");
  clock.advance(14_999);
  assertEquals(session.closed, false);
  clock.advance(1);
  await session.end();
  assertEquals(service.events("call ended"), []);

  // The stream may still come: a new session is dialled for it.
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL, { token });
  await (await model.session(1)).configure();
  await service.logged("session ready", 2);
  clock.advance(14_000);
  assertEquals(service.events("call ended"), []);

  await service.announce("CA2");
  clock.advance(30_000);
  const [ended] = service.events("call ended").filter(({ call }) => call === "CA2");
  assertEquals(ended?.reason, "never connected");
});

Deno.test("a session that could not be prepared costs the call nothing but the wait", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    GREETING: "",
  });
  model.refuse = 503;
  const token = await service.announce(CALL);
  assertMatch(String((await service.logged("model failed")).message), /503/);
  model.refuse = undefined;
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL, { token });
  stream.media(0, new Uint8Array(160).fill(7));
  const session = await model.session();
  await session.configure();
  assertEquals(
    Uint8Array.fromBase64(String((await session.waitFor("input_audio_buffer.append")).audio))[0],
    7,
  );
});

Deno.test("a fatal error ends the call with a spoken sentence, an ordinary one changes nothing", async () => {
  await using line = await connect();
  const { session, stream, service } = line;
  const error = { type: "invalid_request_error", message: "no", param: null, event_id: null };
  session.send({ type: "error", error: { ...error, code: "item_truncate_invalid_item_id" } });
  await service.logged("model error");
  session.send({ type: "error", error: { ...error, code: "insufficient_quota" } });
  await stream.end();
  assertEquals(stream.closed?.code, 1000);
  await session.end();
  assertEquals(service.events("call ended").map(({ reason }) => reason), ["model failed"]);
  const answer = await fetch(`${service.url}/after-stream`, {
    method: "POST",
    body: new URLSearchParams({ CallSid: CALL }),
  });
  assertMatch(await answer.text(), /<Response><Say>We are sorry\..*<\/Say><Hangup\/><\/Response>$/);
});

Deno.test("whichever side ends, the other is closed and one summary is written", async (t) => {
  const ways: [string, string, (line: Line) => unknown][] = [
    ["stop", "caller hung up", ({ stream }) => stream.stop()],
    ["a closed stream", "stream lost", ({ stream }) => stream.close()],
    ["an account without credit", "model failed", ({ session }) => {
      session.send({ type: "error", error: { type: "x", code: "insufficient_quota", message: "no" } });
      session.socket.close(1001, "x.insufficient_quota");
    }],
    ["shutdown", "shutdown", ({ service }) => service.stop()],
  ];
  for (const [name, reason, end] of ways) {
    await t.step(name, async () => {
      await using line = await connect();
      line.session.respond("r1", { a: 3_000 });
      line.stream.media(0);
      await line.stream.waitFor("media");
      await end(line);
      const summary = await line.service.logged("call ended");
      assertEquals(summary.reason, reason);
      await line.session.end();
      await line.stream.end();
      assertEquals(line.service.events("call ended").length, 1);
      assertEquals([summary.turns, summary.barge_ins, summary.input_tokens, summary.output_tokens], [
        0,
        0,
        10,
        5,
      ]);
    });
  }
});

Deno.test("a stream that goes silent for 15 s is given up", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  line.stream.media(0);
  await line.session.waitFor("input_audio_buffer.append");
  clock.advance(14_900);
  assertEquals(line.service.events("call ended"), []);
  clock.advance(100);
  assertEquals((await line.service.logged("call ended")).reason, "no media");
  await line.session.end();
  clock.advance(2_000); // the longest that the model's socket waits for a goodbye
  assertEquals(clock.pending, IDLE_TIMERS);
});

Deno.test("an answer that fails is asked for again, once", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  const { session, stream, service } = line;
  const error = { type: "server_error", code: "inference_rate_limit_exceeded" };
  session.respond("r1", {}, { done: false });
  session.done("r1", "failed", { type: "failed", error });
  assertEquals((await service.logged("answer")).reason, "inference_rate_limit_exceeded");
  clock.advance(1_000);
  await session.waitFor("response.create");
  session.respond("r2", {}, { done: false });
  session.done("r2", "failed", { type: "failed", error });
  await stream.end();
  assertEquals((await service.logged("call ended")).reason, "model failed");
});

Deno.test("an answer that is cut short is finished", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  const { session, service } = line;
  session.respond("r1", { a: 100 }, { done: false });
  session.done("r1", "incomplete", { type: "incomplete", reason: "max_output_tokens" });
  await service.logged("answer");
  clock.advance(1_000);
  assertMatch(String(field(await session.waitFor("response.create"), "response", "instructions")), /cut off/);
});

inBothFormats("a model that floods is stopped, and told how much will be heard", async (AUDIO_FORMAT) => {
  await using line = await connect({ AUDIO_FORMAT });
  const { session, service } = line;
  session.send({ type: "response.created", response: { id: "r1", status: "in_progress" } });
  for (let i = 0; i < 32; i++) session.speak("r1", "a", 10_000);
  const cancel = await session.waitFor("response.cancel");
  assertEquals(cancel.response_id, "r1");
  // Where audio is converted, the last 3.5 ms of what came are still in the filter.
  const keptMs = AUDIO_FORMAT === "pcmu" ? 300_000 : 299_996;
  assertEquals((await session.waitFor("conversation.item.truncate")).audio_end_ms, keptMs);
  await service.logged("answer too long");
  assertEquals(service.events("answer too long").length, 1);
});

Deno.test("nonsense from Twilio's side is counted, logged once per kind, and harms no call", async () => {
  await using line = await connect();
  const { stream, session, service } = line;
  const wrongSid = { event: "mark", streamSid: "MZother", mark: { name: "x" } };
  for (let i = 0; i < 3; i++) {
    stream.raw("{");
    stream.raw(new Uint8Array([1, 2, 3]));
    stream.raw(JSON.stringify({ event: "media", streamSid: stream.streamSid, padding: "x".repeat(1 << 20) }));
    stream.send({ event: "surprise", streamSid: stream.streamSid });
    stream.send(wrongSid);
    stream.send(stream.startMessage(CALL, {}));
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
  assertEquals(service.events("frame skipped").map(({ why }) => why), kinds);
  stream.stop();
  assertEquals((await service.logged("call ended")).skipped, kinds.map((kind) => `${kind}: 3`).join(", "));
});

Deno.test("nonsense from the model is skipped, and the call goes on", async () => {
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

Deno.test("a stream without a good token is turned away before a model session exists for it", async (t) => {
  for (const name of ["none", "made up", "used", "another call's"]) {
    await t.step(name, async () => {
      await using line = await connect();
      const other = await line.service.announce("CA2");
      const sessions = (await line.model.session(1)) && line.model.sessions.length;
      const token =
        { none: undefined, "made up": "0".repeat(32), used: line.token, "another call's": other }[name];
      await using stream = new StreamClient(line.service.streamUrl);
      await stream.start(name === "used" ? CALL : "CA3", token === undefined ? {} : { token });
      await stream.end();
      assertEquals(stream.closed?.code, 1008);
      assertNotEquals(line.service.events("stream refused"), []);
      assertEquals(line.model.sessions.length, sessions);
    });
  }
});

Deno.test("a stream that does not start within 5 s is turned away", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.opened();
  stream.send({ event: "connected", protocol: "Call", version: "1.0.0" });
  clock.advance(5_000);
  assertEquals(await stream.end(), { code: 1008, reason: "no start in time" });
});

Deno.test("a second stream of a call is turned away, and the first goes on", async () => {
  await using line = await connect();
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.start(CALL, { token: await line.service.announce(CALL) });
  assertEquals(await stream.end(), { code: 1008, reason: "call has a stream" });
  line.session.respond("r1", { a: 40 });
  await line.stream.waitFor("media");
});

Deno.test("frames before start are counted", async () => {
  await using line = await connect();
  const token = await line.service.announce("CA2");
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.opened();
  stream.media(0);
  await stream.start("CA2", { token });
  assertEquals((await line.service.logged("frame skipped")).why, "before start");
});

Deno.test("an adopted session outlives the time for adoption", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  for (let i = 1; i <= 4; i++) {
    line.stream.media(i * 20);
    await line.session.waitFor("input_audio_buffer.append", i);
    clock.advance(9_000);
    // Whatever the model says keeps its line alive.
    line.session.send({ type: "something.new" });
    await line.service.logged("model event", line.service.events("model event").length + 1);
  }
  assertEquals([line.service.events("session not adopted"), line.service.events("call ended")], [[], []]);
  assertEquals(line.session.closed, false);
});

Deno.test("a call that ended leaves no timer, and is counted no more", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  line.stream.media(0);
  line.session.respond("r1", {}, { done: false });
  line.session.done("r1", "failed", { type: "failed", error: { code: "server_error" } });
  await line.service.logged("answer"); // and is to be asked for again in a second
  line.stream.stop();
  await line.service.logged("call ended");
  await line.session.end();
  assert(clock.pending <= IDLE_TIMERS + 1, "only the model's socket, which waits for a goodbye");
  clock.advance(2_000);
  assertEquals(clock.pending, IDLE_TIMERS);
  assertEquals((await (await fetch(`${line.service.url}/readyz`)).json()).calls, 0);
});

Deno.test("a session the model refuses, or never confirms, is a failure", async () => {
  const clock = new FakeClock();
  await using model = new ScriptedModel();
  await using service = new TestService({ OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: model.url }, clock);
  await service.announce("CA1");
  const refusing = await model.session();
  refusing.send({ type: "session.created", session: { id: "s" } });
  const { event_id } = await refusing.waitFor("session.update");
  const error = { type: "invalid_request_error", code: "unknown_parameter", message: "no", event_id };
  refusing.send({ type: "error", error });
  assertEquals((await service.logged("model failed")).code, "unknown_parameter");

  await service.announce("CA2");
  const silent = await model.session(1);
  silent.send({ type: "session.created", session: { id: "s" } });
  await silent.waitFor("session.update");
  clock.advance(10_000);
  assertEquals((await service.logged("model failed", 2)).code, "not_ready");
  await silent.end();
});

inBothFormats(
  "a model slower than real time is told of what was heard although nothing is left to play",
  async (AUDIO_FORMAT) => {
    const clock = new FakeClock();
    await using line = await connect({ AUDIO_FORMAT }, clock);
    const { session, stream, service } = line;
    session.respond("r1", { a: 60 }, { done: false });
    const mark = await markAfter(stream, 60);
    clock.advance(60);
    stream.mark(mark);
    await service.logged("mark");
    session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u1" });
    assertEquals((await session.waitFor("conversation.item.truncate")).audio_end_ms, 60);
    assertEquals(stream.of("clear"), []);
  },
);

Deno.test("a caller whose frames stop in the middle of a turn is given silence", async () => {
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

Deno.test("the greeting of a session that was lost before the stream is not played", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    GREETING: "Hi",
  });
  const token = await service.announce(CALL);
  const first = await model.session();
  await first.configure();
  await first.waitFor("response.create");
  first.respond("r1", { lost: 100 });
  await service.logged("answer");
  first.socket.close();
  await service.logged("model failed");
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL, { token });
  const second = await model.session(1);
  await second.configure();
  await second.waitFor("response.create");
  second.respond("r1", { again: 40 });
  const { media } = await stream.waitFor("media");
  assertEquals(Uint8Array.fromBase64(String(field({ media }, "media", "payload"))).length, 320);
});

Deno.test("answers that fail now and then are each asked for again", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  const { session, service } = line;
  for (let i = 1; i <= 3; i++) {
    session.respond(`bad${i}`, {}, { done: false });
    session.done(`bad${i}`, "failed", { type: "failed", error: { code: "server_error" } });
    await service.logged("answer", 2 * i - 1);
    clock.advance(1_000);
    await session.waitFor("response.create", i);
    session.respond(`good${i}`, { [`a${i}`]: 20 });
    await service.logged("answer", 2 * i);
  }
  assertEquals(service.events("call ended"), []);
});

Deno.test("two calls at once stay apart", async () => {
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

Deno.test("no line of a call's log holds its secrets, its numbers or its audio", async () => {
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
