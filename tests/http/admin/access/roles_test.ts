import { assertEquals, assertStringIncludes } from "@std/assert";
import { TestService } from "../../../support/service.ts";

const TOKENS = {
  ADMIN_TOKEN: "the-token-of-admins",
  VIEWER_TOKEN: "the-token-of-viewers",
  METRICS_TOKEN: "the-token-of-metrics",
};
const PUBLIC_URL = "https://phone.example.com";

function service(env: Record<string, string> = TOKENS): TestService {
  return new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9", PUBLIC_URL, ...env });
}

async function statusOf({ url }: TestService, method: string, path: string, headers: Record<string, string>) {
  const init = method === "POST" ? { body: "{}" } : {};
  const response = await fetch(url + path, { method, headers, redirect: "manual", ...init });
  await response.body?.cancel();
  return response.status;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Signs in on the page; returns the cookie. */
async function signIn({ url }: TestService, token: string): Promise<string> {
  const init = { method: "POST", body: new URLSearchParams({ token }), redirect: "manual" as const };
  const response = await fetch(`${url}/console/login`, { ...init, headers: { origin: PUBLIC_URL } });
  await response.body?.cancel();
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

const READS = ["/api/calls", "/api/setup", "/api/stats", "/console/"];
const ACTIONS = ["/calls", "/api/calls/CA1/hangup", "/api/calls/CA1/whisper", "/api/calls/CA1/transfer"];

Deno.test("VIEWER_TOKEN reads the API and the console and cannot act, as a bearer token and as a cookie", async () => {
  await using running = service();
  const cookie = { cookie: await signIn(running, TOKENS.VIEWER_TOKEN), origin: PUBLIC_URL };
  for (const headers of [bearer(TOKENS.VIEWER_TOKEN), cookie]) {
    for (const path of [...READS, "/metrics"]) {
      assertEquals(await statusOf(running, "GET", path, headers), 200, path);
    }
    for (const path of ACTIONS) assertEquals(await statusOf(running, "POST", path, headers), 403, path);
    // The console's phone places a call.
    assertEquals(await statusOf(running, "POST", "/api/calls/CA1/recording", headers), 403);
  }
  for (const path of ACTIONS) {
    assertEquals(
      [404, 409, 415, 422].includes(await statusOf(running, "POST", path, bearer(TOKENS.ADMIN_TOKEN))),
      true,
    );
  }
  const metrics = await (await fetch(`${running.url}/metrics`, { headers: bearer(TOKENS.METRICS_TOKEN) }))
    .text();
  assertStringIncludes(metrics, 'parley_refusals_total{kind="request",reason="read only"} 10');
});

Deno.test("VIEWER_TOKEN does not admit to the voice webhooks, ADMIN_TOKEN does", async () => {
  await using running = service({ ...TOKENS, TWILIO_AUTH_TOKEN: "secret" });
  const form = new URLSearchParams({ CallSid: "CA1", From: "client:console" });
  for (const [token, status] of [[TOKENS.VIEWER_TOKEN, 403], [TOKENS.ADMIN_TOKEN, 200]] as const) {
    const headers = { cookie: await signIn(running, token), origin: PUBLIC_URL };
    const response = await fetch(`${running.url}/incoming-call`, { method: "POST", body: form, headers });
    await response.body?.cancel();
    assertEquals(response.status, status, token);
  }
});

Deno.test("METRICS_TOKEN reads /metrics and nothing else", async () => {
  await using running = service();
  assertEquals(await statusOf(running, "GET", "/metrics", bearer(TOKENS.METRICS_TOKEN)), 200);
  for (const path of READS) {
    assertEquals(await statusOf(running, "GET", path, bearer(TOKENS.METRICS_TOKEN)), 403, path);
  }
  for (const path of ACTIONS) {
    assertEquals(await statusOf(running, "POST", path, bearer(TOKENS.METRICS_TOKEN)), 403, path);
  }
  assertEquals(
    await signIn(running, TOKENS.METRICS_TOKEN),
    "",
    "METRICS_TOKEN does not sign in to the console",
  );
});

Deno.test("Signing out ends the session on the server, and only that one", async () => {
  await using running = service();
  const [first, second] = [
    await signIn(running, TOKENS.ADMIN_TOKEN),
    await signIn(running, TOKENS.ADMIN_TOKEN),
  ];
  const headers = (cookie: string) => ({ cookie, origin: PUBLIC_URL });
  assertEquals(await statusOf(running, "GET", "/api/calls", headers(first)), 200);
  assertEquals(await statusOf(running, "POST", "/console/logout", headers(first)), 303);
  assertEquals(await statusOf(running, "GET", "/api/calls", headers(first)), 401);
  assertEquals(await statusOf(running, "GET", "/api/calls", headers(second)), 200);
});

Deno.test("/console/login takes the token from a form only", async () => {
  await using running = service();
  const path = `/console/login?token=${TOKENS.ADMIN_TOKEN}`;
  const headers = { origin: PUBLIC_URL, "content-type": "text/plain" };
  assertEquals(await statusOf(running, "POST", path, headers), 415);
});
