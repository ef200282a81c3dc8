import { assert, assertEquals, assertGreater } from "@std/assert";
import { chime } from "../../../src/simulator/model/chime.ts";
import { startRehearsalModel } from "../../../src/simulator/model/server.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { speakInto, speechLike, telephone, WireClient } from "./support.ts";

const HOUR_MS = 60 * 60 * 1000;

Deno.test("what is no WebSocket to the right place is turned away", async () => {
  const model = startRehearsalModel();
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

const refused: [
  string,
  string,
  { headers?: Record<string, string>; protocols?: string[] },
  string,
  number,
][] = [
  ["no model", "", {}, "missing_model", 4000],
  ["an empty model", "?model=", {}, "missing_model", 4000],
  ["the beta", "?model=m", { headers: { "OpenAI-Beta": "realtime=v1" } }, "beta_api_shape_disabled", 4000],
  ["a wrong key", "?model=m", { headers: { Authorization: "Bearer sk-invalid" } }, "invalid_api_key", 3000],
  [
    "a wrong key as a subprotocol",
    "?model=m",
    {
      protocols: ["realtime", "openai-insecure-api-key.sk-invalid"],
    },
    "invalid_api_key",
    3000,
  ],
];
for (const [name, query, options, code, closeCode] of refused) {
  Deno.test(`a connection with ${name} opens, says why not, and closes`, async () => {
    const model = startRehearsalModel();
    const client = new WireClient(`${model.url}${query}`, options);
    const reason = `invalid_request_error.${code}`;
    assertEquals(await client.closed, { code: closeCode, reason });
    assertEquals(client.events.map(({ type, error }) => [type, Object(error).code]), [["error", code]]);
    await model.close();
  });
}

Deno.test("any other key will do", async () => {
  const model = startRehearsalModel();
  for (const headers of [{}, { Authorization: "Bearer sk-anything" }]) {
    const client = new WireClient(`${model.url}?model=m`, { headers });
    await client.next("session.created");
    await client.close();
  }
  await model.close();
});

Deno.test("a session ends after an hour", async () => {
  const clock = new FakeClock();
  const model = startRehearsalModel({ clock });
  const client = await WireClient.open(model.url);
  clock.advance(HOUR_MS - 1);
  client.send({ type: "input_audio_buffer.clear" });
  await client.next("input_audio_buffer.cleared");
  clock.advance(1);
  assertEquals(Object((await client.next("error")).error).code, "session_expired");
  assertEquals(await client.closed, {
    code: 1001,
    reason: "Your session hit the maximum duration of 60 minutes.",
  });
  await model.close();
  assertEquals(clock.pending, 0);
});

Deno.test("closing the model ends every session in mid-response", async () => {
  const clock = new FakeClock();
  const model = startRehearsalModel({ clock });
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

Deno.test("a peer that does not answer the close cannot hold the model open", async () => {
  const model = startRehearsalModel();
  const { hostname, port } = new URL(model.url);
  const peer = await Deno.connect({ hostname, port: Number(port) });
  await peer.write(new TextEncoder().encode(
    `GET /v1/realtime?model=m HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  // Read the answer and session.created, then never again.
  await peer.read(new Uint8Array(1000));
  await model.close();
  peer.close();
});

Deno.test("whoever watches sees both directions", async () => {
  const seen: string[] = [];
  const model = startRehearsalModel({ onEvent: (direction, { type }) => seen.push(`${direction} ${type}`) });
  const client = await WireClient.open(model.url, telephone(null));
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
  await client.close();
  await model.close();
});

Deno.test("no two sessions share an id", async () => {
  const model = startRehearsalModel();
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

Deno.test("the chime is a second long, without a click, and neither faint nor loud", () => {
  for (const rate of [8000, 24000]) {
    const samples = chime(rate);
    assertEquals(samples.length, rate);
    assertEquals([samples[0], samples.at(-1)].map((sample) => Math.abs(sample ?? 99) < 20), [true, true]);
    const peak = Math.max(...samples.map(Math.abs));
    assert(peak > 4000 && peak < 16000, `peak ${peak}`);
    // A tone of 1568 Hz moves this far from one sample to the next; a click would be a longer step.
    const steepest = Math.max(
      ...samples.map((sample, index) => Math.abs(sample - (samples[index - 1] ?? 0))),
    );
    assertGreater(peak * 2 * Math.PI * 1568 / rate, steepest);
  }
});
