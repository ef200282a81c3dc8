import { assert, assertEquals, assertGreater } from "@std/assert";
import { chime } from "../../../src/simulator/model/echo_model.ts";
import { startSimulatedModel } from "../../../src/simulator/model/model_server.ts";
import type { NativeWebSocketOptions } from "../../support/native_web_socket.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { speakInto, speechLike, telephone, WireClient } from "./support.ts";

const headers = (headers: Record<string, string>) => ({ headers });
const HOUR_MS = 60 * 60 * 1000;

Deno.test("startSimulatedModel() rejects other paths and plain HTTP requests", async () => {
  const model = startSimulatedModel();
  const http = model.url.replace("ws:", "http:");
  for (
    const [url, status] of [[http, 426], [`${http}/calls`, 404], [new URL("/", http).href, 404]] as const
  ) {
    const response = await fetch(url);
    await response.body?.cancel();
    assertEquals(response.status, status);
  }
  await model.close();
});

const INVALID_KEY_PROTOCOL = ["realtime", "openai-insecure-api-key.sk-invalid"];
const rejected: [name: string, query: string, NativeWebSocketOptions, code: string, closeCode: number][] = [
  ["no model", "", {}, "missing_model", 4000],
  ["an empty model", "?model=", {}, "missing_model", 4000],
  ["the beta header", "?model=m", headers({ "OpenAI-Beta": "realtime=v1" }), "beta_api_shape_disabled", 4000],
  ["an invalid key", "?model=m", headers({ Authorization: "Bearer sk-invalid" }), "invalid_api_key", 3000],
  [
    "an invalid key as a subprotocol",
    "?model=m",
    { protocols: INVALID_KEY_PROTOCOL },
    "invalid_api_key",
    3000,
  ],
];
for (const [name, query, options, code, closeCode] of rejected) {
  Deno.test(`startSimulatedModel() answers a connection with ${name} with an error and closes it`, async () => {
    const model = startSimulatedModel();
    const client = new WireClient(`${model.url}${query}`, options);
    const reason = `invalid_request_error.${code}`;
    assertEquals(await client.closed, { code: closeCode, reason });
    assertEquals(client.events.map(({ type, error }) => [type, Object(error).code]), [["error", code]]);
    await model.close();
  });
}

Deno.test("startSimulatedModel() accepts any other key", async () => {
  const model = startSimulatedModel();
  for (const headers of [{}, { Authorization: "Bearer sk-anything" }]) {
    const client = new WireClient(`${model.url}?model=m`, { headers });
    await client.next("session.created");
    await client.close();
  }
  await model.close();
});

Deno.test("SimulatedModel ends a session after an hour", async () => {
  const clock = new FakeClock();
  const client = await WireClient.start(undefined, { clock });
  clock.advance(HOUR_MS - 1);
  client.send({ type: "input_audio_buffer.clear" });
  await client.next("input_audio_buffer.cleared");
  clock.advance(1);
  assertEquals(Object((await client.next("error")).error).code, "session_expired");
  assertEquals(await client.closed, {
    code: 1001,
    reason: "Your session hit the maximum duration of 60 minutes.",
  });
  await client.close();
  assertEquals(clock.pending, 0);
});

Deno.test("SimulatedModel.close() ends every session during a response", async () => {
  const clock = new FakeClock();
  const model = startSimulatedModel({ clock });
  const clients = await Promise.all([1, 2, 3].map(() => WireClient.open(model.url, telephone())));
  for (const client of clients) {
    client.send({ type: "response.create" });
    await client.next("response.content_part.added");
  }
  assertEquals(clock.pending, 6);
  await model.close();
  for (const client of clients) assertEquals((await client.closed).code, 1001);
  assertEquals(clock.pending, 0);
});

Deno.test("SimulatedModel.close() does not wait for a peer that does not answer", async () => {
  const model = startSimulatedModel();
  const { hostname, port } = new URL(model.url);
  const peer = await Deno.connect({ hostname, port: Number(port) });
  await peer.write(new TextEncoder().encode(
    `GET /v1/realtime?model=m HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  // Read the upgrade and session.created, then nothing more.
  await peer.read(new Uint8Array(1000));
  await model.close();
  peer.close();
});

Deno.test("SimulatedModel calls onEvent for both directions", async () => {
  const seen: string[] = [];
  await using client = await WireClient.start(telephone(null), {
    onEvent: (direction, { type }) => seen.push(`${direction} ${type}`),
  });
  speakInto(client, speechLike(20));
  client.send({ type: "nonsense" });
  await client.next("error");
  assertEquals(seen, [
    "out session.created",
    "in session.update",
    "out session.updated",
    "in input_audio_buffer.append",
    "in nonsense",
    "out error",
  ]);
});

Deno.test("SimulatedModel gives two sessions different ids", async () => {
  const model = startSimulatedModel();
  const clients = [await WireClient.open(model.url), await WireClient.open(model.url)];
  for (const client of clients) {
    client.send({ type: "response.create" });
    await client.next("response.done");
  }
  const ids = clients.flatMap(({ events }) => events.map(({ event_id }) => event_id));
  assertEquals(new Set(ids).size, ids.length);
  for (const client of clients) await client.close();
  await model.close();
});

Deno.test("chime() lasts a second, without a click, at a moderate level", () => {
  for (const rate of [8000, 24000]) {
    const samples = chime(rate);
    assertEquals(samples.length, rate);
    assertEquals([samples[0], samples.at(-1)].map((sample) => Math.abs(sample ?? 99) < 20), [true, true]);
    const peak = Math.max(...samples.map(Math.abs));
    assert(peak > 4000 && peak < 16000, `peak ${peak}`);
    // A tone of 1568 Hz changes by this much from one sample to the next; a click would change more.
    const steepest = Math.max(
      ...samples.map((sample, index) => Math.abs(sample - (samples[index - 1] ?? 0))),
    );
    assertGreater(peak * 2 * Math.PI * 1568 / rate, steepest);
  }
});
