import { assertEquals, assertStringIncludes } from "@std/assert";
import { ConnectError, connectWebSocket } from "../../src/model/web_socket/web_socket.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { CALL_SID, connect } from "../support/service_call.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";
import { poll } from "../support/wait_until.ts";

async function announce(service: TestService, fields: Record<string, string>): Promise<string> {
  const xml = await service.post("/incoming-call", fields);
  return xml.slice(xml.indexOf("<Response>"));
}

const REJECTED = '<Response><Reject reason="rejected"/></Response>';

async function refusalsOf(service: TestService): Promise<string[]> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return text.split("\n").filter((line) => line.startsWith("parley_refusals_total{"));
}

Deno.test("MAX_CALLS refuses the next call, ignores a repeated webhook and frees the place of an ended call", async () => {
  await using line = await connect({ MAX_CALLS: "1" });
  assertStringIncludes(
    await announce(line.service, { CallSid: "CA2" }),
    "<Say>We are sorry. All our lines are busy",
  );
  assertStringIncludes(await announce(line.service, { CallSid: CALL_SID }), "<Connect");
  const { reason, call } = await line.service.logged("call refused");
  assertEquals([reason, call], ["full", "CA2"]);
  assertEquals(await refusalsOf(line.service), ['parley_refusals_total{kind="call",reason="full"} 1']);
  line.stream.stop();
  await line.service.logged("call ended");
  assertStringIncludes(await announce(line.service, { CallSid: "CA2" }), "<Connect");
});

Deno.test("Callers who are not allowed are rejected without a session", async (t) => {
  const cases: [
    name: string,
    env: Record<string, string>,
    fields: Record<string, string>,
    accepted: boolean,
  ][] = [
    ["denied", { DENIED_CALLERS: "+1555*" }, {}, false],
    ["not denied", { DENIED_CALLERS: "+1556*" }, {}, true],
    ["not allowed", { ALLOWED_CALLERS: "+49*" }, {}, false],
    ["allowed", { ALLOWED_CALLERS: "+49*" }, { From: "+4930123456" }, true],
    ["not attested", { MIN_ATTESTATION: "B" }, {}, false],
    ["attested C", { MIN_ATTESTATION: "B" }, { StirVerstat: "TN-Validation-Passed-C" }, false],
    ["attestation failed", { MIN_ATTESTATION: "C" }, { StirVerstat: "TN-Validation-Failed-A" }, false],
    ["attested A", { MIN_ATTESTATION: "B" }, { StirVerstat: "TN-Validation-Passed-A" }, true],
  ];
  for (const [name, env, fields, accepted] of cases) {
    await t.step(name, async () => {
      await using model = new ScriptedModel();
      await using service = new TestService({
        OPENAI_REALTIME_URL: model.url,
        OPENAI_API_KEY: "sk-test",
        ...env,
      });
      const response = await announce(service, { CallSid: "CA1", ...fields });
      if (accepted) {
        assertStringIncludes(response, "<Connect");
        await model.session();
      } else {
        assertEquals(response, REJECTED);
        assertEquals([service.events("call announced").length, model.sessions.length], [0, 0]);
      }
    });
  }
});

Deno.test("Caller over CALLS_PER_CALLER_AND_HOUR is rejected", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({ OPENAI_REALTIME_URL: model.url, CALLS_PER_CALLER_AND_HOUR: "2" });
  assertStringIncludes(await announce(service, { CallSid: "CA1" }), "<Connect");
  assertStringIncludes(await announce(service, { CallSid: "CA2" }), "<Connect");
  assertStringIncludes(await announce(service, { CallSid: "CA2" }), "<Connect", "the same call, repeated");
  assertEquals(await announce(service, { CallSid: "CA3" }), REJECTED);
  assertStringIncludes(await announce(service, { CallSid: "CA4", From: "+15550000000" }), "<Connect");
});

Deno.test("MAX_FRAMES_PER_SECOND ends the call after the allowed burst", async () => {
  const clock = new FakeClock();
  await using line = await connect({ MAX_FRAMES_PER_SECOND: "60" }, clock);
  // A burst of 10 s is allowed; "connected" and "start" were two of its 600 messages.
  for (let i = 0; i < 598; i++) line.stream.media(i * 20);
  await line.session.waitFor("input_audio_buffer.append", 598);
  clock.advance(1_000);
  for (let i = 598; i < 658; i++) line.stream.media(i * 20);
  await line.session.waitFor("input_audio_buffer.append", 658);
  assertEquals(line.stream.closed, undefined);
  line.stream.media(658 * 20);
  await line.stream.end();
  assertEquals((await line.service.logged("call ended")).end_reason, "flood");
});

Deno.test("Frame over MAX_FRAME_BYTES closes a stream before its start and is skipped after it", async () => {
  await using line = await connect({ MAX_FRAME_BYTES: "2000" });
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.opened();
  stream.raw("x".repeat(2_001));
  assertEquals(await stream.end(), { code: 1009, reason: "frame too big" });
  line.stream.raw("x".repeat(2_001));
  assertEquals((await line.service.logged("frame skipped")).reason, "too big");
  line.stream.media(0);
  await line.session.waitFor("input_audio_buffer.append");
});

Deno.test("Stream that never starts is closed after too many frames", async () => {
  const clock = new FakeClock();
  await using line = await connect({ MAX_FRAMES_PER_SECOND: "60" }, clock);
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.opened();
  for (let i = 0; i <= 600; i++) stream.raw("{}");
  assertEquals(await stream.end(), { code: 1008, reason: "too many frames" });
  assertEquals((await line.service.logged("stream refused")).reason, "too many frames");
});

/** Opens a stream and sends nothing; returns the socket, or the HTTP status of a refusal. */
async function openSilently(service: TestService, headers: Record<string, string> = {}) {
  const handlers = { onMessage: () => {}, onClose: () => {} };
  const opened = await connectWebSocket(service.streamUrl, { headers, handlers }).catch((error) => error);
  return opened instanceof ConnectError ? opened.status : opened;
}

Deno.test("Streams that have not started are limited per address and in total, with X-Forwarded-For of a trusted proxy", async () => {
  const clock = new FakeClock();
  await using service = new TestService({
    OPENAI_REALTIME_URL: "ws://127.0.0.1:9",
    MAX_UNSIGNED_STREAMS: "7",
    TRUSTED_PROXIES: "127.0.0.1",
  }, clock);
  const from = (address: string) => openSilently(service, { "X-Forwarded-For": address });
  const opened = [];
  for (let i = 0; i < 4; i++) opened.push(await from("203.0.113.1"));
  const fifth = from("203.0.113.1");
  for (let i = 0; i < 3; i++) opened.push(await from(`203.0.113.${2 + i}`));
  const last = from("203.0.113.9");
  // Both wait for a place; none becomes free.
  await poll("two streams to wait", () => clock.pending >= 10);
  clock.advance(2_000);
  assertEquals([await fifth, await last], [503, 503]);
  assertEquals(await refusalsOf(service), [
    'parley_refusals_total{kind="stream",reason="pending streams of one address"} 1',
    'parley_refusals_total{kind="stream",reason="pending streams"} 1',
  ]);
  for (const socket of opened) socket.close();
  await service.logged("stream refused", 3);
});

Deno.test("Closed stream frees its pending place, whether it was refused or left", async () => {
  await using line = await connect();
  const pending = async () =>
    /^parley_pending_streams (.+)$/m.exec(await (await fetch(`${line.service.url}/metrics`)).text())?.[1];
  assertEquals(await pending(), "0", "a call that started");
  const silent = await openSilently(line.service);
  assertEquals(await pending(), "1");
  silent.close();
  await line.service.logged("stream refused");
  await using invalid = new StreamClient(line.service.streamUrl);
  await invalid.start("CA2", { token: "made up" });
  await invalid.end();
  assertEquals(await pending(), "0");
});

Deno.test("START_SECONDS limits the wait for a start", async () => {
  const clock = new FakeClock();
  await using service = new TestService(
    { OPENAI_REALTIME_URL: "ws://127.0.0.1:9", START_SECONDS: "2" },
    clock,
  );
  await using stream = new StreamClient(service.streamUrl);
  await stream.opened();
  clock.advance(1_999);
  assertEquals(service.events("stream refused"), []);
  clock.advance(1);
  assertEquals(await stream.end(), { code: 1008, reason: "no start in time" });
});

Deno.test("X-Forwarded-For is ignored from an untrusted address", async () => {
  const clock = new FakeClock();
  await using service = new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9" }, clock);
  const from = (address: string) => openSilently(service, { "X-Forwarded-For": address });
  const opened = [];
  for (let i = 0; i < 4; i++) opened.push(await from(`203.0.113.${i}`));
  const fifth = from("203.0.113.9");
  await poll("one stream to wait", () => clock.pending >= 6);
  clock.advance(2_000);
  assertEquals(await fifth, 503);
  for (const socket of opened) socket.close();
  await service.logged("stream refused", 2);
});

Deno.test("Media stream is refused to pages of other sites", async () => {
  await using service = new TestService({
    OPENAI_REALTIME_URL: "ws://127.0.0.1:9",
    PUBLIC_URL: "https://phone.example.com",
  });
  assertEquals(await openSilently(service, { Origin: "https://evil.example" }), 403);
  const closed = Promise.withResolvers<number>();
  const own = await connectWebSocket(service.streamUrl, {
    headers: { Origin: "https://phone.example.com" },
    handlers: { onMessage: () => {}, onClose: closed.resolve },
  });
  own.close();
  await service.logged("stream refused");
  assertEquals(await closed.promise, 1000);
});

Deno.test("Webhook is refused when its body does not arrive within 10 s", async () => {
  const clock = new FakeClock();
  await using service = new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9" }, clock);
  const { hostname, port } = new URL(service.url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  await conn.write(new TextEncoder().encode(
    "POST /incoming-call HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n" +
      "content-length: 100\r\n\r\nCallSid=CA1",
  ));
  const before = clock.pending;
  await poll("the body timeout to be set", () => clock.pending > before);
  clock.advance(10_000);
  const response = new Uint8Array(1_024);
  const length = await conn.read(response) ?? 0;
  assertStringIncludes(new TextDecoder().decode(response.subarray(0, length)), "HTTP/1.1 408");
  assertEquals((await service.logged("request refused")).reason, "body too slow");
});
