import { assertEquals, assertMatch } from "@std/assert";
import { isObject } from "../../src/json.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { field } from "../support/field.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { CALL_SID, connect } from "../support/service_call.ts";
import { StreamClient } from "../support/stream_client.ts";

Deno.test("Session is configured for a phone call in the GA dialect", async () => {
  await using line = await connect({ OPENAI_VOICE: "cedar", SYSTEM_MESSAGE: "Be brief" });
  const { url, headers, received } = line.session;
  assertEquals(new URL(url).search, "?model=gpt-realtime-2.1");
  assertEquals(headers.get("authorization"), "Bearer sk-test-secret");
  assertEquals(headers.get("openai-beta"), null);
  assertMatch(headers.get("openai-safety-identifier") ?? "", /^[0-9a-f]{64}$/);
  assertEquals(received[0]?.session, {
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
    tools: field(received[0], "session", "tools"),
    tool_choice: "auto",
  });
});

Deno.test("Session uses PCM and audio is converted both ways in pcm16 mode", async () => {
  await using line = await connect({ AUDIO_FORMAT: "pcm16" });
  const { session, stream } = line;
  const pcm = { type: "audio/pcm", rate: 24000 };
  const update = session.received[0];
  assertEquals([
    field(update, "session", "audio", "input", "format"),
    field(update, "session", "audio", "output", "format"),
  ], [pcm, pcm]);
  for (let i = 0; i < 5; i++) stream.media(i * 20);
  await session.waitFor("input_audio_buffer.append", 5);
  const heard = session.receivedOf("input_audio_buffer.append").map(({ audio }) =>
    Uint8Array.fromBase64(String(audio))
  );
  assertEquals(
    heard.map(({ length }) => length),
    [792, 960, 960, 960, 960],
    "the filter still holds 3.5 ms",
  );

  // Deltas that end within a sample, an empty one, and one that is not base64: 60 ms of audio stay 60 ms.
  session.send({ type: "response.created", response: { id: "r1", status: "in_progress" } });
  const audio = new Uint8Array(60 * 48);
  const delta = { type: "response.output_audio.delta", response_id: "r1", item_id: "a" };
  for (const [from, to] of [[0, 1], [1, 1], [1, 1_000], [1_000, 2_003], [2_003, 2_880]] as const) {
    session.send({ ...delta, delta: audio.subarray(from, to).toBase64() });
  }
  session.send({ ...delta, delta: "not base64!" });
  session.send({ type: "response.output_audio.done", response_id: "r1", item_id: "a" });
  session.done("r1");
  await line.service.logged("response");
  await stream.markAfter(60);
  assertEquals(stream.receivedMs, 60);
});

Deno.test("Session is closed when it confirms another audio format", async (t) => {
  const formats: [
    requested: string,
    confirmed: { type: string; rate?: number } | undefined,
    advice: RegExp,
  ][] = [
    [
      "pcmu",
      { type: "audio/pcm", rate: 24000 },
      /confirmed "audio\/pcm" at 24000 Hz .*; set AUDIO_FORMAT=pcm16/,
    ],
    ["pcmu", undefined, /confirmed "none"/],
    ["pcm16", { type: "audio/pcmu" }, /confirmed "audio\/pcmu" .*; set AUDIO_FORMAT=pcmu/],
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
        await service.announce(CALL_SID);
        const session = await model.session();
        await session.configure((requested) => ({
          ...requested,
          audio: { ...(isObject(requested.audio) ? requested.audio : {}), [side]: { format } },
        }));
        const failure = await service.logged("model failed");
        assertEquals([failure.level, failure.code], ["error", "format_mismatch"]);
        assertMatch(String(failure.message), advice);
        await session.untilClosed();
        assertEquals(session.receivedOf("response.create"), []);
      });
    }
  }
});

Deno.test("Prepared session closes after 15 s and its call after 30 s without a stream", async () => {
  const clock = new FakeClock();
  await using model = new ScriptedModel();
  // Without a greeting: a requested one that does not come would be an outage.
  const env = { OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: model.url, GREETING: "" };
  await using service = new TestService(env, clock);
  const token = await service.announce(CALL_SID);
  const session = await model.session();
  await session.configure();
  await service.logged("session ready");
  clock.advance(14_999);
  assertEquals(session.closed, false);
  clock.advance(1);
  await session.untilClosed();
  assertEquals(service.events("call ended"), []);

  // A stream that starts late gets a new session.
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL_SID, { token });
  await (await model.session(1)).configure();
  await service.logged("session ready", 2);
  clock.advance(14_000);
  assertEquals(service.events("call ended"), []);

  await service.announce("CA2");
  clock.advance(30_000);
  const [ended] = service.events("call ended").filter(({ call }) => call === "CA2");
  assertEquals(ended?.end_reason, "never connected");
});

Deno.test("Call opens a new session when its session could not be prepared", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    GREETING: "",
  });
  model.refuseStatus = 503;
  const token = await service.announce(CALL_SID);
  assertMatch(String((await service.logged("model failed")).message), /503/);
  model.refuseStatus = undefined;
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL_SID, { token });
  stream.media(0, new Uint8Array(160).fill(7));
  const session = await model.session();
  await session.configure();
  assertEquals(
    Uint8Array.fromBase64(String((await session.waitFor("input_audio_buffer.append")).audio))[0],
    7,
  );
});

Deno.test("Call ends with an apology on a fatal model error and continues on another error", async () => {
  await using line = await connect();
  const { session, stream, service } = line;
  const error = { type: "invalid_request_error", message: "no", param: null, event_id: null };
  session.send({ type: "error", error: { ...error, code: "item_truncate_invalid_item_id" } });
  await service.logged("model error");
  session.send({ type: "error", error: { ...error, code: "insufficient_quota" } });
  await stream.end();
  assertEquals(stream.closed?.code, 1000);
  await session.untilClosed();
  assertEquals(service.events("call ended").map(({ end_reason }) => end_reason), ["model failed"]);
  assertMatch(
    await service.post("/after-stream", { CallSid: CALL_SID }),
    /<Response><Say>We are sorry\..*<\/Say><Hangup\/><\/Response>$/,
  );
});

Deno.test("Failed response is retried once", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  const { session, stream, service } = line;
  const error = { type: "server_error", code: "server_error" };
  session.respond("r1", {}, { done: false });
  session.done("r1", "failed", { type: "failed", error });
  assertEquals((await service.logged("response")).reason, "server_error");
  clock.advance(1_000);
  await session.waitFor("response.create");
  session.respond("r2", {}, { done: false });
  session.done("r2", "failed", { type: "failed", error });
  await stream.end();
  assertEquals((await service.logged("call ended")).end_reason, "model failed");
});

Deno.test("Incomplete response is continued", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  const { session, service } = line;
  session.respond("r1", { a: 100 }, { done: false });
  session.done("r1", "incomplete", { type: "incomplete", reason: "max_output_tokens" });
  await service.logged("response");
  clock.advance(1_000);
  assertMatch(String(field(await session.waitFor("response.create"), "response", "instructions")), /cut off/);
});

Deno.test("Adopted session stays open past the adoption timeout", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  for (let i = 1; i <= 4; i++) {
    line.stream.media(i * 20);
    await line.session.waitFor("input_audio_buffer.append", i);
    clock.advance(9_000);
    // Any event of the model keeps its socket alive.
    line.session.send({ type: "something.new" });
    await line.service.logged("model event", line.service.events("model event").length + 1);
  }
  assertEquals([line.service.events("session not adopted"), line.service.events("call ended")], [[], []]);
  assertEquals(line.session.closed, false);
});

Deno.test("Session fails when the model rejects or never confirms it", async () => {
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
  await silent.untilClosed();
});

Deno.test("Greeting of a lost session is not played when the stream starts", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    GREETING: "Hi",
  });
  const token = await service.announce(CALL_SID);
  const first = await model.session();
  await first.configure();
  await first.waitFor("response.create");
  first.respond("r1", { lost: 100 });
  await service.logged("response");
  first.socket.close();
  await service.logged("model failed");
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL_SID, { token });
  const second = await model.session(1);
  await second.configure();
  await second.waitFor("response.create");
  second.respond("r1", { again: 40 });
  const { media } = await stream.waitFor("media");
  assertEquals(Uint8Array.fromBase64(String(field({ media }, "media", "payload"))).length, 320);
});

Deno.test("Failed responses are each retried when others succeed in between", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  const { session, service } = line;
  for (let i = 1; i <= 3; i++) {
    session.respond(`bad${i}`, {}, { done: false });
    session.done(`bad${i}`, "failed", { type: "failed", error: { code: "server_error" } });
    await service.logged("response", 2 * i - 1);
    clock.advance(1_000);
    await session.waitFor("response.create", i);
    session.respond(`good${i}`, { [`a${i}`]: 20 });
    await service.logged("response", 2 * i);
  }
  assertEquals(service.events("call ended"), []);
});
