import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkHandshake, checkWebhook } from "../../src/check/round_trip.ts";
import { freePort, network, StandIn, type StandInOptions, TOKEN, TrustingNetwork } from "./stand_in.ts";

Deno.test("what is signed as Twilio does is let in, and nothing else", async () => {
  await using service = new StandIn();
  assertEquals((await checkWebhook(TOKEN, service.url, network)).level, "ok");
  assertEquals((await checkHandshake(TOKEN, service.url, network)).level, "ok");
  assertEquals(service.open, 0, "the stream is closed again");
  assertEquals(service.requests.toSorted(), [
    "GET /media-stream",
    "GET /media-stream",
    "POST /call-status",
    "POST /call-status",
  ]);
});

Deno.test("the same over TLS", async () => {
  await using service = new StandIn({ tls: true });
  using trusting = new TrustingNetwork();
  assertEquals((await checkWebhook(TOKEN, service.url, trusting)).level, "ok");
  assertEquals((await checkHandshake(TOKEN, service.url, trusting)).level, "ok");
});

for (
  const [why, options, webhook, handshake] of [
    [
      "another token",
      { authToken: "another" },
      "a callback signed as Twilio does got 403, 204 was expected -> the service was started with another TWILIO_AUTH_TOKEN",
      "a WebSocket signed as Twilio does got 403, 101 was expected -> the service was started with another TWILIO_AUTH_TOKEN",
    ],
    [
      "no token",
      { authToken: null },
      "a callback that is not signed is let in -> start the service with TWILIO_AUTH_TOKEN",
      "a WebSocket that is not signed is let in -> start the service with TWILIO_AUTH_TOKEN",
    ],
    [
      "a proxy that passes no upgrades on",
      { instead: () => new Response(null, { status: 426 }) },
      "got 426, 204 was expected -> check that the whole path",
      "got 426, 101 was expected -> the proxy in front must pass on upgrades to WebSocket",
    ],
    [
      "a proxy that asks strangers for a password",
      {
        instead: (request: Request) =>
          request.headers.has("x-twilio-signature") ? undefined : new Response(null, { status: 401 }),
      },
      "a callback that is not signed got 401, 403 was expected -> check what the proxy",
      "a WebSocket that is not signed got 401, 403 was expected -> check what the proxy",
    ],
  ] as [string, StandInOptions, string, string][]
) {
  Deno.test(`${why} is noticed`, async () => {
    await using service = new StandIn(options);
    const pairs = [
      [await checkWebhook(TOKEN, service.url, network), webhook],
      [await checkHandshake(TOKEN, service.url, network), handshake],
    ] as const;
    for (const [{ level, found, remedy }, says] of pairs) {
      assertEquals(level, "failed");
      assertStringIncludes(`${found} -> ${remedy}`, says);
    }
    assertEquals(service.open, 0);
  });
}

Deno.test("no answer at all is noticed", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  for (const check of [checkWebhook, checkHandshake]) {
    const { level, found } = await check(TOKEN, url, network);
    assertEquals(level, "failed");
    assertStringIncludes(found, "got no answer (");
    assertStringIncludes(found, "refused");
  }
});
