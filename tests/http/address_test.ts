import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { clientAddress, isFromThisMachine, TrustedProxies } from "../../src/http/address.ts";

function requestWith(headers: Record<string, string> = {}, url = "http://localhost:5050/"): Request {
  return new Request(url, { headers });
}

Deno.test("clientAddress() trusts X-Forwarded-For from trusted proxies only, right to left", () => {
  const proxies = new TrustedProxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8", "::1"]);
  const cases: [peer: string, forwardedFor: string | undefined, expected: string][] = [
    // No proxy, or an untrusted one.
    ["203.0.113.7", undefined, "203.0.113.7"],
    ["203.0.113.7", "198.51.100.1", "203.0.113.7"],
    ["11.0.0.1", "198.51.100.1", "11.0.0.1"],
    // One proxy, and a client that sent a forged header.
    ["127.0.0.1", undefined, "127.0.0.1"],
    ["127.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["10.255.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1"],
    ["127.0.0.1", "192.0.2.9,198.51.100.1", "198.51.100.1"],
    // Several proxies.
    ["127.0.0.1", "192.0.2.9, 198.51.100.1, 10.0.0.3", "198.51.100.1"],
    ["127.0.0.1", "10.0.0.9, 10.0.0.3", "10.0.0.9"],
    // IPv6, ports, and IPv4-mapped IPv6.
    ["fd12::1", "2001:DB8:0:0::7", "2001:db8::7"],
    ["::1", "[2001:db8::7]:51000", "2001:db8::7"],
    ["::ffff:127.0.0.1", "198.51.100.1:51000", "198.51.100.1"],
    ["::ffff:7f00:1", "::ffff:198.51.100.1", "198.51.100.1"],
    ["::ffff:203.0.113.7", "198.51.100.1", "203.0.113.7"],
    ["fe80::1%eth0", undefined, "fe80::1"],
    // An invalid entry ends the search.
    ["127.0.0.1", "unknown", "127.0.0.1"],
    ["127.0.0.1", "", "127.0.0.1"],
    ["127.0.0.1", "198.51.100.1, 10.0.0.3:x, 10.0.0.2", "10.0.0.2"],
    ["127.0.0.1", "198.51.100.1,,10.0.0.2", "10.0.0.2"],
    ["127.0.0.1", "999.1.1.1, 10.0.0.2", "10.0.0.2"],
    // A Unix socket has no IP address.
    ["/run/parley.sock", "198.51.100.1", "/run/parley.sock"],
  ];
  for (const [peer, forwardedFor, expected] of cases) {
    const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
    assertEquals(clientAddress(requestWith(headers), peer, proxies), expected, `${peer} for ${forwardedFor}`);
  }
});

Deno.test("clientAddress() reads at most ten entries of X-Forwarded-For, and none from an untrusted peer", () => {
  const proxies = new TrustedProxies(["10.0.0.0/8"]);
  const proxied = (count: number) => Array.from({ length: count }, (_, i) => `10.0.0.${count - i}`).join(",");
  const address = (header: string, peer: string) =>
    clientAddress(requestWith({ "x-forwarded-for": header }), peer, proxies);
  assertEquals(address(`192.0.2.9,${proxied(9)}`, "10.1.0.1"), "192.0.2.9");
  assertEquals(address(`192.0.2.9,${proxied(10)}`, "10.1.0.1"), "10.0.0.10");

  // 60 kB of entries take microseconds; parsing all of them would take over 20 ms.
  const long = requestWith({ "x-forwarded-for": "::1,".repeat(15_000) + "10.0.0.1" });
  const startedAt = performance.now();
  for (let n = 0; n < 100; n++) {
    assertEquals(clientAddress(long, "203.0.113.7", proxies), "203.0.113.7");
    assertEquals(clientAddress(long, "10.1.0.1", proxies), "::1");
    assertEquals(isFromThisMachine(long, "127.0.0.1", new TrustedProxies(["127.0.0.1"])), false);
  }
  assertLess(performance.now() - startedAt, 500);
});

Deno.test("TrustedProxies accepts IPv4-mapped networks and quotes an invalid entry in its error", () => {
  const mapped = new TrustedProxies(["::ffff:10.0.0.0/104"]);
  assertEquals([mapped.includes("10.1.2.3"), mapped.includes("11.1.2.3")], [true, false]);
  for (
    const network of [
      "10.0.0.0/33",
      "fd00::/129",
      "999.1.1.1",
      "10.0.0.0/",
      "10.0.0.0/x",
      "10.0.0.0/8/9",
      "1.2.3",
      "",
    ]
  ) {
    assertThrows(() => new TrustedProxies([network]), RangeError, `found "${network}"`);
  }
});

Deno.test("isFromThisMachine() requires a loopback peer, a loopback host and no forwarding header", () => {
  const none: string[] = [];
  const cases: [boolean, peer: string, headers: Record<string, string>, url: string, trusted: string[]][] = [
    [true, "127.0.0.1", {}, "http://localhost:5050/", none],
    [true, "127.8.0.1", {}, "http://127.0.0.1:5050/", none],
    [true, "::1", {}, "http://[::1]:5050/", none],
    [true, "::ffff:127.0.0.1", {}, "http://LOCALHOST/", none],
    [false, "192.168.1.9", {}, "http://localhost:5050/", none],
    [false, "::ffff:192.168.1.9", {}, "http://localhost:5050/", none],
    // DNS rebinding: a page whose own name resolves to loopback.
    [false, "127.0.0.1", {}, "http://evil.example:5050/", none],
    [false, "127.0.0.1", { host: "evil.example:5050" }, "http://localhost/", none],
    [false, "127.0.0.1", {}, "http://localhost.evil.example/", none],
    [false, "127.0.0.1", {}, "http://127.0.0.1.evil.example/", none],
    [false, "127.0.0.1", {}, "http://0.0.0.0:5050/", none],
    // A proxy or a tunnel on this machine.
    [false, "127.0.0.1", { forwarded: "for=127.0.0.1" }, "http://localhost/", none],
    [false, "127.0.0.1", { via: "1.1 tunnel" }, "http://localhost/", none],
    [false, "127.0.0.1", { "x-real-ip": "127.0.0.1" }, "http://localhost/", none],
    [false, "127.0.0.1", { "x-forwarded-for": "127.0.0.1" }, "http://localhost/", none],
    [false, "127.0.0.1", { "x-forwarded-proto": "https" }, "http://localhost/", none],
    [false, "127.0.0.1", { "cf-connecting-ip": "127.0.0.1" }, "http://localhost/", none],
    // A trusted proxy that names the client.
    [true, "127.0.0.1", { "x-forwarded-for": "127.0.0.1", via: "1.1 Caddy" }, "http://localhost/", [
      "127.0.0.1",
    ]],
    [false, "127.0.0.1", { "x-forwarded-for": "198.51.100.1" }, "http://localhost/", ["127.0.0.1"]],
    [false, "127.0.0.1", { "x-forwarded-for": "127.0.0.1, 198.51.100.1" }, "http://localhost/", [
      "127.0.0.1",
    ]],
    [false, "127.0.0.1", { "x-forwarded-for": "198.51.100.1, 127.0.0.1" }, "http://localhost/", [
      "127.0.0.1",
    ]],
    [false, "127.0.0.1", { "x-forwarded-for": "unknown" }, "http://localhost/", ["127.0.0.1"]],
    [false, "127.0.0.1", { "x-real-ip": "127.0.0.1" }, "http://localhost/", ["127.0.0.1"]],
    [false, "127.0.0.1", { "x-forwarded-for": "127.0.0.1" }, "http://phone.example/", ["127.0.0.1"]],
    // A proxy on another machine forwards its own loopback address.
    [false, "10.0.0.1", { "x-forwarded-for": "127.0.0.1" }, "http://localhost/", ["10.0.0.1"]],
    [true, "127.0.0.1", {}, "http://localhost/", ["127.0.0.1"]],
  ];
  for (const [expected, peer, headers, url, trusted] of cases) {
    const local = isFromThisMachine(requestWith(headers, url), peer, new TrustedProxies(trusted));
    assertEquals(local, expected, `${peer} ${JSON.stringify(headers)} ${url} ${trusted}`);
  }
});
