import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DOMParser } from "@xmldom/xmldom";
import { twilioSignature } from "../../../src/twilio/request_signature.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { ScriptedModel } from "../../support/scripted_model.ts";
import { TestService } from "../../support/service.ts";

/** A service without a reachable model. */
function service(env: Record<string, string> = {}, clock?: FakeClock): TestService {
  return new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime", ...env }, clock);
}

function parse(xml: string) {
  const onError = (_level: string, message: string) => {
    throw new Error(message);
  };
  return new DOMParser({ onError }).parseFromString(xml, "text/xml");
}

async function metricsOf(running: TestService): Promise<string> {
  return await (await fetch(`${running.url}/metrics`)).text();
}

Deno.test("/incoming-call answers GET and POST with TwiML that points at PUBLIC_URL", async () => {
  await using running = service({ PUBLIC_URL: "https://phone.example.com/parley" });
  const fields = new URLSearchParams({ CallSid: "CA1", From: '+1555"<&', To: "+15559870000" });
  for (
    const request of [
      new Request(`${running.url}/incoming-call?${fields}`, { headers: { host: "evil.example" } }),
      new Request(`${running.url}/incoming-call`, { method: "POST", body: fields }),
    ]
  ) {
    const response = await fetch(request);
    assertEquals(response.status, 200);
    assertMatch(response.headers.get("content-type") ?? "", /^text\/xml/);
    const document = parse(await response.text());
    const verbs = [...document.documentElement?.childNodes ?? []].map(({ nodeName }) => nodeName);
    assertEquals(verbs, ["Connect", "Hangup"]);
    const stream = document.getElementsByTagName("Stream").item(0);
    assertEquals(stream?.getAttribute("url"), "wss://phone.example.com/parley/media-stream");
    assertEquals(
      document.getElementsByTagName("Connect").item(0)?.getAttribute("action"),
      "https://phone.example.com/parley/after-stream",
    );
    assertEquals(stream?.getAttribute("statusCallback"), "https://phone.example.com/parley/stream-status");
    const parameters = Object.fromEntries(
      [...document.getElementsByTagName("Parameter")].map((
        p,
      ) => [p.getAttribute("name"), p.getAttribute("value")]),
    );
    assertEquals(parameters.from, '+1555"<&');
    assertMatch(parameters.token ?? "", /^\w+\.[0-9a-f]{32}\.[0-9a-f]{32}$/);
  }
});

Deno.test("/incoming-call speaks WELCOME_MESSAGE before the stream", async () => {
  await using running = service({ WELCOME_MESSAGE: "One moment, please <3" });
  const xml = await (await fetch(`${running.url}/incoming-call?CallSid=CA1`)).text();
  assertStringIncludes(xml, "<Response><Say>One moment, please &lt;3</Say><Connect");
  assertStringIncludes(xml, `url="${running.streamUrl}"`);
});

Deno.test("/incoming-call requested twice for one call opens one model session", async () => {
  await using model = new ScriptedModel();
  await using running = new TestService({ OPENAI_REALTIME_URL: model.url, OPENAI_API_KEY: "sk-test" });
  const first = await running.announce("CA1");
  const second = await running.announce("CA1");
  await (await model.session()).configure();
  await running.logged("session ready");
  assertEquals([model.sessions.length, first === second], [1, false]);
});

Deno.test("/incoming-call without a CallSid answers TwiML without a token and opens no session", async () => {
  await using model = new ScriptedModel();
  await using running = new TestService({ OPENAI_REALTIME_URL: model.url, OPENAI_API_KEY: "sk-test" });
  const xml = await (await fetch(`${running.url}/incoming-call`)).text();
  assertStringIncludes(xml, `url="${running.streamUrl}"`);
  assertEquals(/name="token"/.test(xml), false, xml);
  assertEquals([running.events("call announced"), model.sessions.length], [[], 0]);
});

// For known calls: tests/e2e/call_test.ts.
Deno.test("/after-stream apologizes to the caller of an unknown call", async () => {
  await using running = service();
  const response = await fetch(`${running.url}/after-stream?CallSid=CAunknown`);
  assertStringIncludes(await response.text(), "<Say>We are sorry.");
});

Deno.test("/media-stream answers 400 to a broken upgrade and keeps serving", async () => {
  await using running = service();
  const { hostname, port } = new URL(running.url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const request =
    "GET /media-stream HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n\r\n";
  await conn.write(new TextEncoder().encode(request));
  const response = new Uint8Array(1_024);
  const count = await conn.read(response) ?? 0;
  assertMatch(new TextDecoder().decode(response.subarray(0, count)), /^HTTP\/1\.1 400/);
  assertEquals((await (await fetch(`${running.url}/healthz`)).json()).status, "ok");
  const metrics = await metricsOf(running);
  assertStringIncludes(metrics, "\nparley_pending_streams 0\n");
  assertStringIncludes(metrics, 'parley_refusals_total{kind="request",reason="bad upgrade"} 1');
});

Deno.test("webhooks refuse a form with thousands of names without sorting them", async () => {
  await using running = service({ TWILIO_AUTH_TOKEN: "secret", PUBLIC_URL: "https://phone.example.com" });
  const body = Array.from({ length: 3_000 }, (_, n) => `${(n * 7_919 % 3_000).toString(36)}=`).join("&");
  const response = await fetch(`${running.url}/incoming-call`, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    },
    body,
  });
  await response.body?.cancel();
  assertEquals(response.status, 400);
  assertStringIncludes(await metricsOf(running), 'reason="too many parameters"} 1');
});

Deno.test("webhooks read Twilio's body while one address holds 600 bodies open", async () => {
  const publicUrl = "https://phone.example.com";
  const env = { TWILIO_AUTH_TOKEN: "secret", PUBLIC_URL: publicUrl, TRUSTED_PROXIES: "127.0.0.1" };
  // No body times out.
  await using running = service(env, new FakeClock());
  const { hostname, port } = new URL(running.url);
  using connections = new DisposableStack();
  const connect = async (text: string) => {
    const conn = connections.use(await Deno.connect({ hostname, port: Number(port) }));
    await conn.write(new TextEncoder().encode(text));
    return conn;
  };
  const statusOf = async (conn: Deno.Conn) => {
    const bytes = new Uint8Array(1_024);
    const length = await conn.read(bytes) ?? 0;
    return /^HTTP\/1\.1 (\d+)/.exec(new TextDecoder().decode(bytes.subarray(0, length)))?.[1];
  };
  const form = { CallSid: "CA1", CallStatus: "completed" };
  const body = new URLSearchParams(form).toString();
  const signature = await twilioSignature("secret", `${publicUrl}/call-status`, form);
  const head = (address: string) =>
    "POST /call-status HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n" +
    `x-forwarded-for: ${address}\r\nx-twilio-signature: ${signature}\r\ncontent-length: ${body.length}\r\n\r\n`;

  const twilio = await connect(head("54.172.60.0") + body.slice(0, 9));
  const strangers: Deno.Conn[] = [];
  for (let n = 0; n < 600; n++) strangers.push(await connect(head("198.51.100.7")));
  assertEquals(await Promise.all(strangers.slice(0, 89).map(statusOf)), Array(89).fill("503"));
  await twilio.write(new TextEncoder().encode(body.slice(9)));
  assertEquals(await statusOf(twilio), "204");
});

Deno.test("webhooks refuse requests that other sites' pages make, without TWILIO_AUTH_TOKEN", async () => {
  await using running = service();
  const form = new URLSearchParams({ CallSid: "CA1", From: "+15551230000" });
  const requests: [string, RequestInit][] = [
    ["/incoming-call", { method: "POST", body: form, headers: { origin: "https://evil.example" } }],
    ["/incoming-call", { method: "POST", body: form, headers: { "sec-fetch-site": "cross-site" } }],
    // <img src>, which sends no Origin.
    [`/incoming-call?${form}`, { headers: { "sec-fetch-site": "cross-site" } }],
    // Another program's page on this machine.
    [`/incoming-call?${form}`, { headers: { "sec-fetch-site": "same-site" } }],
    [`/after-stream?${form}`, { headers: { "sec-fetch-site": "cross-site" } }],
  ];
  for (const [path, init] of requests) {
    const response = await fetch(running.url + path, init);
    await response.body?.cancel();
    assertEquals(response.status, 403, JSON.stringify(init.headers));
  }
  assertEquals(running.events("call announced"), []);

  for (const [n, site] of ["same-origin", "none", undefined].entries()) {
    const headers: Record<string, string> = site ? { "sec-fetch-site": site } : {};
    const response = await fetch(`${running.url}/incoming-call?CallSid=CA${n}`, { headers });
    await response.body?.cancel();
    assertEquals(response.status, 200, site);
  }
});

Deno.test("webhooks accept both tokens of the account during a rotation, and no third one", async () => {
  const publicUrl = "https://phone.example.com";
  await using running = service({
    TWILIO_AUTH_TOKEN: "new token",
    TWILIO_AUTH_TOKEN_OLD: "old token",
    PUBLIC_URL: publicUrl,
  });
  const form = { CallSid: "CA1", CallStatus: "completed" };
  for (const [token, status] of [["new token", 204], ["old token", 204], ["another token", 403]] as const) {
    const headers = { "x-twilio-signature": await twilioSignature(token, `${publicUrl}/call-status`, form) };
    const init = { method: "POST", headers, body: new URLSearchParams(form) };
    const response = await fetch(`${running.url}/call-status`, init);
    await response.body?.cancel();
    assertEquals(response.status, status, token);
  }
});
