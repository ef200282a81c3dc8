import { assertEquals, assertMatch } from "@std/assert";
import { startServer } from "../../src/app/server.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { ChangeSignal, poll } from "../support/wait_until.ts";
import { fetchTrusting, FIRST, RenewedFiles } from "../support/certificates.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { configOf, TestService } from "../support/service.ts";

Deno.test("stop() leaves no timer and no event stream", async () => {
  const clock = new FakeClock();
  const service = new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9" }, clock);
  const events = await fetch(`${service.url}/api/events`);
  assertEquals(events.status, 200);
  assertEquals(await service.server.stop(), 0);
  await events.text();
  assertEquals(clock.pending, 0);
});

Deno.test("every response has Strict-Transport-Security with TLS, and none without", async () => {
  using files = new RenewedFiles(FIRST);
  const env = { OPENAI_REALTIME_URL: "ws://127.0.0.1:9" };
  const hstsOf = async (tls: Record<string, string>) => {
    await using service = new TestService({ ...env, ...tls });
    const answers: (string | null)[] = [];
    for (const path of ["/healthz", "/console/", "/incoming-call?CallSid=CA1", "/nothing"]) {
      const response = await fetchTrusting(FIRST, service.url + path, { redirect: "manual" });
      answers.push(response.headers.get("strict-transport-security"));
    }
    return answers;
  };
  assertEquals(await hstsOf({}), Array(4).fill(null));
  const tls = { TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile };
  assertEquals(await hstsOf(tls), Array(4).fill("max-age=31536000"));
});

Deno.test("stop() waits at most 2 s for an incomplete request", async () => {
  const clock = new FakeClock();
  const { serve } = Deno;
  let httpServer: Deno.HttpServer | undefined;
  Deno.serve = ((...args: Parameters<typeof serve>) => httpServer = serve(...args)) as typeof serve;
  const service = new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9" }, clock);
  Deno.serve = serve;
  const { hostname, port } = new URL(service.url);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  const idle = clock.pending;
  await conn.write(
    new TextEncoder().encode("POST /incoming-call HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx"),
  );
  await poll("the request", () => clock.pending > idle);
  let stopped = false;
  const stopping = service.server.stop().then(() => stopped = true);
  const timers = clock.pending;
  clock.advance(1_999);
  assertEquals([stopped, clock.pending], [false, timers], "the shutdown timer is still pending");
  clock.advance(1);
  await stopping;
  conn.close();
  await httpServer?.finished;
});

Deno.test("metrics label the stand-in model's responses as stand-in", async () => {
  await using model = new ScriptedModel();
  const clock = new FakeClock();
  const changes = new ChangeSignal();
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
    changes.notify();
  };
  const server = startServer({
    config: configOf({ PORT: "0" }),
    openSession: gaDialect(clock),
    modelUrl: model.url,
    clock,
    log: createLog({ level: "info", format: "json", write }),
  });
  await (await fetch(`${server.url}/incoming-call?CallSid=CA1`)).body?.cancel();
  const session = await model.session();
  await session.configure();
  session.respond("r1", { a: 20 });
  await changes.until("the response", () => lines.find((line) => line.includes('"response"')));
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const models = [...metrics.matchAll(/^parley_\w+\{.*model="([^"]*)"/gm)].map(([, name]) => name);
  assertEquals([...new Set(models)], ["stand-in"]);
  assertEquals(await server.stop(), 1);
});

Deno.test("ADMIN_TOKEN and METRICS_PUBLIC control access from this machine too", async () => {
  const token = "correct-horse-battery";
  for (const [METRICS_PUBLIC, metrics] of [["false", 401], ["true", 200]] as const) {
    await using service = new TestService({
      OPENAI_REALTIME_URL: "ws://127.0.0.1:9",
      ADMIN_TOKEN: token,
      METRICS_PUBLIC,
    });
    const statusOf = async (path: string, headers: Record<string, string> = {}) => {
      const response = await fetch(service.url + path, { headers });
      await response.body?.cancel();
      return response.status;
    };
    const authorization = `Bearer ${token}`;
    assertEquals(
      [
        await statusOf("/api/calls"),
        await statusOf("/api/calls", { authorization }),
        await statusOf("/metrics"),
      ],
      [401, 200, metrics],
    );
    assertEquals((await service.logged("request refused")).reason, "no credentials");
  }
});

Deno.test("metrics show calls by state and buffered bytes", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({ OPENAI_REALTIME_URL: model.url, OPENAI_API_KEY: "sk-test" });
  await service.announce("CA1");
  const session = await model.session();
  await session.configure();
  session.respond("r1", { greeting: 100 });
  await service.logged("response");
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  assertMatch(metrics, /^parley_calls\{state="announced"\} 1$/m);
  assertMatch(metrics, /^parley_buffered_bytes\{\w+="playout"\} 800$/m);
});
