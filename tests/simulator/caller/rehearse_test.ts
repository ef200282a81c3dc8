import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import twilio from "twilio";
import { decodeMulaw } from "../../../src/audio/g711.ts";
import { audibleSpan } from "../../../src/simulator/caller/ear.ts";
import { type Rehearsal, rehearse, type RehearseOptions } from "../../../src/simulator/caller/rehearse.ts";
import {
  CallServer,
  type CallServerOptions,
  connectTwiml,
  type ServerStream,
  tone,
} from "./caller_server.ts";

const SHORT = { speech: decodeMulaw(tone(200)) };

/** Calls a server that a test conducts; real sockets, real time. */
async function call(
  server: Partial<CallServerOptions>,
  options: Partial<RehearseOptions> = {},
): Promise<{ result: Rehearsal; server: CallServer; events: string[] }> {
  await using running = new CallServer({ twiml: (host) => connectTwiml(host), ...server });
  const result = await rehearse({ baseUrl: running.url, ...SHORT, ...options });
  return { result, server: running, events: result.timeline.map(({ who, what }) => `${who} ${what}`) };
}

/** Closes a stream that runs: closed any sooner, Deno's client can miss the close frame. */
async function closeRunning(stream: ServerStream, code?: number): Promise<void> {
  await stream.next("media");
  await stream.next("media");
  stream.close(code);
  await stream.closed;
}

/** Waits until the caller has spoken `ms` of its tone and 100 ms of silence behind it. */
async function callerSpoke(stream: ServerStream): Promise<void> {
  for (let spoke = false, quiet = 0; !spoke || quiet < 100;) {
    const { media } = await stream.next("media") as { media: { payload: string } };
    const silent = !audibleSpan(decodeBase64(media.payload));
    spoke ||= !silent;
    quiet = silent ? quiet + 20 : 0;
  }
}

Deno.test("a whole call: greeting, the caller's turn, the answer, hang-up", async () => {
  const { result, server, events } = await call({
    twiml: (host) => connectTwiml(host, { parameters: '<Parameter name="token" value="a &amp; b"/>' }),
    async onStream(stream) {
      stream.speak(200);
      stream.mark("greeting");
      await callerSpoke(stream);
      stream.speak(300);
      stream.mark("answer");
      await stream.next("stop");
      await stream.closed;
    },
  });
  assertEquals(result.problem, undefined);
  assert(result.completed);
  assertEquals(events, [
    "twilio requests TwiML",
    "twilio stream started",
    "assistant speaks",
    "assistant is silent",
    "twilio mark",
    "caller speaks",
    "caller is silent",
    "assistant speaks",
    "assistant is silent",
    "twilio mark",
    "caller hangs up",
  ]);

  const [webhook] = server.webhooks;
  assertEquals(webhook?.path, "/incoming-call");
  assertEquals(webhook?.signature, null);
  const { CallSid, AccountSid, ...form } = webhook?.form ?? {};
  assert(/^CA[0-9a-f]{32}$/.test(CallSid ?? "") && /^AC[0-9a-f]{32}$/.test(AccountSid ?? ""));
  assertEquals(form, {
    From: "+15550100001",
    To: "+15550100002",
    Caller: "+15550100001",
    Called: "+15550100002",
    ApiVersion: "2010-04-01",
    Direction: "inbound",
    CallStatus: "ringing",
  });

  const { start } = server.messages.find(({ event }) => event === "start") as {
    start: Record<string, unknown>;
  };
  assertEquals([start.callSid, start.streamSid], [CallSid, result.streamSid]);
  assertEquals(start.customParameters, { token: "a & b" });
  assertEquals(server.messages.at(-1), {
    event: "stop",
    sequenceNumber: String(result.counts.framesSent + 4),
    stop: { accountSid: AccountSid, callSid: CallSid },
    streamSid: result.streamSid,
  });

  // What was heard is what was sent, sample for sample, at the moment it began.
  const { heard, spoken } = result.recording;
  assertEquals(heard.length, spoken.length);
  const answeredAt = Math.round((result.turns[0]?.answeredAtMs ?? 0) * 8);
  assertEquals(heard.subarray(answeredAt, answeredAt + 2400), decodeMulaw(tone(300)));
});

Deno.test("marks come back in real time, and at once after a clear", async () => {
  const { result } = await call({
    async onStream(stream) {
      await stream.next("media");
      const began = performance.now();
      stream.speak(200);
      stream.mark("played");
      stream.speak(2000);
      stream.mark("cleared");
      await stream.next("mark");
      assertAlmostEquals(performance.now() - began, 200, 80);
      const cleared = performance.now();
      stream.clear();
      assertEquals((await stream.next("mark")).mark, { name: "cleared" });
      assert(performance.now() - cleared < 80);
      stream.close();
      await stream.closed;
    },
  });
  assertEquals(result.problem, "The call ended before the caller spoke");
  assertEquals(result.counts.clears, 1);
  assert(result.lead.maxMs > 1900, `${result.lead.maxMs}`);
});

Deno.test("when the server closes, the next verb is run: a spoken apology is heard", async () => {
  const { events, result } = await call({
    twiml: (host) =>
      connectTwiml(host, { after: '<Pause length="0"/><Say>Sorry.</Say><Hangup/><Say>Never</Say>' }),
    onStream: (stream) => closeRunning(stream),
  });
  assertEquals(events.slice(1), [
    "twilio stream started",
    "server closes the stream",
    "twilio pauses",
    "twilio says",
    "twilio hangs up",
  ]);
  assertEquals(result.problem, "The server sent no audio: look for errors in its log");
});

Deno.test("when the server closes and <Connect> has an action, its answer is run instead", async () => {
  const { events, result, server } = await call({
    twiml: (host, path) =>
      path === "/after"
        ? "<Response><Say>Goodbye.</Say></Response>"
        : connectTwiml(host, { action: "/after", after: "<Say>Never</Say>" }),
    onStream: (stream) => closeRunning(stream),
  });
  assertEquals(events.slice(3), ["twilio requests TwiML", "twilio says", "twilio hangs up"]);
  assertEquals(result.timeline.find(({ what }) => what === "says")?.detail, '"Goodbye."');
  assertEquals(server.webhooks.map(({ path, form }) => [path, form.CallStatus]), [
    ["/incoming-call", "ringing"],
    ["/after", "in-progress"],
  ]);
});

Deno.test("the document stops when the caller hangs up", async () => {
  const { events } = await call({
    twiml: (host) => connectTwiml(host, { action: "/after", after: "<Say>Never</Say>" }),
    onStream: (stream) => stream.closed,
  }, { maxSeconds: 0.2 });
  assertEquals(events.at(-1), "caller hangs up");
});

Deno.test("a signal hangs up", async () => {
  const hangUp = new AbortController();
  const { events } = await call({
    async onStream(stream) {
      await stream.next("media");
      hangUp.abort();
      await stream.next("stop");
      await stream.closed;
    },
  }, { signal: hangUp.signal });
  assertEquals(events.at(-1), "caller hangs up");
});

Deno.test("interrupts the answer and measures how long it was still heard", async () => {
  const { result } = await call({
    async onStream(stream) {
      stream.speak(100);
      await callerSpoke(stream);
      stream.speak(5000);
      await callerSpoke(stream); // 200 ms of speech, 100 ms of silence
      stream.clear();
      stream.speak(100);
      await stream.closed;
    },
  }, { interruptMs: 300 });
  const { interruption, turns } = result;
  assertAlmostEquals((interruption?.atMs ?? 0) - (turns[0]?.answeredAtMs ?? 0), 300, 21);
  assertAlmostEquals(interruption?.stoppedAfterMs ?? 0, 400, 100);
  assertEquals(result.problem, undefined);
  assertAlmostEquals(turns[1]?.latencyMs ?? 0, 120, 60);
});

Deno.test("what Twilio would not understand is a warning with its code", async () => {
  const { result } = await call({
    async onStream(stream) {
      stream.sendRaw("{");
      stream.sendRaw(Uint8Array.of(1, 2));
      stream.sendRaw(Uint8Array.of(3));
      stream.send({ event: "media", streamSid: stream.streamSid, media: { payload: "###" } });
      await closeRunning(stream);
    },
  });
  const warnings = result.timeline.filter(({ what }) => what.startsWith("warning"));
  assertEquals(warnings.map(({ what, detail, times }) => [what, detail, times]), [
    ["warning 31951", "message ignored: no valid JSON", undefined],
    ["warning 31950", "message ignored: a binary frame", 2],
    ["warning 31951", "message ignored: a payload that is not base64", undefined],
  ]);
});

Deno.test("signs webhook and upgrade so that the vendor's package accepts both", async () => {
  const { server } = await call({
    twiml: (host) => connectTwiml(host).replace(`ws://${host}`, "wss://parley.example"),
    onStream: (stream) => closeRunning(stream),
  }, { authToken: "12345", publicUrl: "https://parley.example", local: true });
  const [webhook] = server.webhooks;
  const address = "https://parley.example/incoming-call";
  assert(twilio.validateRequest("12345", webhook?.signature ?? "", address, webhook?.form ?? {}));
  const upgrade = server.upgrades[0]?.get("x-twilio-signature") ?? "";
  assertEquals(upgrade, twilio.getExpectedTwilioSignature("12345", "wss://parley.example/media-stream", {}));
});

Deno.test("reports the stream to its status callback", async () => {
  const { server, result } = await call({
    twiml: (host, path) =>
      path === "/status"
        ? new Response(null, { status: 204 })
        : connectTwiml(host, { callback: `http://${host}/status` }),
    onStream: (stream) => closeRunning(stream, 1011),
  });
  assertEquals(server.webhooks.slice(1).map(({ path, form }) => [path, form.StreamEvent, form.StreamSid]), [
    ["/status", "stream-started", result.streamSid],
    ["/status", "stream-error", result.streamSid],
  ]);
  assertEquals(result.problem, "The server broke the media stream off (1011): look for errors in its log");
});

const REFUSED: [name: string, server: Partial<CallServerOptions>, problem: RegExp][] = [
  ["answers 500", { twiml: () => new Response("", { status: 500 }) }, /it answered 500 \(11200\)/],
  [
    "answers 403",
    { twiml: () => new Response("", { status: 403 }) },
    /TWILIO_AUTH_TOKEN or PUBLIC_URL differ/,
  ],
  [
    "answers JSON",
    { twiml: () => Response.json({}) },
    /it is "application\/json", "text\/xml" was expected \(12300\)/,
  ],
  ["answers no TwiML", { twiml: () => "<html/>" }, /its root is <html>/],
  [
    "rejects the call",
    { twiml: () => "<Response><Reject/></Response>" },
    /The server rejected the call \(rejected\)/,
  ],
  [
    "opens no stream",
    { twiml: () => "<Response><Say>Hi</Say></Response>" },
    /ended before a media stream was opened/,
  ],
  [
    "refuses the upgrade",
    { refuse: 403 },
    /Cannot open the media stream "?ws:.*: the server answered 403.*31920/,
  ],
  [
    "puts a query into the stream's address",
    { twiml: (host) => connectTwiml(host).replace("/media-stream", "/media-stream?a=b") },
    /Twilio carries no query, use <Parameter> \(31920\)/,
  ],
  [
    "names a host nobody listens on",
    { twiml: () => connectTwiml("127.0.0.1:1") },
    /Cannot open the media stream "?ws:\/\/127.0.0.1:1.*\(31902\)/,
  ],
  [
    "gives an https address",
    { twiml: (h) => connectTwiml(h).replace("ws://", "https://") },
    /was expected \(31922\)/,
  ],
];

for (const [name, server, problem] of REFUSED) {
  Deno.test(`tells what to do about a server that ${name}`, async () => {
    const { result } = await call(server);
    assertEquals(result.completed, false);
    assert(problem.test(result.problem ?? ""), result.problem);
  });
}

Deno.test("tells what to do when no server is there", async () => {
  const { problem } = await rehearse({ baseUrl: "http://127.0.0.1:1" });
  assert(
    /^Cannot reach http:\/\/127.0.0.1:1\/incoming-call: .*Is the server running/.test(problem ?? ""),
    problem,
  );
});

Deno.test("refuses options that make no call", async () => {
  await assertRejects(
    () => rehearse({ baseUrl: "localhost:5050" }),
    TypeError,
    'Cannot call "localhost:5050"',
  );
  const speech = new Int16Array(8000);
  await assertRejects(() => rehearse({ baseUrl: "http://x", speech }), TypeError, "as good as silent");
});
