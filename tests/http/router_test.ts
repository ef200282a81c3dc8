import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Refusals } from "../../src/http/refusals.ts";
import { createRouter, type Routes } from "../../src/http/router.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { TestService } from "../support/service.ts";

/** A service without a reachable model. */
function service(env: Record<string, string> = {}): TestService {
  return new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime", ...env });
}

async function metricsOf(running: TestService): Promise<string> {
  return await (await fetch(`${running.url}/metrics`)).text();
}

Deno.test("errors are problem details", async () => {
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

Deno.test("unknown paths and methods are refused and counted, and HEAD works as GET", async () => {
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
  assertStringIncludes(metrics, 'parley_refusals_total{kind="request",reason="no such address"} 2');
  assertStringIncludes(metrics, 'parley_refusals_total{kind="request",reason="method"} 2');
});

Deno.test("requests with a long address or long headers are refused before they are parsed", async () => {
  await using running = service();
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${running.url}${path}`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await get(`/healthz?${"x".repeat(16_000)}`), 200);
  assertEquals(await get(`/healthz?${"x".repeat(17_000)}`), 414);
  assertEquals(await get("/healthz", { "x-a": "x".repeat(30_000) }), 200);
  assertEquals(await get("/healthz", { "x-a": "x".repeat(20_000), "x-b": "x".repeat(20_000) }), 431);
  const metrics = await metricsOf(running);
  assertStringIncludes(metrics, 'parley_refusals_total{kind="request",reason="address too long"} 1');
  assertStringIncludes(metrics, 'parley_refusals_total{kind="request",reason="headers too long"} 1');
});

Deno.test("/, /healthz and /readyz answer", async () => {
  await using running = service();
  const get = async (path: string) => await (await fetch(`${running.url}${path}`)).json();
  assertEquals(await get("/"), { message: "Parley is running" });
  assertEquals(await get("/healthz"), { status: "ok" });
  const named = await fetch(`${running.url}/healthz`, { method: "HEAD" });
  assertMatch(named.headers.get("x-parley-instance") ?? "", /^[0-9a-f]{16}$/);
  // Without the number of calls, because the route is public.
  assertEquals(await get("/readyz"), { status: "ready" });
});

/** A router, and the lines it logs. */
function setUp(routes: Routes) {
  const clock = new FakeClock();
  const metrics = new Metrics(clock);
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
  const router = createRouter(routes, { refusals: new Refusals(clock, log, metrics), log });
  const get = (path: string) => router(new Request(`http://localhost${path}`), "203.0.113.7");
  return { get, lines, [Symbol.dispose]: () => metrics.close() };
}

Deno.test("createRouter() answers 500 and logs the cause when a handler throws or rejects", async () => {
  const fail = () => {
    throw new Error("the cause");
  };
  using rig = setUp({
    "/throws": { methods: ["GET"], handle: fail },
    "/rejects": { methods: ["GET"], handle: () => Promise.resolve().then(fail) },
  });
  for (const path of ["/throws", "/rejects"]) {
    const response = await rig.get(path);
    assertEquals([response.status, (await response.text()).includes("the cause")], [500, false]);
    const { event, error, path: logged } = JSON.parse(rig.lines.pop() ?? "{}");
    assertEquals([event, error, logged], ["request failed", "Error: the cause", path]);
  }
});

Deno.test("createRouter() matches templates segment by segment and passes their parameters", async () => {
  const show = (name: string): Routes[string] => ({
    methods: ["GET"],
    handle: (_request, peer, parameters) => Response.json([name, peer, parameters]),
  });
  using rig = setUp({
    "/a": show("a"),
    "/a/{id}": show("one"),
    "/a/{id}/b": show("b"),
    "/a/fixed": show("fixed"),
    "/{x}/{y}/c": show("c"),
  });
  const cases: [path: string, name: string | undefined, parameters?: Record<string, string>][] = [
    ["/a", "a", {}],
    ["/a/7", "one", { id: "7" }],
    ["/a/fixed", "fixed", {}],
    ["/a/", "one", { id: "" }],
    ["/a/%2e%2e%2fx", "one", { id: "%2e%2e%2fx" }],
    ["/a/7/b?q=1", "b", { id: "7" }],
    ["/a/7/c", "c", { x: "a", y: "7" }],
    ["/a/7/d", undefined],
    ["/a/7/b/", undefined],
    ["/{x}", undefined],
    ["/__proto__", undefined],
    [`/a/7/b${"/".repeat(10_000)}`, undefined],
  ];
  for (const [path, name, parameters] of cases) {
    const response = await rig.get(path);
    const body = await response.json();
    if (name === undefined) assertEquals([response.status, body.status], [404, 404], path);
    else assertEquals(body, [name, "203.0.113.7", parameters], path);
  }
});
