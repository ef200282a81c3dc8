import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkStreamSignature, checkWebhookSignature } from "../../src/check/signature_enforcement.ts";
import { freePort } from "../support/free_port.ts";
import { network, StubService, type StubServiceOptions, TOKEN, TrustingNetwork } from "./stub_service.ts";

Deno.test("signature checks pass if only signed requests are accepted", async () => {
  await using service = new StubService();
  assertEquals((await checkWebhookSignature(TOKEN, service.url, network)).level, "ok");
  assertEquals((await checkStreamSignature(TOKEN, service.url, network)).level, "ok");
  assertEquals(service.open, 0, "the stream is closed");
  assertEquals(service.requests.toSorted(), [
    "GET /media-stream",
    "GET /media-stream",
    "POST /call-status",
    "POST /call-status",
  ]);
});

Deno.test("signature checks pass over TLS", async () => {
  await using service = new StubService({ tls: true });
  using trusting = new TrustingNetwork();
  assertEquals((await checkWebhookSignature(TOKEN, service.url, trusting)).level, "ok");
  assertEquals((await checkStreamSignature(TOKEN, service.url, trusting)).level, "ok");
});

for (
  const [why, options, webhook, handshake] of [
    [
      "a service with another token",
      { authToken: "another" },
      "a callback with a valid signature got 403 instead of 204 -> the service runs with another TWILIO_AUTH_TOKEN",
      "a WebSocket with a valid signature got 403 instead of 101 -> the service runs with another TWILIO_AUTH_TOKEN",
    ],
    [
      "a service without a token",
      { authToken: null },
      "a callback without a signature is accepted -> start the service with TWILIO_AUTH_TOKEN",
      "a WebSocket without a signature is accepted -> start the service with TWILIO_AUTH_TOKEN",
    ],
    [
      "a proxy that does not forward upgrades",
      { respond: () => new Response(null, { status: 426 }) },
      "got 426 instead of 204 -> check that all paths",
      "got 426 instead of 101 -> the proxy must forward WebSocket upgrades",
    ],
    [
      "a proxy that requires a password for unsigned requests",
      {
        respond: (request: Request) =>
          request.headers.has("x-twilio-signature") ? undefined : new Response(null, { status: 401 }),
      },
      "a callback without a signature got 401 instead of 403 -> check which requests the proxy",
      "a WebSocket without a signature got 401 instead of 403 -> check which requests the proxy",
    ],
  ] as [string, StubServiceOptions, string, string][]
) {
  Deno.test(`signature checks fail for ${why}`, async () => {
    await using service = new StubService(options);
    const results = [
      [await checkWebhookSignature(TOKEN, service.url, network), webhook],
      [await checkStreamSignature(TOKEN, service.url, network), handshake],
    ] as const;
    for (const [{ level, message, remedy }, expected] of results) {
      assertEquals(level, "failed");
      assertStringIncludes(`${message} -> ${remedy}`, expected);
    }
    assertEquals(service.open, 0);
  });
}

Deno.test("signature checks fail without a response", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  for (const check of [checkWebhookSignature, checkStreamSignature]) {
    const { level, message } = await check(TOKEN, url, network);
    assertEquals(level, "failed");
    assertStringIncludes(message, "got no response (");
    assertStringIncludes(message, "refused");
  }
});
