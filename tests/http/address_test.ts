import { assertEquals, assertThrows } from "@std/assert";
import { clientAddress, isLocal, TrustedProxies } from "../../src/http/address.ts";

function ask(headers: Record<string, string> = {}, url = "http://localhost:5050/"): Request {
  return new Request(url, { headers });
}

Deno.test("clientAddress believes trusted proxies, from the right, and nobody else", () => {
  const proxies = new TrustedProxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8", "::1"]);
  const cases: [peer: string, forwardedFor: string | undefined, expected: string][] = [
    // No proxy, or one nobody trusts.
    ["203.0.113.7", undefined, "203.0.113.7"],
    ["203.0.113.7", "198.51.100.1", "203.0.113.7"],
    ["11.0.0.1", "198.51.100.1", "11.0.0.1"],
    // One proxy, and a client who wrote a header of its own.
    ["127.0.0.1", undefined, "127.0.0.1"],
    ["127.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["10.255.0.1", "127.0.0.1, 198.51.100.1", "198.51.100.1"],
    ["127.0.0.1", "192.0.2.9,198.51.100.1", "198.51.100.1"],
    // Several proxies.
    ["127.0.0.1", "192.0.2.9, 198.51.100.1, 10.0.0.3", "198.51.100.1"],
    ["127.0.0.1", "10.0.0.9, 10.0.0.3", "10.0.0.9"],
    // IPv6, ports, and IPv4 in IPv6's clothes.
    ["fd12::1", "2001:DB8:0:0::7", "2001:db8::7"],
    ["::1", "[2001:db8::7]:51000", "2001:db8::7"],
    ["::ffff:127.0.0.1", "198.51.100.1:51000", "198.51.100.1"],
    ["::ffff:7f00:1", "::ffff:198.51.100.1", "198.51.100.1"],
    ["::ffff:203.0.113.7", "198.51.100.1", "203.0.113.7"],
    ["fe80::1%eth0", undefined, "fe80::1"],
    // What is no address ends the search.
    ["127.0.0.1", "unknown", "127.0.0.1"],
    ["127.0.0.1", "", "127.0.0.1"],
    ["127.0.0.1", "198.51.100.1, 10.0.0.3:x, 10.0.0.2", "10.0.0.2"],
    ["127.0.0.1", "198.51.100.1,,10.0.0.2", "10.0.0.2"],
    ["127.0.0.1", "999.1.1.1, 10.0.0.2", "10.0.0.2"],
    // No address at all: a Unix socket.
    ["/run/parley.sock", "198.51.100.1", "/run/parley.sock"],
  ];
  for (const [peer, forwardedFor, expected] of cases) {
    const headers = forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor };
    assertEquals(clientAddress(ask(headers), peer, proxies), expected, `${peer} for ${forwardedFor}`);
  }
});

Deno.test("proxies can be given as IPv4 in IPv6, and what is no network is named", () => {
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

Deno.test("isLocal: this machine, by a name of its own, and not for somebody else", () => {
  const nobody: string[] = [];
  const cases: [boolean, peer: string, headers: Record<string, string>, url: string, trusted: string[]][] = [
    [true, "127.0.0.1", {}, "http://localhost:5050/", nobody],
    [true, "127.8.0.1", {}, "http://127.0.0.1:5050/", nobody],
    [true, "::1", {}, "http://[::1]:5050/", nobody],
    [true, "::ffff:127.0.0.1", {}, "http://LOCALHOST/", nobody],
    [false, "192.168.1.9", {}, "http://localhost:5050/", nobody],
    [false, "::ffff:192.168.1.9", {}, "http://localhost:5050/", nobody],
    // A page whose own name leads here.
    [false, "127.0.0.1", {}, "http://evil.example:5050/", nobody],
    [false, "127.0.0.1", { host: "evil.example:5050" }, "http://localhost/", nobody],
    [false, "127.0.0.1", {}, "http://localhost.evil.example/", nobody],
    [false, "127.0.0.1", {}, "http://127.0.0.1.evil.example/", nobody],
    [false, "127.0.0.1", {}, "http://0.0.0.0:5050/", nobody],
    // A proxy or a tunnel on this machine.
    [false, "127.0.0.1", { forwarded: "for=127.0.0.1" }, "http://localhost/", nobody],
    [false, "127.0.0.1", { via: "1.1 tunnel" }, "http://localhost/", nobody],
    [false, "127.0.0.1", { "x-real-ip": "127.0.0.1" }, "http://localhost/", nobody],
    [false, "127.0.0.1", { "x-forwarded-for": "127.0.0.1" }, "http://localhost/", nobody],
    [false, "127.0.0.1", { "x-forwarded-proto": "https" }, "http://localhost/", nobody],
    [false, "127.0.0.1", { "cf-connecting-ip": "127.0.0.1" }, "http://localhost/", nobody],
    // A trusted one that says who it is for.
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
    // Another machine's loopback is not ours.
    [false, "10.0.0.1", { "x-forwarded-for": "127.0.0.1" }, "http://localhost/", ["10.0.0.1"]],
    [true, "127.0.0.1", {}, "http://localhost/", ["127.0.0.1"]],
  ];
  for (const [expected, peer, headers, url, trusted] of cases) {
    const local = isLocal(ask(headers, url), peer, new TrustedProxies(trusted));
    assertEquals(local, expected, `${peer} ${JSON.stringify(headers)} ${url} ${trusted}`);
  }
});
