import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import twilio from "twilio";
import { ConnectError, connectWebSocket } from "../../src/model/web_socket/web_socket.ts";
import { rehearse } from "../../src/simulator/caller/rehearse.ts";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { startMessage } from "../support/fake_socket.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { poll } from "../support/wait_until.ts";

const TOKEN = "the-account-token";
const PUBLIC_URL = "https://phone.example.com";

function startService(modelUrl = "ws://127.0.0.1:9/v1/realtime", env = {}): TestService {
  return new TestService({ OPENAI_REALTIME_URL: modelUrl, TWILIO_AUTH_TOKEN: TOKEN, PUBLIC_URL, ...env });
}

/** The signature of a media stream's handshake. */
function handshakeSignature(): string {
  return twilio.getExpectedTwilioSignature(TOKEN, "wss://phone.example.com/media-stream", {});
}

Deno.test("Webhooks accept only requests that Twilio signed for this address", async () => {
  await using service = startService();
  const form = { CallSid: "CA1", From: "+15551230000", To: "+15559870000", Note: "" };
  const sign = (path: string, params: Record<string, string>, token = TOKEN) =>
    twilio.getExpectedTwilioSignature(token, PUBLIC_URL + path, params);
  const post = async (path: string, signature: string | undefined, body: Record<string, string> = form) => {
    const headers = { ...(signature ? { "x-twilio-signature": signature } : {}), host: "phone.example.com" };
    const response = await fetch(service.url + path, {
      method: "POST",
      headers,
      body: new URLSearchParams(body),
    });
    await response.body?.cancel();
    return response.status;
  };
  const paths: [string, number][] = [
    ["/incoming-call", 200],
    ["/after-stream", 200],
    ["/incoming-call?a=%27b", 200],
    ["/call-status", 204],
    ["/stream-status", 204],
  ];
  for (const [path, status] of paths) {
    assertEquals(await post(path, sign(path, form)), status, path);
    assertEquals(await post(path, undefined), 403);
    assertEquals(await post(path, sign(path, form, "another")), 403);
    assertEquals(await post(path, sign(path, form), { ...form, From: "+15550000000" }), 403);
    assertEquals(await post(path, sign(`${path}x`, form)), 403);
  }
  const get = await fetch(`${service.url}/incoming-call?CallSid=CA2`, {
    headers: { "x-twilio-signature": sign("/incoming-call?CallSid=CA2", {}) },
  });
  assertEquals([get.status, (await get.text()).includes("<Connect")], [200, true]);
  const json = await fetch(`${service.url}/incoming-call`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-twilio-signature": sign("/incoming-call", {}) },
    body: "{}",
  });
  assertEquals(json.status, 403, "a JSON body is not part of the signature");
  await json.body?.cancel();
  assertEquals(service.events("call announced").map(({ call }) => call), ["CA1", "CA2"]);
  assertEquals((await service.logged("request refused")).reason, "signature");
});

Deno.test("Unsigned handshake is refused before the upgrade", async () => {
  await using service = startService();
  const closed = Promise.withResolvers<void>();
  const handlers = { onMessage: () => {}, onClose: () => closed.resolve() };
  const refused = await connectWebSocket(service.streamUrl, { handlers }).catch((error) => error);
  assertEquals(refused instanceof ConnectError && refused.status, 403);
  const headers = { "X-Twilio-Signature": handshakeSignature() };
  const socket = await connectWebSocket(service.streamUrl, { headers, handlers });
  socket.close();
  await closed.promise;
});

Deno.test("Signed call completes and an unsigned one gets no audio", async () => {
  const model = startSimulatedModel();
  await using service = startService(model.url);
  const options = { baseUrl: service.url, publicUrl: PUBLIC_URL, local: true, maxSeconds: 2 };
  const open: NonNullable<Parameters<typeof rehearse>[0]["open"]> = (url, headers, handlers) =>
    connectWebSocket(url.href, { headers, handlers });
  const call = await rehearse({ ...options, open, authToken: TOKEN });
  assertEquals(call.counts.mediaReceived > 0, true, call.problem);
  const unsigned = await rehearse({ ...options, open });
  assertEquals(unsigned.counts.mediaReceived, 0);
  await model.close();
});

Deno.test("Stream error reported by Twilio is logged", async () => {
  await using service = startService();
  const form = {
    CallSid: "CA1",
    StreamSid: "MZ1",
    StreamEvent: "stream-error",
    StreamError: "31920\nforged=line",
  };
  const signature = twilio.getExpectedTwilioSignature(TOKEN, `${PUBLIC_URL}/stream-status`, form);
  const response = await fetch(`${service.url}/stream-status`, {
    method: "POST",
    headers: { "x-twilio-signature": signature },
    body: new URLSearchParams(form),
  });
  assertEquals([response.status, await response.text()], [204, ""]);
  const { call, error } = await service.logged("stream error");
  assertEquals([call, error, service.events("status")], ["CA1", "31920\nforged=line", []]);
});

Deno.test("Signed handshakes do not count towards the limits for unsigned streams", async () => {
  await using service = new TestService({
    OPENAI_REALTIME_URL: "ws://127.0.0.1:9",
    TWILIO_AUTH_TOKEN: TOKEN,
    PUBLIC_URL,
    MAX_UNSIGNED_STREAMS: "1",
    MAX_UNSIGNED_STREAMS_PER_ADDRESS: "1",
  });
  const headers = { "X-Twilio-Signature": handshakeSignature() };
  const streams = await Promise.all([1, 2, 3].map(async () => {
    const closed = Promise.withResolvers<void>();
    const handlers = { onMessage: () => {}, onClose: () => closed.resolve() };
    return {
      socket: await connectWebSocket(service.streamUrl, { headers, handlers }),
      closed: closed.promise,
    };
  }));
  for (const { socket } of streams) socket.close();
  await Promise.all(streams.map(({ closed }) => closed));
});

Deno.test("Stream reaches another instance than its webhook with the same caller", async () => {
  await using model = new ScriptedModel();
  const data = { DATA_DIR: await Deno.makeTempDir() };
  await using announced = startService(model.url, data);
  await using reached = startService(model.url, data);
  const form = { CallSid: "CA1", From: "+15551230000" };
  const response = await fetch(`${announced.url}/incoming-call`, {
    method: "POST",
    headers: {
      "x-twilio-signature": twilio.getExpectedTwilioSignature(TOKEN, `${PUBLIC_URL}/incoming-call`, form),
    },
    body: new URLSearchParams(form),
  });
  const token = /name="token" value="([^"]+)"/.exec(await response.text())?.[1] ?? "";
  const handlers = { onMessage: () => {}, onClose: () => {} };
  const stream = await connectWebSocket(reached.streamUrl, {
    headers: { "X-Twilio-Signature": handshakeSignature() },
    handlers,
  });
  stream.send(startMessage("CA1", { token, from: form.From }));
  await reached.logged("stream started");
  const sessions = [await model.session(0), await model.session(1)];
  const [first = "", second] = sessions.map(({ headers }) => headers.get("openai-safety-identifier") ?? "");
  assertMatch(first, /^[0-9a-f]{64}$/);
  assertEquals(second, first);
  // The hash of a number alone could be guessed.
  const unkeyed = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(form.From));
  assertNotEquals(first, encodeHex(unkeyed));
  stream.send(JSON.stringify({ event: "stop", streamSid: "MZ1", stop: { callSid: "CA1" } }));
  await reached.logged("call ended");
  stream.close();
  await Deno.remove(data.DATA_DIR, { recursive: true });
});

Deno.test("Signature is checked against the path as sent, without normalising it", async () => {
  await using service = startService();
  const path = "/incoming-call?CallSid=CA1&note='a'";
  const signature = twilio.getExpectedTwilioSignature(TOKEN, PUBLIC_URL + path, {});
  const { hostname, port } = new URL(service.url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  await conn.write(new TextEncoder().encode(
    `GET ${path} HTTP/1.1\r\nhost: x\r\nx-twilio-signature: ${signature}\r\n\r\n`,
  ));
  const response = new Uint8Array(4_096);
  const length = await conn.read(response) ?? 0;
  assertEquals(new TextDecoder().decode(response.subarray(0, length)).split("\r\n")[0], "HTTP/1.1 200 OK");
});

Deno.test("MAX_PENDING_STREAMS limits signed handshakes that have not started", async () => {
  const clock = new FakeClock();
  const env = { OPENAI_REALTIME_URL: "ws://127.0.0.1:9", TWILIO_AUTH_TOKEN: TOKEN, PUBLIC_URL };
  await using service = new TestService({ ...env, MAX_PENDING_STREAMS: "1" }, clock);
  const headers = { "X-Twilio-Signature": handshakeSignature() };
  const handlers = { onMessage: () => {}, onClose: () => {} };
  const socket = await connectWebSocket(service.streamUrl, { headers, handlers });
  const idle = clock.pending;
  const second = connectWebSocket(service.streamUrl, { headers, handlers }).catch((error) => error);
  await poll("the second stream to wait", () => clock.pending !== idle);
  clock.advance(2_000);
  const refused = await second;
  assertEquals(refused instanceof ConnectError && refused.status, 503);
  socket.close();
  await service.logged("stream refused", 2);
});
