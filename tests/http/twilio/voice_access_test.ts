import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import twilio from "twilio";
import { type Clock, systemClock } from "../../../src/clock.ts";
import { AdminCookie } from "../../../src/http/admin/access/admin_cookie.ts";
import { ConnectError, connectWebSocket } from "../../../src/model/web_socket/web_socket.ts";
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
  const settings = { OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime", PUBLIC_URL, ...env };
  return new TestService(settings, systemClock, assistants);
}

const SIGNED = { TWILIO_AUTH_TOKEN: AUTH_TOKEN, ADMIN_TOKEN };

/** The `Cookie` header for a session issued `agoMs` milliseconds ago. */
function cookie(token = ADMIN_TOKEN, agoMs = 0): string {
  const clockAtIssue: Clock = { ...systemClock, wallTime: () => Date.now() - agoMs };
  return new AdminCookie(token, clockAtIssue).issue().split(";")[0] ?? "";
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

/** The HTTP status of a WebSocket handshake: 101 when it succeeds. */
async function handshake(running: TestService, headers: Record<string, string>, query = ""): Promise<number> {
  const closed = Promise.withResolvers<void>();
  const handlers = { onMessage: () => {}, onClose: () => closed.resolve() };
  try {
    const socket = await connectWebSocket(running.streamUrl + query, { headers, handlers });
    socket.close();
    await closed.promise;
    return 101;
  } catch (error) {
    if (error instanceof ConnectError && error.status !== undefined) return error.status;
    throw error;
  }
}

Deno.test("Twilio's routes admit the administrator with cookie or token from our own origin", async () => {
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

Deno.test("Twilio's routes refuse everybody else", async () => {
  await using running = service(SIGNED);
  const validCookie = cookie(), origin = PUBLIC_URL;
  const [name = "", value = ""] = validCookie.split("=");
  const refusedHeaders: Record<string, Record<string, string>> = {
    "nothing": {},
    "no cookie": { origin },
    "no origin": { cookie: validCookie },
    "no origin, with the token": { authorization: `Bearer ${ADMIN_TOKEN}` },
    "another site": { cookie: validCookie, origin: "https://evil.example" },
    "another site, with the token": {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      origin: "https://evil.example",
    },
    "the public address, but not by https": { cookie: validCookie, origin: "http://phone.example.com" },
    "another port of this machine": { cookie: validCookie, origin: "http://localhost:1" },
    "a page without an origin": { cookie: validCookie, origin: "null" },
    "an empty origin": { cookie: validCookie, origin: "" },
    "an expired cookie": { cookie: cookie(ADMIN_TOKEN, DAY_MS), origin },
    "a cookie of another token": { cookie: cookie("another-token"), origin },
    "a cookie of the account's token": { cookie: cookie(AUTH_TOKEN), origin },
    "a cookie that was changed": { cookie: `${name}=9${value}`, origin },
    "the token as a cookie": { cookie: `${name}=${ADMIN_TOKEN}`, origin },
    "a wrong token": { authorization: "Bearer wrong", origin },
    "the account's token": { authorization: `Bearer ${AUTH_TOKEN}`, origin },
  };
  for (const [what, headers] of Object.entries(refusedHeaders)) {
    // Ten wrong tokens block this machine, and later requests would be refused for that reason.
    const paths = headers.authorization === undefined ? WEBHOOKS : WEBHOOKS.slice(0, 1);
    for (const [path] of paths) {
      assertEquals((await post(running, path, headers)).status, 403, `${what} ${path}`);
    }
    assertEquals(await handshake(running, headers), 403, what);
  }
  const inQuery = `?${new URLSearchParams({
    cookie: validCookie,
    [name]: value,
    authorization: `Bearer ${ADMIN_TOKEN}`,
  })}`;
  assertEquals((await post(running, `/incoming-call${inQuery}`, { origin })).status, 403, "in the query");
  assertEquals(await handshake(running, { origin }, inQuery), 403, "in the query");
  const inForm = {
    cookie: validCookie,
    [name]: value,
    token: ADMIN_TOKEN,
    Authorization: `Bearer ${ADMIN_TOKEN}`,
  };
  assertEquals((await post(running, "/incoming-call", { origin }, inForm)).status, 403, "in the form");
  assertEquals(running.events("call announced"), []);
});

Deno.test("Twilio's routes admit the right token from an address that sent ten wrong ones", async () => {
  await using running = service(SIGNED);
  const statusWith = async (token: string) => {
    const headers = { authorization: `Bearer ${token}`, origin: PUBLIC_URL };
    return (await post(running, "/call-status", headers)).status;
  };
  for (let i = 0; i < 11; i++) assertEquals(await statusWith(`guess ${i}`), 403);
  assertEquals(await statusWith(ADMIN_TOKEN), 204);
});

Deno.test("Twilio's routes admit only Twilio without ADMIN_TOKEN, also from this machine", async () => {
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

Deno.test("Twilio's routes admit signed requests, but not from another site's page", async () => {
  await using running = service(SIGNED);
  const form = { CallSid: "CA1", From: "client:console", To: "x" };
  const signature = twilio.getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC_URL}/incoming-call`, form);
  assertEquals((await post(running, "/incoming-call", { "x-twilio-signature": signature })).status, 200);
  const upgrade = twilio.getExpectedTwilioSignature(AUTH_TOKEN, "wss://phone.example.com/media-stream", {});
  assertEquals(await handshake(running, { "x-twilio-signature": upgrade }), 101);
  // Twilio sends no Origin header; a browser with a leaked signature would.
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

Deno.test("/incoming-call honours the Assistant field from the administrator and in signed rehearsals only", async () => {
  await using signed = service(SIGNED, ASSISTANTS);
  const owner = { cookie: cookie(), origin: PUBLIC_URL };
  assertEquals(await announced(signed, owner, { CallSid: "CA1", Assistant: "sales" }), "sales");
  assertEquals(await announced(signed, owner, { CallSid: "CA2" }), "desk");
  assertEquals(await announced(signed, owner, { CallSid: "CA3", Assistant: "nobody" }), "desk");
  assertStringIncludes(String(signed.events("unknown assistant")[0]?.problem), '"nobody"');
  assertEquals(await announced(signed, owner, { CallSid: "CA4", To: "+15550100" }), "sales", "by rule");
  const form = { CallSid: "CA5", From: "+15551230000", To: "x", Assistant: "sales" };
  const signature = twilio.getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC_URL}/incoming-call`, form);
  assertEquals(await announced(signed, { "x-twilio-signature": signature }, form), "desk");
  const rehearsal = { ...form, CallSid: "CA6", Rehearsal: "true" };
  const proof = twilio.getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC_URL}/incoming-call`, rehearsal);
  assertEquals(await announced(signed, { "x-twilio-signature": proof }, rehearsal), "sales");

  await using unsigned = service({ ADMIN_TOKEN }, ASSISTANTS);
  assertEquals(await announced(unsigned, owner, { CallSid: "CA1", Assistant: "sales" }), "sales");
  assertEquals(await announced(unsigned, {}, { CallSid: "CA2", Assistant: "sales" }), "desk");

  await using local = service({}, ASSISTANTS);
  assertEquals(await announced(local, {}, { CallSid: "CA1", Assistant: "sales" }), "sales");
  const elsewhere = { "x-forwarded-for": "203.0.113.7" };
  assertEquals(await announced(local, elsewhere, { CallSid: "CA2", Assistant: "sales" }), "desk");
  const page = { origin: "https://evil.example" };
  const refused = String(await announced(local, page, { CallSid: "CA3", Assistant: "sales" }));
  assertStringIncludes(refused, "Pages of other sites may not send webhooks");
});

Deno.test("/language-chosen keeps the assistant that the administrator chose", async () => {
  await using running = service(SIGNED, ASSISTANTS);
  const owner = { cookie: cookie(), origin: PUBLIC_URL };
  const offer = await post(running, "/incoming-call", owner, { Assistant: "polyglot" });
  assertMatch(offer.text, /<Gather .*For English.*Para español.*<\/Gather>/);
  const chosen = await post(running, "/language-chosen", owner, { Assistant: "polyglot", Digits: "2" });
  assertStringIncludes(chosen.text, "<Stream");
  assertEquals(running.events("call announced")[0]?.assistant, "polyglot");
});

Deno.test("/incoming-call applies limits on calls but not caller rules to the administrator", async () => {
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
    "with a phone number as From",
  );
  // The From field does not make a request signed by Twilio the administrator's.
  const form = { CallSid: "CA5", From: "client:console", To: "x" };
  const signature = twilio.getExpectedTwilioSignature(AUTH_TOKEN, `${PUBLIC_URL}/incoming-call`, form);
  assertStringIncludes(String(await announced(other, { "x-twilio-signature": signature }, form)), "<Reject");
});
