import { assert, assertEquals, assertRejects } from "@std/assert";
import twilio from "twilio";
import { decodeMulaw } from "../../../src/audio/g711.js";
import { type Rehearsal, rehearse, type RehearseOptions } from "../../../src/simulator/caller/rehearse.ts";
import {
  callerSpoke,
  CallServer,
  type CallServerOptions,
  connectTwiml,
  type ServerStream,
  tone,
} from "./caller_server.ts";
import { FakeService } from "../twilio/fake_service.ts";
import { concurrentTests } from "../../support/concurrent_tests.ts";

const test = concurrentTests("Rehearsals");

const SHORT = { speech: decodeMulaw(tone(200)) };

/** Calls a server on loopback, in real time. */
async function call(
  server: Partial<CallServerOptions>,
  options: Partial<RehearseOptions> = {},
): Promise<{ result: Rehearsal; server: CallServer; events: string[] }> {
  await using running = new CallServer({ twiml: (host) => connectTwiml(host), ...server });
  const result = await rehearse({ baseUrl: running.url, ...SHORT, ...options });
  return {
    result,
    server: running,
    events: result.timeline.map(({ actor, action }) => `${actor} ${action}`),
  };
}

/** Closes a stream after two frames: Deno's client can miss an earlier close frame. */
async function closeRunning(stream: ServerStream, code?: number): Promise<void> {
  await stream.next("media");
  await stream.next("media");
  stream.close(code);
  await stream.closed;
}

test("rehearse() completes a call of greeting, turn, answer and hang-up", async () => {
  const { result, events } = await call({
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
    "twilio opens the stream",
    "assistant starts speaking",
    "assistant stops speaking",
    "twilio returns mark",
    "caller starts speaking",
    "caller stops speaking",
    "assistant starts speaking",
    "assistant stops speaking",
    "twilio returns mark",
    "caller hangs up",
  ]);

  // The recording equals the sent audio, sample for sample, from the same start.
  const { heard, spoken } = result.recording;
  assertEquals(heard.length, spoken.length);
  const answeredAt = Math.round((result.turns[0]?.answerStartMs ?? 0) * 8);
  assertEquals(heard.subarray(answeredAt, answeredAt + 2400), decodeMulaw(tone(300)));
});

/** A call to a service in memory, on a fake clock. */
class MemoryCall extends FakeService {
  readonly result: Promise<Rehearsal>;

  constructor(documents: Record<string, string>, options: Partial<RehearseOptions> = {}) {
    super(documents);
    const { clock, fetch, openSocket: open, baseUrl } = this;
    this.result = rehearse({ baseUrl, clock, fetch, open, ...SHORT, ...options });
  }

  async ended(): Promise<{ result: Rehearsal; actions: string[] }> {
    await this.pass(100);
    const result = await this.result;
    return { result, actions: result.timeline.map(({ actor, action }) => `${actor} ${action}`) };
  }
}

const STREAM = '<Stream url="wss://parley.example/media-stream"/>';

test("rehearse() measures the audio that waited at Twilio", async () => {
  const call = new MemoryCall({ "/incoming-call": `<Connect>${STREAM}</Connect>` });
  const stream = await call.stream();
  stream.speak(200);
  stream.speak(2000);
  await call.pass(200);
  stream.send("clear");
  stream.handlers.onClose(1000, "");
  const { result } = await call.ended();
  assertEquals(result.problem, "The call ended before the caller spoke");
  assertEquals(result.counts.clears, 1);
  assert(result.lead.maxMs > 1900, `${result.lead.maxMs}`);
});

test("rehearse() runs the next verb after the server closes the stream", async () => {
  const call = new MemoryCall({
    "/incoming-call":
      `<Connect>${STREAM}</Connect><Pause length="0"/><Say>Sorry.</Say><Hangup/><Say>Never</Say>`,
  });
  (await call.stream()).handlers.onClose(1000, "");
  const { actions, result } = await call.ended();
  assertEquals(actions.slice(1), [
    "twilio opens the stream",
    "server closes the stream",
    "twilio pauses",
    "twilio says",
    "twilio hangs up",
  ]);
  assertEquals(result.problem, "The server sent no audio: look for errors in its log");
});

test("rehearse() signs the webhook and the upgrade as the vendor's package does", async () => {
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

test("rehearse() reports a stream the server broke off to its status callback", async () => {
  const { server, result } = await call({
    twiml: (host, path) =>
      path === "/status" ? new Response(null, { status: 204 }) : connectTwiml(host, `http://${host}/status`),
    onStream: (stream) => closeRunning(stream, 1011),
  });
  assertEquals(server.webhooks.slice(1).map(({ path, form }) => [path, form.StreamEvent, form.StreamSid]), [
    ["/status", "stream-started", result.streamSid],
    ["/status", "stream-error", result.streamSid],
  ]);
  assertEquals(result.problem, "The server broke off the media stream (1011): look for errors in its log");
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
    /its type is "application\/json", expected "text\/xml" \(12300\)/,
  ],
  ["answers no TwiML", { twiml: () => "<html/>" }, /its root is <html>/],
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
    /Twilio does not send a query, use <Parameter> \(31920\)/,
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
  Deno.test(`rehearse() names the problem when the server ${name}`, async () => {
    const { result } = await call(server);
    assertEquals(result.completed, false);
    assert(problem.test(result.problem ?? ""), result.problem);
  });
}

test("rehearse() names the problem when no server is running", async () => {
  const { problem } = await rehearse({ baseUrl: "http://127.0.0.1:1" });
  assert(
    /^Cannot reach http:\/\/127.0.0.1:1\/incoming-call: .*Is the server running/.test(problem ?? ""),
    problem,
  );
});

test("rehearse() rejects invalid options", async () => {
  await assertRejects(
    () => rehearse({ baseUrl: "localhost:5050" }),
    TypeError,
    'Cannot call "localhost:5050"',
  );
  const speech = new Int16Array(8000);
  await assertRejects(() => rehearse({ baseUrl: "http://x", speech }), TypeError, "recording is silent");
});
