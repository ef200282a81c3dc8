import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  AdminGuard,
  type AdminGuardOptions,
  type AdminRefusalReason,
} from "../../../../src/http/admin/access/admin_guard.ts";
import { AdminCookie } from "../../../../src/http/admin/access/admin_cookie.ts";
import { TrustedProxies } from "../../../../src/http/address.ts";
import { FailureLimit } from "../../../../src/http/admin/access/failure_limit.ts";
import { isAllowedOrigin } from "../../../../src/http/origin.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const TOKEN = "correct-horse-battery";
const PUBLIC_URL = "https://phone.example.com/parley";
const LOCAL = "http://localhost:5050";
/** Two addresses of strangers. */
const STRANGER = "203.0.113.7";
const OTHER = "203.0.113.8";

function requestWith(headers: Record<string, string> = {}, url = `${PUBLIC_URL}/api/calls`): Request {
  return new Request(url, { headers });
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** A guard, its clock and the refusals it reported. */
function setUp(options: Partial<AdminGuardOptions> = {}) {
  const clock = new FakeClock();
  const reported: AdminRefusalReason[] = [];
  const guard = new AdminGuard({
    token: TOKEN,
    publicUrl: PUBLIC_URL,
    proxies: new TrustedProxies([]),
    clock,
    onRefused: (reason) => reported.push(reason),
    ...options,
  });
  return {
    guard,
    clock,
    reported,
    refusal: (request: Request, peer: string) => guard.findRefusal(request, peer)?.reason,
  };
}

/** The `Cookie` header for a `Set-Cookie`. */
function cookieOf(setCookie: string | object): string {
  assert(typeof setCookie === "string");
  return setCookie.split(";")[0] ?? "";
}

Deno.test("AdminGuard admits a bearer token only if it matches exactly", () => {
  const { refusal } = setUp();
  for (let i = 0; i < 20; i++) assertEquals(refusal(requestWith(bearer(TOKEN)), STRANGER), undefined);
  assertEquals(refusal(requestWith({ authorization: `bearer  ${TOKEN}` }), STRANGER), undefined);
  for (const wrong of [TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase(), "x", "undefined"]) {
    assertEquals(refusal(requestWith(bearer(wrong)), STRANGER), "bad credentials", wrong);
  }
  for (const authorization of ["", "Bearer", "Bearer ", TOKEN, `Basic ${btoa(`admin:${TOKEN}`)}`]) {
    assertEquals(refusal(requestWith({ authorization }), STRANGER), "no credentials", authorization);
  }
  assertEquals(refusal(requestWith(), "127.0.0.1"), "no credentials");
});

Deno.test("AdminGuard reports each refusal once, without the token", () => {
  const { guard, reported } = setUp();
  const refusals = [
    guard.findRefusal(requestWith(), STRANGER),
    guard.findRefusal(requestWith(bearer("wrong")), STRANGER),
    guard.findRefusal(requestWith({ origin: "https://evil.example" }), STRANGER),
    guard.signIn("wrong", requestWith(), STRANGER),
    guard.signIn(TOKEN, requestWith({ origin: "https://evil.example" }), STRANGER),
  ];
  const short = refusals.map((refused) =>
    typeof refused === "object" ? [refused.status, refused.headers["www-authenticate"]] : refused
  );
  assertEquals(short, [
    [401, "Bearer"],
    [401, 'Bearer error="invalid_token"'],
    [403, undefined],
    [401, 'Bearer error="invalid_token"'],
    [403, undefined],
  ]);
  assertEquals(reported, ["no credentials", "bad credentials", "origin", "bad credentials", "origin"]);
  assert(!JSON.stringify(refusals).includes(TOKEN));
});

/** Sends ten wrong tokens: the next wrong one of this address is refused. */
function sendWrongTokens(
  { guard }: ReturnType<typeof setUp>,
  headers: Record<string, string> = {},
  peer = STRANGER,
) {
  for (let i = 0; i < 10; i++) {
    const refusal = guard.findRefusal(requestWith({ ...bearer(`guess ${i}`), ...headers }), peer);
    assertEquals(refusal?.reason, "bad credentials");
  }
}

Deno.test("AdminGuard answers 429 to wrong tokens for a minute after ten, and always admits the right one", () => {
  const rig = setUp();
  const { guard, clock, refusal } = rig;
  sendWrongTokens(rig);
  clock.advance(30_000);
  const refused = guard.findRefusal(requestWith(bearer("wrong")), STRANGER);
  assertEquals([refused?.reason, refused?.status, refused?.headers["retry-after"]], [
    "rate limited",
    429,
    "30",
  ]);
  const page = guard.signIn("wrong", requestWith(), STRANGER);
  assert(typeof page === "object" && page.reason === "rate limited");
  assertEquals(refusal(requestWith(bearer("wrong")), OTHER), "bad credentials");
  assertEquals(refusal(requestWith(bearer(TOKEN)), STRANGER), undefined);
  const cookie = cookieOf(guard.signIn(TOKEN, requestWith(), STRANGER));
  assertEquals(refusal(requestWith({ cookie }), STRANGER), undefined);
  clock.advance(29_999);
  assertEquals(refusal(requestWith(bearer("wrong")), STRANGER), "rate limited");
  clock.advance(1);
  assertEquals(refusal(requestWith(bearer("wrong")), STRANGER), "bad credentials");
});

Deno.test("AdminGuard counts wrong tokens of API and sign-in together, within a minute", () => {
  const { guard, clock, refusal } = setUp();
  for (let i = 0; i < 5; i++) {
    guard.findRefusal(requestWith(bearer("wrong")), STRANGER);
    guard.signIn("wrong", requestWith(), STRANGER);
  }
  assertEquals(refusal(requestWith(bearer("wrong")), STRANGER), "rate limited");
  for (let i = 0; i < 30; i++) {
    assertEquals(refusal(requestWith(bearer("wrong")), OTHER), "bad credentials");
    clock.advance(7_000);
  }
});

Deno.test("AdminGuard counts wrong tokens by the client behind a trusted proxy", () => {
  const rig = setUp({ proxies: new TrustedProxies(["10.0.0.1"]) });
  const from = (client: string) => requestWith({ ...bearer("wrong"), "x-forwarded-for": client });
  sendWrongTokens(rig, { "x-forwarded-for": STRANGER }, "10.0.0.1");
  assertEquals(rig.refusal(from(STRANGER), "10.0.0.1"), "rate limited");
  assertEquals(rig.refusal(from(OTHER), "10.0.0.1"), "bad credentials");
});

Deno.test("AdminGuard ignores X-Forwarded-For from untrusted peers", () => {
  const rig = setUp();
  const from = (client: string) => requestWith({ ...bearer("wrong"), "x-forwarded-for": client });
  for (let i = 0; i < 10; i++) rig.refusal(from(`198.51.100.${i}`), STRANGER);
  rig.clock.advance(30_000.5);
  const refused = rig.guard.findRefusal(from("198.51.100.99"), STRANGER);
  // Rounded up, so that waiting that long is enough.
  assertEquals([refused?.reason, refused?.headers["retry-after"]], ["rate limited", "30"]);
  assertEquals(rig.refusal(from(STRANGER), OTHER), "bad credentials");
});

Deno.test("AdminGuard does not count an invalid cookie as a wrong token", () => {
  const rig = setUp();
  const cookie = cookieOf(rig.guard.signIn(TOKEN, requestWith(), STRANGER));
  for (let i = 0; i < 20; i++) {
    const request = requestWith({ cookie: `${cookie.slice(0, -1)}!` });
    assertEquals(rig.refusal(request, STRANGER), "no credentials");
  }
  sendWrongTokens(rig);
});

Deno.test("FailureLimit groups IPv6 addresses by /64 and limits the number of addresses", () => {
  const limit = new FailureLimit(new FakeClock());
  for (let i = 0; i < 10; i++) limit.addFailure(`2001:db8:0:1::${i}`);
  const blocked = ["2001:db8:0:1::77", "2001:db8:0:1:9:9:9:9", "2001:db8:0:2::1", "2001:db8::1"]
    .map((address) => limit.blockedMs(address) > 0);
  assertEquals(blocked, [true, true, false, false]);
  for (let i = 0; i < 20_000; i++) limit.addFailure(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  assert(limit.size <= 8_192, `${limit.size} remembered`);
  for (let i = 0; i < 10; i++) limit.addFailure("203.0.113.7");
  assert(limit.blockedMs("203.0.113.7") > 0, "the newest address is kept");
});

Deno.test("FailureLimit forgets an address a minute after its last failure", () => {
  const clock = new FakeClock();
  const limit = new FailureLimit(clock);
  for (let i = 0; i < 100; i++) limit.addFailure(`10.0.0.${i}`);
  clock.advance(60_000);
  limit.addFailure("10.0.1.1");
  assertEquals(limit.size, 1);
  clock.advance(10_000);
  limit.addFailure("10.0.1.2");
  // The first address is now blocked for longer than the second is remembered.
  clock.advance(5_000);
  for (let i = 0; i < 9; i++) limit.addFailure("10.0.1.1");
  clock.advance(55_000);
  assertEquals([limit.blockedMs("10.0.1.1"), limit.size], [5_000, 1]);
  clock.advance(5_000);
  assertEquals([limit.blockedMs("10.0.1.1"), limit.size], [0, 0]);
});

Deno.test("AdminCookie sets the __Host- prefix, Secure, HttpOnly and SameSite=Strict", () => {
  const clock = new FakeClock();
  const setCookie = new AdminCookie(TOKEN, clock).issue();
  const expires = Math.floor(clock.wallTime() / 1000) + 43_200;
  assertMatch(setCookie, new RegExp(`^__Host-parley=${expires}\\.[0-9a-f]{16}\\.[\\w-]{43}; `));
  assertEquals(setCookie.split("; ").slice(1).sort(), [
    "HttpOnly",
    "Max-Age=43200",
    "Path=/",
    "SameSite=Strict",
    "Secure",
  ]);
  assert(!setCookie.includes(TOKEN));
});

Deno.test("AdminCookie is valid for twelve hours on every instance with the token, and only unchanged", () => {
  const clock = new FakeClock();
  const cookie = cookieOf(new AdminCookie(TOKEN, clock).issue());
  const other = new AdminCookie(TOKEN, clock);
  assert(other.verify(cookie));
  assert(other.verify(`a=b; ${cookie}; c=d`));
  assert(!new AdminCookie(`${TOKEN}2`, clock).verify(cookie), "another token");
  const [, expires = "", signature = ""] = /=(\d+)\.(.+)/.exec(cookie) ?? [];
  const last = signature.at(-1) === "A" ? "E" : "A";
  for (
    const bad of [
      "",
      `__Host-parley=${Number(expires) + 1}.${signature}`,
      `__Host-parley=0${expires}.${signature}`,
      `__Host-parley=${expires}.${signature.slice(0, -1)}${last}`,
      `__Host-parley=${expires}.${signature.slice(0, -1)}`,
      `__Host-parley=${expires}.${signature}A`,
      `__Host-parley=${expires}.`,
      `__Host-parley=.${signature}`,
      `x__Host-parley=${expires}.${signature}`,
      `parley=${expires}.${signature}`,
    ]
  ) {
    assert(!other.verify(bad), bad);
  }
  assert(!other.verify(null));
  clock.advance(12 * 3_600_000 - 1_001);
  assert(other.verify(cookie));
  clock.advance(1_001);
  assert(!other.verify(cookie), "twelve hours later");
});

Deno.test("AdminGuard without a token admits this machine only", () => {
  const { guard, reported, refusal } = setUp({ token: undefined });
  assertEquals(refusal(requestWith({}, `${LOCAL}/console/`), "127.0.0.1"), undefined);
  assertEquals(refusal(requestWith(bearer("anything"), `${LOCAL}/api/calls`), "127.0.0.1"), undefined);
  const refused = guard.findRefusal(requestWith(), STRANGER);
  assertEquals([refused?.reason, refused?.status], ["not local", 403]);
  assertMatch(refused?.detail ?? "", /set ADMIN_TOKEN/);
  assertEquals(refusal(requestWith(), "127.0.0.1"), "not local");
  assertEquals(refusal(requestWith(bearer("anything")), STRANGER), "not local");
  const signIn = guard.signIn("", requestWith(), STRANGER);
  assert(typeof signIn === "object" && signIn.reason === "not local");
  assertEquals(reported, ["not local", "not local", "not local", "not local"]);
  const behind = setUp({ token: undefined, proxies: new TrustedProxies(["10.0.0.1", "127.0.0.1"]) });
  const forwarded = requestWith({ "x-forwarded-for": "127.0.0.1" }, `${LOCAL}/api/calls`);
  assertEquals(behind.refusal(forwarded, "10.0.0.1"), "not local", "another machine's own");
});

Deno.test("AdminGuard refuses cross-site requests from a signed-in browser", () => {
  const { guard, refusal } = setUp();
  const cookie = cookieOf(guard.signIn(TOKEN, requestWith(), STRANGER));
  assertEquals(refusal(requestWith({ cookie, origin: "https://phone.example.com" }), STRANGER), undefined);
  assertEquals(refusal(requestWith({ cookie, origin: "https://evil.example" }), STRANGER), "origin");
  // Browsers do not attach bearer tokens by themselves.
  assertEquals(
    refusal(requestWith({ ...bearer(TOKEN), origin: "https://evil.example" }), STRANGER),
    undefined,
  );

  const local = setUp({ token: undefined });
  const here = (origin: string) => local.refusal(requestWith({ origin }, `${LOCAL}/api/events`), "127.0.0.1");
  assertEquals([here(LOCAL), here("https://evil.example"), here("null")], [undefined, "origin", "origin"]);
});

Deno.test("isAllowedOrigin() allows no origin, the public URL's, and the request's own loopback host", () => {
  const cases: [boolean, origin: string | undefined, url: string][] = [
    [true, undefined, "https://phone.example.com/media-stream"],
    [true, "https://phone.example.com", "https://phone.example.com/media-stream"],
    // Behind a proxy that sends another Host.
    [true, "https://phone.example.com", "http://10.0.0.5:5050/media-stream"],
    [true, "http://localhost:5050", `${LOCAL}/media-stream`],
    [true, "https://127.0.0.1:5050", "https://127.0.0.1:5050/media-stream"],
    [false, "http://phone.example.com", "https://phone.example.com/media-stream"],
    [false, "https://phone.example.com:8443", "https://phone.example.com/media-stream"],
    [false, "https://phone.example.com.evil.example", "https://phone.example.com/media-stream"],
    [false, "http://localhost:8080", `${LOCAL}/media-stream`],
    [false, "http://localhost:5050", "https://phone.example.com/media-stream"],
    [false, "http://evil.example", "http://evil.example/media-stream"],
    [false, "null", `${LOCAL}/media-stream`],
    [false, "", `${LOCAL}/media-stream`],
  ];
  for (const [expected, origin, url] of cases) {
    const request = requestWith(origin === undefined ? {} : { origin }, url);
    assertEquals(isAllowedOrigin(request, PUBLIC_URL), expected, `${origin} at ${url}`);
  }
});
