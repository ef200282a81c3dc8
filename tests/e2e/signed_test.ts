import { assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import twilio from "twilio";
import { dial, DialError } from "../../src/model/web_socket/web_socket.ts";
import { rehearse } from "../../src/simulator/caller/rehearse.ts";
import { startRehearsalModel } from "../../src/simulator/model/server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { startMessage } from "../support/fake_socket.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";

const TOKEN = "the-account-token";
const PUBLIC_URL = "https://phone.example.com";

function service(modelUrl = "ws://127.0.0.1:9/v1/realtime"): TestService {
  return new TestService({ OPENAI_REALTIME_URL: modelUrl, TWILIO_AUTH_TOKEN: TOKEN, PUBLIC_URL });
}

/** The signature of a handshake for a media stream. */
function handshake(): string {
  return twilio.getExpectedTwilioSignature(TOKEN, "wss://phone.example.com/media-stream", {});
}

Deno.test("with an auth token, only what Twilio signed for this address gets in", async () => {
  await using running = service();
  const form = { CallSid: "CA1", From: "+15551230000", To: "+15559870000", Note: "" };
  const sign = (path: string, params: Record<string, string>, token = TOKEN) =>
    twilio.getExpectedTwilioSignature(token, PUBLIC_URL + path, params);
  const post = async (path: string, signature: string | undefined, body: Record<string, string> = form) => {
    const headers = { ...(signature ? { "x-twilio-signature": signature } : {}), host: "phone.example.com" };
    const response = await fetch(running.url + path, {
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
  const get = await fetch(`${running.url}/incoming-call?CallSid=CA2`, {
    headers: { "x-twilio-signature": sign("/incoming-call?CallSid=CA2", {}) },
  });
  assertEquals([get.status, (await get.text()).includes("<Connect")], [200, true]);
  const json = await fetch(`${running.url}/incoming-call`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-twilio-signature": sign("/incoming-call", {}) },
    body: "{}",
  });
  assertEquals(json.status, 403, "a body that nothing vouches for");
  await json.body?.cancel();
  assertEquals(running.events("call announced").map(({ call }) => call), ["CA1", "CA2"]);
  assertEquals((await running.logged("request refused")).why, "signature");
});

Deno.test("an unsigned handshake is refused before the upgrade", async () => {
  await using running = service();
  const closed = Promise.withResolvers<void>();
  const handlers = { onMessage: () => {}, onClose: () => closed.resolve() };
  const refused = await dial(running.streamUrl, { handlers }).catch((error) => error);
  assertEquals(refused instanceof DialError && refused.status, 403);
  const headers = { "X-Twilio-Signature": handshake() };
  const socket = await dial(running.streamUrl, { headers, handlers });
  socket.close();
  await closed.promise;
});

Deno.test("a whole call, signed as Twilio signs it", async () => {
  const model = startRehearsalModel();
  await using running = service(model.url);
  const options = { baseUrl: running.url, publicUrl: PUBLIC_URL, local: true, maxSeconds: 2 };
  const open: NonNullable<Parameters<typeof rehearse>[0]["open"]> = (url, headers, handlers) =>
    dial(url.href, { headers, handlers });
  const call = await rehearse({ ...options, open, authToken: TOKEN });
  assertEquals(call.counts.mediaReceived > 0, true, call.problem);
  const stranger = await rehearse({ ...options, open });
  assertEquals(stranger.counts.mediaReceived, 0);
  await model.close();
});

Deno.test("what Twilio tells of a stream that failed is in the log", async () => {
  await using running = service();
  const form = {
    CallSid: "CA1",
    StreamSid: "MZ1",
    StreamEvent: "stream-error",
    StreamError: "31920\nforged=line",
  };
  const signature = twilio.getExpectedTwilioSignature(TOKEN, `${PUBLIC_URL}/stream-status`, form);
  const response = await fetch(`${running.url}/stream-status`, {
    method: "POST",
    headers: { "x-twilio-signature": signature },
    body: new URLSearchParams(form),
  });
  assertEquals([response.status, await response.text()], [204, ""]);
  const { call, error } = await running.logged("stream error");
  assertEquals([call, error, running.events("status")], ["CA1", "31920\nforged=line", []]);
});

Deno.test("where handshakes are signed, many calls may share an address", async () => {
  await using running = new TestService({
    OPENAI_REALTIME_URL: "ws://127.0.0.1:9",
    TWILIO_AUTH_TOKEN: TOKEN,
    PUBLIC_URL,
    MAX_UNSIGNED_STREAMS: "1",
    MAX_UNSIGNED_STREAMS_PER_ADDRESS: "1",
  });
  const headers = { "X-Twilio-Signature": handshake() };
  const streams = await Promise.all([1, 2, 3].map(async () => {
    const closed = Promise.withResolvers<void>();
    const handlers = { onMessage: () => {}, onClose: () => closed.resolve() };
    return { socket: await dial(running.streamUrl, { headers, handlers }), closed: closed.promise };
  }));
  for (const { socket } of streams) socket.close();
  await Promise.all(streams.map(({ closed }) => closed));
});

Deno.test("a stream may reach another instance than its webhook did, which knows the caller all the same", async () => {
  await using model = new ScriptedModel();
  await using announced = service(model.url);
  await using reached = service(model.url);
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
  const stream = await dial(reached.streamUrl, { headers: { "X-Twilio-Signature": handshake() }, handlers });
  stream.send(startMessage("CA1", { token, from: form.From }));
  await reached.logged("stream started");
  const sessions = [await model.session(0), await model.session(1)];
  const name = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(form.From));
  for (const { headers } of sessions) {
    assertEquals(headers.get("openai-safety-identifier"), encodeHex(name));
  }
  stream.close();
  await reached.logged("call ended");
});

Deno.test("what was signed is the path as it was sent, not as it would be written here", async () => {
  await using running = service();
  const path = "/incoming-call?CallSid=CA1&note='a'";
  const signature = twilio.getExpectedTwilioSignature(TOKEN, PUBLIC_URL + path, {});
  const { hostname, port } = new URL(running.url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  await conn.write(new TextEncoder().encode(
    `GET ${path} HTTP/1.1\r\nhost: x\r\nx-twilio-signature: ${signature}\r\n\r\n`,
  ));
  const answer = new Uint8Array(4_096);
  const length = await conn.read(answer) ?? 0;
  assertEquals(new TextDecoder().decode(answer.subarray(0, length)).split("\r\n")[0], "HTTP/1.1 200 OK");
});

Deno.test("MAX_PENDING_STREAMS bounds the signed handshakes that have not started", async () => {
  const clock = new FakeClock();
  const env = { OPENAI_REALTIME_URL: "ws://127.0.0.1:9", TWILIO_AUTH_TOKEN: TOKEN, PUBLIC_URL };
  await using running = new TestService({ ...env, MAX_PENDING_STREAMS: "1" }, clock);
  const headers = { "X-Twilio-Signature": handshake() };
  const handlers = { onMessage: () => {}, onClose: () => {} };
  const socket = await dial(running.streamUrl, { headers, handlers });
  const idle = clock.pending;
  const second = dial(running.streamUrl, { headers, handlers }).catch((error) => error);
  for (let i = 0; clock.pending === idle && i < 500; i++) await new Promise((then) => setTimeout(then, 1));
  clock.advance(2_000);
  const refused = await second;
  assertEquals(refused instanceof DialError && refused.status, 503);
  socket.close();
  await running.logged("stream refused", 2);
});
