import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkPort, checkPublicAddress, localUrl } from "../../src/check/reachability.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { configOf } from "../support/service.ts";
import { freePort } from "../support/free_port.ts";
import { network, StubService, TrustingNetwork } from "./stub_service.ts";

Deno.test("checkPort() distinguishes a free port, Parley's and another program's", async () => {
  const port = freePort();
  const config = configOf({ PORT: String(port) });
  const free = await checkPort(config, network);
  assertEquals([free.state, free.finding.level, free.finding.message], [
    "free",
    "ok",
    `127.0.0.1:${port} is free`,
  ]);
  {
    await using _ours = new StubService({ port });
    const ours = await checkPort(config, network);
    assertEquals([ours.state, ours.finding.level], ["ours", "ok"]);
  }
  await using _other = new StubService({ port, respond: () => new Response("hello") });
  const taken = await checkPort(config, network);
  assertEquals([taken.state, taken.finding.level], ["taken", "failed"]);
  assertEquals(taken.finding.remedy, "stop that program or set another PORT");
});

Deno.test("checkPort() recognizes Parley behind TLS with a certificate for another name", async () => {
  await using service = new StubService({ tls: true });
  const { port } = new URL(service.url);
  const config = configOf({ PORT: port, TLS_CERT_FILE: "cert.pem", TLS_KEY_FILE: "key.pem" });
  assertEquals(localUrl(config), `https://127.0.0.1:${port}`);
  assertEquals((await checkPort(config, network)).state, "ours");
});

Deno.test("checkPort() fails for an address of another machine", async () => {
  const { state, finding } = await checkPort(configOf({ HOST: "192.0.2.1" }), network);
  assertEquals([state, finding.level], ["taken", "failed"]);
  assertEquals(finding.remedy, "set HOST to an address of this machine, such as 127.0.0.1 or 0.0.0.0");
});

Deno.test("checkPort() warns of port 0", async () => {
  const { state, finding } = await checkPort(configOf({ PORT: "0" }), network);
  assertEquals([state, finding.level], ["free", "warning"]);
});

Deno.test("localUrl() replaces wildcard addresses by loopback addresses", () => {
  const at = (HOST: string) => localUrl(configOf({ HOST }));
  assertEquals([at("0.0.0.0"), at("::"), at("10.0.0.7")], [
    "http://127.0.0.1:5050",
    "http://[::1]:5050",
    "http://10.0.0.7:5050",
  ]);
});

Deno.test("checkPublicAddress() passes if the instance ids are equal", async () => {
  await using service = new StubService();
  await using proxy = new StubService();
  const finding = await checkPublicAddress(proxy.url, service.url, network);
  assertEquals(finding.level, "ok", "the same instance behind a proxy");
  assertStringIncludes(finding.message, `${proxy.url} leads to this service (`);
});

Deno.test("checkPublicAddress() distinguishes another instance, a proxy error, a redirect and another program", async () => {
  await using service = new StubService();
  const cases: [string, () => Response | undefined, string][] = [
    ["two", () => undefined, "leads to another instance of Parley, not the one at"],
    ["one", () => new Response("<h1>Bad Gateway</h1>", { status: 502 }), "the proxy or tunnel at"],
    ["one", () => new Response(null, { status: 301, headers: { location: "/\n" } }), "redirects to "],
    ["one", () => new Response("welcome"), "another program responds at"],
    ["one", () => new Response(null, { status: 404 }), "(status 404 for /healthz)"],
  ];
  for (const [instance, respond, expected] of cases) {
    await using outside = new StubService({ instance, respond });
    const finding = await checkPublicAddress(outside.url, service.url, network);
    assertEquals(finding.level, "failed", expected);
    assertStringIncludes(finding.message, expected);
    assertEquals((finding.remedy ?? "").length > 10, true);
  }
});

Deno.test("checkPublicAddress() distinguishes DNS, TLS, refusal and timeout", async () => {
  await using service = new StubService();
  await using untrusted = new StubService({ tls: true });
  const failures: [string, string, string][] = [
    [`http://${"a".repeat(64)}.invalid`, "the name does not resolve (DNS)", "check the spelling of the name"],
    [untrusted.url, "reached: invalid peer certificate", "check that the server speaks TLS"],
    [service.url.replace("http:", "https:"), "", "check that the server speaks TLS"],
    [`http://127.0.0.1:${freePort()}`, "connection refused", "start the proxy, tunnel or service"],
  ];
  for (const [url, expected, remedy] of failures) {
    const finding = await checkPublicAddress(url, service.url, network);
    assertEquals(finding.level, "failed");
    assertStringIncludes(finding.message, `${url} cannot be reached: `);
    assertStringIncludes(finding.message, expected);
    assertStringIncludes(finding.remedy ?? "", remedy);
  }
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const clock = new FakeClock();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const silent = checkPublicAddress(url, service.url, { ...network, clock });
  using _conn = await listener.accept();
  clock.advance(10_000);
  assertEquals((await silent).message, `${url} cannot be reached: no response within 10 s`);
  assertEquals(clock.pending, 0);
});

Deno.test("checkPublicAddress() trusts the given certificates", async () => {
  await using service = new StubService();
  await using outside = new StubService({ tls: true });
  using trusting = new TrustingNetwork();
  assertEquals((await checkPublicAddress(outside.url, service.url, trusting)).level, "ok");
});

Deno.test("checkPublicAddress() requests nothing outside if the local service does not respond", async () => {
  await using outside = new StubService();
  const finding = await checkPublicAddress(outside.url, `http://127.0.0.1:${freePort()}`, network);
  assertEquals([finding.level, outside.requests], ["failed", []]);
});
