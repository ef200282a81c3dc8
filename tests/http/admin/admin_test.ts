import { assert, assertEquals, assertMatch } from "@std/assert";
import { AdminGuard, type AdminOptions, type Refusal } from "../../../src/http/admin/admin.ts";
import { AdminCookie } from "../../../src/http/admin/admin_cookie.ts";
import { TrustedProxies } from "../../../src/http/address.ts";
import { FailureLimit } from "../../../src/http/admin/failure_limit.ts";
import { originAllowed } from "../../../src/http/origin.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const TOKEN = "correct-horse-battery";
const PUBLIC_URL = "https://phone.example.com/parley";
const LOCAL = "http://localhost:5050";
/** Someone out there, and another. */
const STRANGER = "203.0.113.7";
const OTHER = "203.0.113.8";

function ask(headers: Record<string, string> = {}, url = `${PUBLIC_URL}/api/calls`): Request {
  return new Request(url, { headers });
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** A guard, the clock it runs on and what it counted. */
function setUp(options: Partial<AdminOptions> = {}) {
  const clock = new FakeClock();
  const counted: Refusal[] = [];
  const guard = new AdminGuard({
    token: TOKEN,
    publicUrl: PUBLIC_URL,
    proxies: new TrustedProxies([]),
    clock,
    refused: (why) => counted.push(why),
    ...options,
  });
  return { guard, clock, counted, why: (request: Request, peer: string) => guard.judge(request, peer)?.why };
}

/** The part of a `Set-Cookie` that comes back. */
function returned(setCookie: string | object): string {
  assert(typeof setCookie === "string");
  return setCookie.split(";")[0] ?? "";
}

Deno.test("a program gets in with the token and with nothing like it", () => {
  const { why } = setUp();
  for (let i = 0; i < 20; i++) assertEquals(why(ask(bearer(TOKEN)), STRANGER), undefined);
  assertEquals(why(ask({ authorization: `bearer  ${TOKEN}` }), STRANGER), undefined);
  for (const wrong of [TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase(), "x", "undefined"]) {
    assertEquals(why(ask(bearer(wrong)), STRANGER), "bad credentials", wrong);
  }
  for (const authorization of ["", "Bearer", "Bearer ", TOKEN, `Basic ${btoa(`admin:${TOKEN}`)}`]) {
    assertEquals(why(ask({ authorization }), STRANGER), "no credentials", authorization);
  }
  assertEquals(why(ask(), "127.0.0.1"), "no credentials");
});

Deno.test("every refusal says what to do and is counted once", () => {
  const { guard, counted } = setUp();
  const refusals = [
    guard.judge(ask(), STRANGER),
    guard.judge(ask(bearer("wrong")), STRANGER),
    guard.judge(ask({ origin: "https://evil.example" }), STRANGER),
    guard.signIn("wrong", ask(), STRANGER),
    guard.signIn(TOKEN, ask({ origin: "https://evil.example" }), STRANGER),
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
  assertEquals(counted, ["no credentials", "bad credentials", "origin", "bad credentials", "origin"]);
  assert(!JSON.stringify(refusals).includes(TOKEN));
});

Deno.test("ten wrong tokens block their address for a minute, for the right token too, and no other address", () => {
  const { guard, clock, why } = setUp();
  for (let i = 0; i < 10; i++) {
    assertEquals(why(ask(bearer(`guess ${i}`)), STRANGER), "bad credentials");
  }
  clock.advance(30_000);
  const refused = guard.judge(ask(bearer(TOKEN)), STRANGER);
  assertEquals([refused?.why, refused?.status, refused?.headers["retry-after"]], ["rate limited", 429, "30"]);
  assertEquals(why(ask(bearer(TOKEN)), OTHER), undefined);
  const page = guard.signIn(TOKEN, ask(), STRANGER);
  assert(typeof page === "object" && page.why === "rate limited");
  clock.advance(29_999);
  assertEquals(why(ask(bearer(TOKEN)), STRANGER), "rate limited");
  clock.advance(1);
  assertEquals(why(ask(bearer(TOKEN)), STRANGER), undefined);
});

Deno.test("wrong tokens count wherever they are given, and only within a minute", () => {
  const { guard, clock, why } = setUp();
  for (let i = 0; i < 5; i++) {
    guard.judge(ask(bearer("wrong")), STRANGER);
    guard.signIn("wrong", ask(), STRANGER);
  }
  assertEquals(why(ask(bearer(TOKEN)), STRANGER), "rate limited");
  for (let i = 0; i < 30; i++) {
    assertEquals(why(ask(bearer("wrong")), OTHER), "bad credentials");
    clock.advance(7_000);
  }
});

Deno.test("behind a trusted proxy it is the client who is blocked", () => {
  const { why } = setUp({ proxies: new TrustedProxies(["10.0.0.1"]) });
  const from = (client: string, token: string) => ask({ ...bearer(token), "x-forwarded-for": client });
  for (let i = 0; i < 10; i++) why(from(STRANGER, "wrong"), "10.0.0.1");
  assertEquals(why(from(STRANGER, TOKEN), "10.0.0.1"), "rate limited");
  assertEquals(why(from(OTHER, TOKEN), "10.0.0.1"), undefined);
});

Deno.test("a stranger does not choose the address that is blocked", () => {
  const { guard, clock, why } = setUp();
  const from = (client: string, token: string) => ask({ ...bearer(token), "x-forwarded-for": client });
  for (let i = 0; i < 10; i++) why(from(`198.51.100.${i}`, "wrong"), STRANGER);
  clock.advance(30_000.5);
  const refused = guard.judge(from("198.51.100.99", TOKEN), STRANGER);
  // Rounded up: whoever waits that long is let in.
  assertEquals([refused?.why, refused?.headers["retry-after"]], ["rate limited", "30"]);
  assertEquals(why(from(STRANGER, TOKEN), OTHER), undefined);
});

Deno.test("a good cookie is let in while its address is blocked, and a bad one blocks nobody", () => {
  const { guard, why } = setUp();
  const cookie = returned(guard.signIn(TOKEN, ask(), STRANGER));
  for (let i = 0; i < 20; i++) {
    assertEquals(why(ask({ cookie: `${cookie.slice(0, -1)}!` }), STRANGER), "no credentials");
  }
  assertEquals(why(ask(bearer(TOKEN)), STRANGER), undefined);
  for (let i = 0; i < 10; i++) why(ask(bearer("wrong")), STRANGER);
  assertEquals(why(ask(bearer(TOKEN)), STRANGER), "rate limited");
  assertEquals(why(ask({ cookie }), STRANGER), undefined);
});

Deno.test("FailureLimit: a home's IPv6 network is one address; a flood of addresses takes no memory", () => {
  const limit = new FailureLimit(new FakeClock());
  for (let i = 0; i < 10; i++) limit.failed(`2001:db8:0:1::${i}`);
  const blocked = ["2001:db8:0:1::77", "2001:db8:0:1:9:9:9:9", "2001:db8:0:2::1", "2001:db8::1"]
    .map((address) => limit.blockedMs(address) > 0);
  assertEquals(blocked, [true, true, false, false]);
  for (let i = 0; i < 20_000; i++) limit.failed(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  assert(limit.size <= 8_192, `${limit.size} remembered`);
  for (let i = 0; i < 10; i++) limit.failed("203.0.113.7");
  assert(limit.blockedMs("203.0.113.7") > 0, "the newest is remembered");
});

Deno.test("FailureLimit forgets who has not failed for a minute", () => {
  const clock = new FakeClock();
  const limit = new FailureLimit(clock);
  for (let i = 0; i < 100; i++) limit.failed(`10.0.0.${i}`);
  clock.advance(60_000);
  limit.failed("10.0.1.1");
  assertEquals(limit.size, 1);
  clock.advance(10_000);
  limit.failed("10.0.1.2");
  // The first is blocked now, and for longer than the second is remembered.
  clock.advance(5_000);
  for (let i = 0; i < 9; i++) limit.failed("10.0.1.1");
  clock.advance(55_000);
  assertEquals([limit.blockedMs("10.0.1.1"), limit.size], [5_000, 1]);
  clock.advance(5_000);
  assertEquals([limit.blockedMs("10.0.1.1"), limit.size], [0, 0]);
});

Deno.test("the cookie has the attributes that keep it to this host, to TLS and from scripts", () => {
  const clock = new FakeClock();
  const setCookie = new AdminCookie(TOKEN, clock).issue();
  const expires = Math.floor(clock.wallTime() / 1000) + 43_200;
  assertMatch(setCookie, new RegExp(`^__Host-parley=${expires}\\.[\\w-]{43}; `));
  assertEquals(setCookie.split("; ").slice(1).sort(), [
    "HttpOnly",
    "Max-Age=43200",
    "Path=/",
    "SameSite=Strict",
    "Secure",
  ]);
  assert(!setCookie.includes(TOKEN));
});

Deno.test("the cookie holds twelve hours, on any instance with the token, and not as anything else", () => {
  const clock = new FakeClock();
  const cookie = returned(new AdminCookie(TOKEN, clock).issue());
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

Deno.test("without a token this machine gets in, and nobody else", () => {
  const { guard, counted, why } = setUp({ token: undefined });
  assertEquals(why(ask({}, `${LOCAL}/console/`), "127.0.0.1"), undefined);
  assertEquals(why(ask(bearer("anything"), `${LOCAL}/api/calls`), "127.0.0.1"), undefined);
  const refused = guard.judge(ask(), STRANGER);
  assertEquals([refused?.why, refused?.status], ["not local", 403]);
  assertMatch(refused?.detail ?? "", /set ADMIN_TOKEN/);
  assertEquals(why(ask(), "127.0.0.1"), "not local");
  assertEquals(why(ask(bearer("anything")), STRANGER), "not local");
  const signIn = guard.signIn("", ask(), STRANGER);
  assert(typeof signIn === "object" && signIn.why === "not local");
  assertEquals(counted, ["not local", "not local", "not local", "not local"]);
  const behind = setUp({ token: undefined, proxies: new TrustedProxies(["10.0.0.1", "127.0.0.1"]) });
  const forwarded = ask({ "x-forwarded-for": "127.0.0.1" }, `${LOCAL}/api/calls`);
  assertEquals(behind.why(forwarded, "10.0.0.1"), "not local", "another machine's own");
});

Deno.test("pages of other sites get nothing from a browser that may", () => {
  const { guard, why } = setUp();
  const cookie = returned(guard.signIn(TOKEN, ask(), STRANGER));
  assertEquals(why(ask({ cookie, origin: "https://phone.example.com" }), STRANGER), undefined);
  assertEquals(why(ask({ cookie, origin: "https://evil.example" }), STRANGER), "origin");
  // The token in hand is no browser's doing.
  assertEquals(why(ask({ ...bearer(TOKEN), origin: "https://evil.example" }), STRANGER), undefined);

  const local = setUp({ token: undefined });
  const here = (origin: string) => local.why(ask({ origin }, `${LOCAL}/api/events`), "127.0.0.1");
  assertEquals([here(LOCAL), here("https://evil.example"), here("null")], [undefined, "origin", "origin"]);
});

Deno.test("originAllowed: none, the public address's, or this machine's where it was asked", () => {
  const cases: [boolean, origin: string | undefined, url: string][] = [
    [true, undefined, "https://phone.example.com/media-stream"],
    [true, "https://phone.example.com", "https://phone.example.com/media-stream"],
    // Behind a proxy that asks by another name.
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
    const request = ask(origin === undefined ? {} : { origin }, url);
    assertEquals(originAllowed(request, PUBLIC_URL), expected, `${origin} at ${url}`);
  }
});
