import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import twilio from "twilio";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { AdminCookie } from "../../../src/http/admin/admin_cookie.ts";
import { dial, DialError } from "../../../src/model/web_socket/web_socket.ts";
import { TestService } from "../../support/service.ts";

const AUTH_TOKEN = "the-account-token";
const ADMIN_TOKEN = "correct-horse-battery";
const PUBLIC_URL = "https://phone.example.com";
const DAY_MS = 86_400_000;

const WEBHOOKS: [string, number][] = [
  ["/incoming-call", 200],
  ["/language-chosen", 200],
  ["/after-stream", 200],
  ["/after-transfer", 200],
  ["/call-status", 204],
  ["/stream-status", 204],
  ["/answered-by", 204],
];

function service(env: Record<string, string> = {}, assistants?: unknown): TestService {
  const given = { OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime", PUBLIC_URL, ...env };
  return new TestService(given, systemClock, assistants);
}

const SIGNED = { TWILIO_AUTH_TOKEN: AUTH_TOKEN, ADMIN_TOKEN };

/** What comes back of a cookie for a token, issued so long ago (ms). */
function cookie(token = ADMIN_TOKEN, agoMs = 0): string {
  const then: Clock = { ...systemClock, wallTime: () => Date.now() - agoMs };
  return new AdminCookie(token, then).issue().split(";")[0] ?? "";
}

async function post(
  { url }: TestService,
  path: string,
  headers: Record<string, string>,
  form: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const body = new URLSearchParams({ CallSid: "CA1", From: "client:console", To: "x", ...form });
  const response = await fetch(url + path, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
}

/** The status that answers a handshake: 101 when it becomes a socket. */
async function handshake(running: TestService, headers: Record<string, string>, query = ""): Promise<number> {
  const closed = Promise.withResolvers<void>();
  const handlers = { onMessage: () => {}, onClose: () => closed.resolve() };
  try {
    const socket = await dial(running.streamUrl + query, { headers, handlers });
    socket.close();
    await closed.promise;
    return 101;
  } catch (error) {
    if (error instanceof DialError && error.status !== undefined) return error.status;
    throw error;
  }
}

Deno.test("who has signed in takes Twilio's part, with the cookie or the token, from a page that is ours", async () => {
  await using running = service(SIGNED);
  const ours = [
    { cookie: cookie(), origin: PUBLIC_URL },
    { cookie: cookie(), origin: running.url },
    { cookie: cookie(), origin: PUBLIC_URL, "x-twilio-signature": "bm90IG9uZSBvZiBUd2lsaW8ncyE=" },
    { authorization: `Bearer ${ADMIN_TOKEN}`, origin: PUBLIC_URL },
  ];
  for (const headers of ours) {
    for (const [path, status] of WEBHOOKS) {
      assertEquals((await post(running, path, headers)).status, status, path);
    }
    assertEquals(await handshake(running, headers), 101);
  }
});

Deno.test("nobody else does", async () => {
  await using running = service(SIGNED);
  const good = cookie(), origin = PUBLIC_URL;
  const [name = "", value = ""] = good.split("=");
  const bad: Record<string, Record<string, string>> = {
    "nothing": {},
    "no cookie": { origin },
    "no origin": { cookie: good },
    "no origin, with the token": { authorization: `Bearer ${ADMIN_TOKEN}` },
    "another site": { cookie: good, origin: "https://evil.example" },
    "another site, with the token": {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      origin: "https://evil.example",
    },
    "the public address, but not by https": { cookie: good, origin: "http://phone.example.com" },
    "another port of this machine": { cookie: good, origin: "http://localhost:1" },
    "a page without an origin": { cookie: good, origin: "null" },
    "an empty origin": { cookie: good, origin: "" },
    "an expired cookie": { cookie: cookie(ADMIN_TOKEN, DAY_MS), origin },
    "a cookie of another token": { cookie: cookie("another-token"), origin },
    "a cookie of the account's token": { cookie: cookie(AUTH_TOKEN), origin },
    "a cookie that was changed": { cookie: `${name}=9${value}`, origin },
    "the token as a cookie": { cookie: `${name}=${ADMIN_TOKEN}`, origin },
    "a wrong token": { authorization: "Bearer wrong", origin },
    "the account's token": { authorization: `Bearer ${AUTH_TOKEN}`, origin },
  };
  for (const [what, headers] of Object.entries(bad)) {
    // Ten wrong tokens lock this machine out, and whatever came after them would show nothing.
    const paths = headers.authorization === undefined ? WEBHOOKS : WEBHOOKS.slice(0, 1);
    for (const [path] of paths) {
      assertEquals((await post(running, path, headers)).status, 403, `${what} ${path}`);
    }
    assertEquals(await handshake(running, headers), 403, what);
  }
  const inQuery = `?${new URLSearchParams({
    cookie: good,
    [name]: value,
    authorization: `Bearer ${ADMIN_TOKEN}`,
  })}`;
  assertEquals((await post(running, `/incoming-call${inQuery}`, { origin })).status, 403, "in the query");
  assertEquals(await handshake(running, { origin }, inQuery), 403, "in the query");
  const inForm = { cookie: good, [name]: value, token: ADMIN_TOKEN, Authorization: `Bearer ${ADMIN_TOKEN}` };
  assertEquals((await post(running, "/incoming-call", { origin }, inForm)).status, 403, "in the form");
  assertEquals(running.events("call announced"), []);
});

Deno.test("a wrong token at a webhook is a guess, and guesses come to an end", async () => {
  await using running = service(SIGNED);
  const ask = async (token: string) => {
    const headers = { authorization: `Bearer ${token}`, origin: PUBLIC_URL };
    return (await post(running, "/call-status", headers)).status;
  };
  assertEquals(await ask(ADMIN_TOKEN), 204);
  for (let i = 0; i < 10; i++) assertEquals(await ask(`guess ${i}`), 403);
  assertEquals(await ask(ADMIN_TOKEN), 403, "the right one, after ten wrong ones");
  assertEquals((await post(running, "/call-status", { cookie: cookie(), origin: PUBLIC_URL })).status, 204);
});

Deno.test("without ADMIN_TOKEN only Twilio gets in, also from this machine", async () => {
  await using running = service({ TWILIO_AUTH_TOKEN: AUTH_TOKEN });
  const tries = [
    { origin: running.url },
    { origin: running.url, cookie: cookie("") },
    { origin: running.url, cookie: cookie("undefined") },
    { origin: running.url, authorization: "Bearer " },
    { origin: running.url, authorization: "Bearer undefined" },
  ];
  for (const headers of tries) {
    assertEquals((await post(running, "/incoming-call", headers)).status, 403);
    assertEquals(await handshake(running, headers), 403);
  }
});

Deno.test("Twilio's way in is as it was", async () => {
  await using running = service(SIGNED);
  const form = { CallSid: "CA1", From: "client:console", To: "x" };
  const signature = twilio.getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC_URL}/incoming-call`, form);
  assertEquals((await post(running, "/incoming-call", { "x-twilio-signature": signature })).status, 200);
  const upgrade = twilio.getExpectedTwilioSignature(AUTH_TOKEN, "wss://phone.example.com/media-stream", {});
  assertEquals(await handshake(running, { "x-twilio-signature": upgrade }), 101);
  // Twilio is no page of another site; a browser with a signature would be one.
  assertEquals(
    await handshake(running, { "x-twilio-signature": upgrade, origin: "https://evil.example" }),
    403,
  );
});

const ASSISTANTS = {
  default: "desk",
  assistants: {
    desk: {},
    sales: { answers: { to: ["+15550100"] } },
    polyglot: {
      language: "en",
      languages: {
        en: { key: "1", offer: "For English, press 1." },
        es: { key: "2", offer: "Para español, pulse 2." },
      },
    },
  },
};

async function announced(
  running: TestService,
  headers: Record<string, string>,
  form: Record<string, string>,
) {
  const before = running.events("call announced").length;
  const { text } = await post(running, "/incoming-call", headers, form);
  return running.events("call announced")[before]?.assistant ?? text;
}

Deno.test("the administrator chooses who answers; what others ask for is not heard", async () => {
  await using signed = service(SIGNED, ASSISTANTS);
  const owner = { cookie: cookie(), origin: PUBLIC_URL };
  assertEquals(await announced(signed, owner, { CallSid: "CA1", Assistant: "sales" }), "sales");
  assertEquals(await announced(signed, owner, { CallSid: "CA2" }), "desk");
  assertEquals(await announced(signed, owner, { CallSid: "CA3", Assistant: "nobody" }), "desk");
  assertEquals(await announced(signed, owner, { CallSid: "CA4", To: "+15550100" }), "sales", "by rule");
  const form = { CallSid: "CA5", From: "+15551230000", To: "x", Assistant: "sales" };
  const signature = twilio.getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC_URL}/incoming-call`, form);
  assertEquals(await announced(signed, { "x-twilio-signature": signature }, form), "desk");

  await using unsigned = service({ ADMIN_TOKEN }, ASSISTANTS);
  assertEquals(await announced(unsigned, owner, { CallSid: "CA1", Assistant: "sales" }), "sales");
  assertEquals(await announced(unsigned, {}, { CallSid: "CA2", Assistant: "sales" }), "desk");

  await using local = service({}, ASSISTANTS);
  assertEquals(await announced(local, {}, { CallSid: "CA1", Assistant: "sales" }), "sales");
  const elsewhere = { "x-forwarded-for": "203.0.113.7" };
  assertEquals(await announced(local, elsewhere, { CallSid: "CA2", Assistant: "sales" }), "desk");
  const page = { origin: "https://evil.example" };
  assertEquals(await announced(local, page, { CallSid: "CA3", Assistant: "sales" }), "desk");
});

Deno.test("who was chosen offers their languages, and keeps the call after the key", async () => {
  await using running = service(SIGNED, ASSISTANTS);
  const owner = { cookie: cookie(), origin: PUBLIC_URL };
  const offer = await post(running, "/incoming-call", owner, { Assistant: "polyglot" });
  assertMatch(offer.text, /<Gather .*For English.*Para español.*<\/Gather>/);
  const chosen = await post(running, "/language-chosen", owner, { Assistant: "polyglot", Digits: "2" });
  assertStringIncludes(chosen.text, "<Stream");
  assertEquals(running.events("call announced")[0]?.assistant, "polyglot");
});

Deno.test("rules about callers do not keep the owner from trying, limits on calls do", async () => {
  const rules = {
    ALLOWED_CALLERS: "+1555*",
    DENIED_CALLERS: "client:*",
    MIN_ATTESTATION: "A",
    CALLS_PER_CALLER_AND_HOUR: "1",
    MAX_CALLS: "2",
  };
  await using running = service({ ...SIGNED, ...rules });
  const owner = { cookie: cookie(), origin: PUBLIC_URL };
  assertEquals(await announced(running, owner, { CallSid: "CA1" }), "default");
  assertEquals(await announced(running, owner, { CallSid: "CA2" }), "default");
  assertStringIncludes(String(await announced(running, owner, { CallSid: "CA3" })), "All our lines are busy");

  await using other = service({ ...SIGNED, ...rules });
  const asCaller = { CallSid: "CA4", From: "+15551230000" };
  assertStringIncludes(
    String(await announced(other, owner, asCaller)),
    "<Reject",
    "as somebody with a number",
  );
  // Nobody who is let in for another reason becomes the owner by saying so.
  const form = { CallSid: "CA5", From: "client:console", To: "x" };
  const signature = twilio.getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC_URL}/incoming-call`, form);
  assertStringIncludes(String(await announced(other, { "x-twilio-signature": signature }, form)), "<Reject");
});
