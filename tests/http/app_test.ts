import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DOMParser } from "@xmldom/xmldom";
import { TrustedProxies } from "../../src/http/address.ts";
import { createApp } from "../../src/http/app.ts";
import { PendingStreams } from "../../src/http/twilio/pending_streams.ts";
import { Refusals } from "../../src/http/twilio/refusals.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { CallsBench } from "../support/calls.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";

/** A service whose model can never be reached. */
function service(env: Record<string, string> = {}): TestService {
  return new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime", ...env });
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

Deno.test("/incoming-call speaks a welcome only if one is configured", async () => {
  await using running = service({ WELCOME_MESSAGE: "One moment, please <3" });
  const xml = await (await fetch(`${running.url}/incoming-call?CallSid=CA1`)).text();
  assertStringIncludes(xml, "<Response><Say>One moment, please &lt;3</Say><Connect");
  assertStringIncludes(xml, `url="${running.streamUrl}"`);
});

Deno.test("/incoming-call asked twice for one call opens one session", async () => {
  await using model = new ScriptedModel();
  await using running = new TestService({ OPENAI_REALTIME_URL: model.url, OPENAI_API_KEY: "sk-test" });
  const first = await running.announce("CA1");
  const second = await running.announce("CA1");
  await (await model.session()).configure();
  await running.logged("session ready");
  assertEquals([model.sessions.length, first === second], [1, false]);
});

Deno.test("/incoming-call without a CallSid is answered and costs no session", async () => {
  await using model = new ScriptedModel();
  await using running = new TestService({ OPENAI_REALTIME_URL: model.url, OPENAI_API_KEY: "sk-test" });
  assertEquals(
    (await fetch(`${running.url}/incoming-call`).then((response) => response.text())).length > 0,
    true,
  );
  assertEquals(running.events("call announced"), []);
  assertEquals(model.sessions.length, 0);
});

// How it answers for calls that are remembered: tests/e2e/call_test.ts.
Deno.test("/after-stream explains itself to a caller nobody remembers", async () => {
  await using running = service();
  const answer = await fetch(`${running.url}/after-stream?CallSid=CAunknown`);
  assertStringIncludes(await answer.text(), "<Say>We are sorry.");
});

Deno.test("programs get errors as problem details", async () => {
  await using running = service();
  const cases: [string, RequestInit, number][] = [
    ["/nothing", {}, 404],
    ["/__proto__", {}, 404],
    ["/incoming-call", { method: "DELETE" }, 405],
    ["/media-stream", {}, 426],
    ["/media-stream", { method: "POST", body: "x" }, 405],
    ["/incoming-call", { method: "POST", body: "x".repeat(70_000) }, 413],
  ];
  for (const [path, init, status] of cases) {
    const response = await fetch(`${running.url}${path}`, init);
    const body = await response.json();
    assertEquals([response.status, body.status], [status, status], path);
    assertEquals(response.headers.get("content-type"), "application/problem+json");
  }
});

Deno.test("a broken upgrade is a bad request, and the service lives on", async () => {
  await using running = service();
  const { hostname, port } = new URL(running.url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const request =
    "GET /media-stream HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n\r\n";
  await conn.write(new TextEncoder().encode(request));
  const answer = new Uint8Array(1_024);
  const count = await conn.read(answer) ?? 0;
  assertMatch(new TextDecoder().decode(answer.subarray(0, count)), /^HTTP\/1\.1 400/);
  assertEquals((await (await fetch(`${running.url}/healthz`)).json()).status, "ok");
  const metrics = await metricsOf(running);
  assertStringIncludes(metrics, "\nparley_pending_streams 0\n");
  assertStringIncludes(metrics, 'parley_refusals_total{what="request",reason="bad upgrade"} 1');
});

Deno.test("requests for what there is not are counted, and HEAD is a GET without the body", async () => {
  await using running = service();
  const cases: [string, string, number][] = [
    ["GET", "/nothing", 404],
    ["GET", "/nothing/else", 404],
    ["DELETE", "/incoming-call", 405],
    ["POST", "/healthz", 405],
    ["HEAD", "/healthz", 200],
  ];
  for (const [method, path, status] of cases) {
    const response = await fetch(`${running.url}${path}`, { method });
    await response.body?.cancel();
    assertEquals(response.status, status, path);
  }
  const metrics = await metricsOf(running);
  assertStringIncludes(metrics, 'parley_refusals_total{what="request",reason="no such address"} 2');
  assertStringIncludes(metrics, 'parley_refusals_total{what="request",reason="method"} 2');
});

Deno.test("/, /healthz and /readyz answer", async () => {
  await using running = service();
  const get = async (path: string) => await (await fetch(`${running.url}${path}`)).json();
  assertEquals(await get("/"), { message: "Parley is running" });
  assertEquals(await get("/healthz"), { status: "ok" });
  const named = await fetch(`${running.url}/healthz`, { method: "HEAD" });
  assertMatch(named.headers.get("x-parley-instance") ?? "", /^[0-9a-f]{16}$/);
  assertEquals(await get("/readyz"), { status: "ready", calls: 0 });
});

Deno.test("what fails while it answers is told in the log, and not to who asked", async () => {
  using bench = new CallsBench();
  const { calls, clock, metrics } = bench;
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
  const fail = () => {
    throw new Error("the cause");
  };
  const app = createApp({
    calls,
    refusals: new Refusals(clock, log, metrics),
    pending: new PendingStreams({ total: 1 }, clock),
    limits: { startMs: 1, maxFrameBytes: 1, framesPerSecond: 1 },
    assistants: {
      assign: () => Promise.resolve(bench.assistant),
      assignNow: () => bench.assistant,
      choices: () => [],
    },
    outbound: {
      briefing: () => Promise.resolve(undefined),
      report() {},
      answeredBy() {},
      placed: () => undefined,
    },
    clock,
    log,
    publicUrl: "https://phone.example.com",
    authToken: undefined,
    welcome: undefined,
    overflow: "say",
    proxies: new TrustedProxies([]),
    instance: "i",
    guard: { admits: () => false, isSignedIn: () => false },
    admin: {
      "/at-once": { methods: ["GET"], handle: fail },
      "/later": { methods: ["GET"], handle: () => Promise.resolve().then(fail) },
    },
  });
  for (const path of ["/at-once", "/later"]) {
    const response = await app(new Request(`http://localhost${path}`), "203.0.113.7");
    assertEquals([response.status, (await response.text()).includes("the cause")], [500, false]);
    const { event, error, path: where } = JSON.parse(lines.pop() ?? "{}");
    assertEquals([event, error, where], ["request failed", "Error: the cause", path]);
  }
});
