import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkPort, checkReach, localUrl } from "../../src/check/reach.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { configOf } from "../support/service.ts";
import { freePort, network, StandIn, TrustingNetwork } from "./stand_in.ts";

Deno.test("a port is free, ours already, or another program's", async () => {
  const port = freePort();
  const config = configOf({ PORT: String(port) });
  const free = await checkPort(config, network);
  assertEquals([free.is, free.finding.level, free.finding.found], [
    "free",
    "ok",
    `127.0.0.1:${port} is free`,
  ]);
  {
    await using _ours = new StandIn({ port });
    const ours = await checkPort(config, network);
    assertEquals([ours.is, ours.finding.level], ["ours", "ok"]);
  }
  await using _other = new StandIn({ port, instead: () => new Response("hello") });
  const taken = await checkPort(config, network);
  assertEquals([taken.is, taken.finding.level], ["taken", "failed"]);
  assertEquals(taken.finding.remedy, "stop it or set another PORT");
});

Deno.test("our own service is known by its TLS too, whatever name its certificate is for", async () => {
  await using service = new StandIn({ tls: true });
  const { port } = new URL(service.url);
  const config = configOf({ PORT: port, TLS_CERT_FILE: "cert.pem", TLS_KEY_FILE: "key.pem" });
  assertEquals(localUrl(config), `https://127.0.0.1:${port}`);
  assertEquals((await checkPort(config, network)).is, "ours");
});

Deno.test("an address that is none of this machine's cannot be listened on", async () => {
  const { is, finding } = await checkPort(configOf({ HOST: "192.0.2.1" }), network);
  assertEquals([is, finding.level], ["taken", "failed"]);
  assertStringIncludes(finding.remedy ?? "", "set HOST to an address of this machine");
});

Deno.test("a port that changes at every start is warned of", async () => {
  const { is, finding } = await checkPort(configOf({ PORT: "0" }), network);
  assertEquals([is, finding.level], ["free", "warning"]);
});

Deno.test("where this machine reaches what listens on all addresses", () => {
  const at = (HOST: string) => localUrl(configOf({ HOST }));
  assertEquals([at("0.0.0.0"), at("::"), at("10.0.0.7")], [
    "http://127.0.0.1:5050",
    "http://[::1]:5050",
    "http://10.0.0.7:5050",
  ]);
});

Deno.test("the public address leads to this very service", async () => {
  await using service = new StandIn();
  await using proxy = new StandIn();
  const finding = await checkReach(proxy.url, service.url, network);
  assertEquals(finding.level, "ok", "the same instance, whatever is between");
  assertStringIncludes(finding.found, `${proxy.url} leads to this service (`);
});

Deno.test("the public address leads elsewhere: each kind is told apart", async () => {
  await using service = new StandIn();
  const cases: [string, () => Response | undefined, string][] = [
    ["two", () => undefined, "leads to another Parley than the one at"],
    ["one", () => new Response("<h1>Bad Gateway</h1>", { status: 502 }), "a proxy or tunnel at"],
    ["one", () => new Response(null, { status: 301, headers: { location: "/\n" } }), "redirects to "],
    ["one", () => new Response("welcome"), "another program answers at"],
    ["one", () => new Response(null, { status: 404 }), "(404 at /healthz)"],
  ];
  for (const [instance, instead, says] of cases) {
    await using outside = new StandIn({ instance, instead });
    const finding = await checkReach(outside.url, service.url, network);
    assertEquals(finding.level, "failed", says);
    assertStringIncludes(finding.found, says);
    assertEquals((finding.remedy ?? "").length > 10, true);
  }
});

Deno.test("an address nobody answers at: name, TLS, refusal and silence are told apart", async () => {
  await using service = new StandIn();
  await using untrusted = new StandIn({ tls: true });
  const failures: [string, string, string][] = [
    [`http://${"a".repeat(64)}.invalid`, "its name is not known (DNS)", "check how the name is spelt"],
    [untrusted.url, "reached: invalid peer certificate", "check the certificate and its chain"],
    [service.url.replace("http:", "https:"), "", "check the certificate and its chain"],
    [`http://127.0.0.1:${freePort()}`, "the connection was refused", "start what should listen there"],
  ];
  for (const [url, says, remedy] of failures) {
    const finding = await checkReach(url, service.url, network);
    assertEquals(finding.level, "failed");
    assertStringIncludes(finding.found, `${url} cannot be reached: `);
    assertStringIncludes(finding.found, says);
    assertStringIncludes(finding.remedy ?? "", remedy);
  }
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const clock = new FakeClock();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const silent = checkReach(url, service.url, { ...network, clock });
  using _conn = await listener.accept();
  clock.advance(10_000);
  assertEquals((await silent).found, `${url} cannot be reached: there was no answer within 10 s`);
  assertEquals(clock.pending, 0);
});

Deno.test("a certificate that is trusted lets the check in", async () => {
  await using service = new StandIn();
  await using outside = new StandIn({ tls: true });
  using trusting = new TrustingNetwork();
  assertEquals((await checkReach(outside.url, service.url, trusting)).level, "ok");
});

Deno.test("a service that does not answer here is not looked for outside", async () => {
  await using outside = new StandIn();
  const finding = await checkReach(outside.url, `http://127.0.0.1:${freePort()}`, network);
  assertEquals([finding.level, outside.requests], ["failed", []]);
});
