/** What Twilio does with a call beside its stream: other telephones ring, keys are gathered, documents follow documents. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { MULAW_SILENCE } from "../../../src/audio/g711.ts";
import type { Part } from "../../../src/simulator/caller/part.ts";
import { type CallOutcome, placeCall } from "../../../src/simulator/caller/place_call.ts";
import { placementOf } from "../../../src/simulator/caller/placement.ts";
import type { Dialled, World } from "../../../src/simulator/caller/world.ts";
import { CallServer, type CallServerOptions, connectTwiml, type Webhook } from "./caller_server.ts";

/** Listens and says nothing. */
const silent: Part = {
  doing: "listens",
  hangUpReason: undefined,
  next: (_, bytes) => new Uint8Array(bytes).fill(MULAW_SILENCE),
};

const quickly = (status: Dialled["status"], times: Partial<Dialled> = {}): Dialled => ({
  status,
  ringMs: 10,
  talkMs: 10,
  ...times,
});

/** Places a call to a server that answers each path with this TwiML. */
async function place(
  documents: Record<string, string | ((host: string) => string)>,
  world: Partial<World> = {},
  { onStream, part = () => silent }: Pick<CallServerOptions, "onStream"> & { part?: () => Part } = {},
): Promise<CallOutcome & { webhooks: Webhook[]; asked: string[]; events: string[] }> {
  await using server = new CallServer({
    twiml(host, path) {
      const document = documents[path] ?? "";
      return `<Response>${typeof document === "string" ? document : document(host)}</Response>`;
    },
    ...(onStream && { onStream }),
  });
  const { callStatus: _, ...placement } = placementOf({ baseUrl: server.url });
  const outcome = await placeCall({
    ...placement,
    world: { dial: () => quickly("completed"), keys: () => undefined, ...world },
    part,
    signal: new AbortController().signal,
    onStream: () => {},
  });
  return {
    ...outcome,
    webhooks: server.webhooks,
    asked: server.webhooks.map(({ path }) => path),
    events: placement.timeline.entries.map(({ who, what }) => `${who} ${what}`),
  };
}

const connect = (action: string) => (host: string) =>
  connectTwiml(host, { action }).replace(/^.*<Response>/, "").replace("</Response>", "");

const statuses = (webhooks: Webhook[]) =>
  webhooks.filter(({ path }) => path === "/number").map(({ form }) => form);
const NUMBER =
  '<Number statusCallback="/number" statusCallbackEvent="initiated ringing answered completed">+15550100</Number>';

Deno.test("a number that answers: its call is reported, its end goes to the action", async () => {
  const { ending, verbs, webhooks, asked } = await place({
    "/incoming-call": `<Dial action="/after" timeout="20">${NUMBER}</Dial><Say>Never.</Say>`,
    "/after": "<Hangup/>",
  }, { dial: (number) => quickly(number === "+15550100" ? "completed" : "failed", { talkMs: 1200 }) });
  assertEquals(ending, "transferred");
  assertEquals(verbs.map(({ verb }) => verb), ["Dial", "Hangup"]);
  assertEquals(asked, ["/incoming-call", "/number", "/number", "/number", "/number", "/after"]);
  const reported = statuses(webhooks);
  assertEquals(
    reported.map((
      { CallStatus, SequenceNumber, CallDuration },
    ) => [CallStatus, SequenceNumber, CallDuration]),
    [["initiated", "0", undefined], ["ringing", "1", undefined], ["in-progress", "2", undefined], [
      "completed",
      "3",
      "2",
    ]],
  );
  const [first] = reported;
  const parent = webhooks[0]?.form.CallSid;
  assertMatch(first?.CallSid ?? "", /^CA[0-9a-f]{32}$/);
  assert(first?.CallSid !== parent);
  assertEquals(
    [first?.ParentCallSid, first?.To, first?.Direction, first?.CallbackSource],
    [parent, "+15550100", "outbound-dial", "call-progress-events"],
  );
  const { DialCallStatus, DialCallSid, DialCallDuration, CallStatus, CallSid } = webhooks.at(-1)?.form ?? {};
  assertEquals([DialCallStatus, DialCallSid, DialCallDuration, CallStatus, CallSid], [
    "completed",
    first?.CallSid,
    "2",
    "in-progress",
    parent,
  ]);
});

Deno.test("a number's callback is told of the end alone, unless it asks for more", async () => {
  const { webhooks } = await place({
    "/incoming-call": '<Dial><Number statusCallback="/number">+15550100</Number></Dial>',
  });
  assertEquals(statuses(webhooks).map(({ CallStatus }) => CallStatus), ["completed"]);
});

for (const status of ["busy", "no-answer", "failed"] as const) {
  Deno.test(`a number that is ${status}: the caller is told by the action, or the next verb`, async () => {
    const dialled = { dial: () => quickly(status) };
    const after = await place(
      { "/incoming-call": `<Dial action="/after">${NUMBER}</Dial>`, "/after": "<Say>Sorry.</Say>" },
      dialled,
    );
    assertEquals([after.ending, after.verbs.map(({ verb }) => verb)], ["service", ["Dial", "Say"]]);
    assertEquals(after.webhooks.at(-1)?.form.DialCallStatus, status);
    assertEquals(statuses(after.webhooks).map(({ CallStatus }) => CallStatus), [
      "initiated",
      "ringing",
      status,
    ]);
    const next = await place({ "/incoming-call": "<Dial>+15550100</Dial><Say>Sorry.</Say>" }, dialled);
    assertEquals([next.asked, next.verbs.length], [["/incoming-call"], 2]);
  });
}

Deno.test("a number that rings for longer than its timeout was not answered", async () => {
  const { webhooks, ending } = await place(
    { "/incoming-call": '<Dial action="/after" timeout="0">+15550100</Dial>' },
    { dial: () => quickly("completed", { ringMs: 60_000 }) },
  );
  assertEquals([webhooks.at(-1)?.form.DialCallStatus, ending], ["no-answer", "service"]);
});

Deno.test("a caller who hangs up while it rings: the action is told, and its answer nobody hears", async () => {
  const { ending, webhooks, verbs } = await place(
    { "/incoming-call": '<Dial action="/after">+15550100</Dial>', "/after": "<Say>Anybody?</Say>" },
    { dial: () => quickly("canceled") },
  );
  const { DialCallStatus, CallStatus } = webhooks.at(-1)?.form ?? {};
  assertEquals([ending, DialCallStatus, CallStatus], ["caller", "canceled", "completed"]);
  assertEquals(verbs.map(({ verb }) => verb), ["Dial"]);
});

Deno.test("a stream, a number nobody answers, and another stream of the same call", async () => {
  const sids: string[] = [];
  const { callers, verbs, ending, webhooks } = await place(
    {
      "/incoming-call": connect("/after-stream"),
      "/after-stream": (host) => `<Dial action="http://${host}/after-transfer">+15550100</Dial>`,
      "/after-transfer": connect("/end"),
      "/end": "<Hangup/>",
    },
    { dial: () => quickly("no-answer") },
    {
      async onStream(stream) {
        sids.push(stream.streamSid);
        await stream.next("media");
        await stream.next("media");
        stream.close();
        await stream.closed;
      },
    },
  );
  assertEquals(verbs.map(({ verb }) => verb), ["Connect", "Dial", "Connect", "Hangup"]);
  assertEquals([callers.length, new Set(sids).size, ending], [2, 2, "service"]);
  assertEquals(new Set(webhooks.map(({ form }) => form.CallSid)).size, 1);
});

Deno.test("keys that are asked for are pressed, as many as are wanted", async () => {
  const gather = (attributes: string) => `<Gather action="/keys" ${attributes}><Say>Press.</Say></Gather>`;
  const digits = async (attributes: string, keys: string) => {
    const { webhooks } = await place({ "/incoming-call": gather(attributes) }, { keys: () => keys });
    return webhooks.at(-1)?.form.Digits;
  };
  assertEquals(await digits("", "12#"), "12");
  assertEquals(await digits('numDigits="1"', "12"), "1");
  assertEquals(await digits('finishOnKey=""', "1#2"), "1#2");
  assertEquals(await digits('finishOnKey="*"', "1#*2"), "1#");
});

Deno.test("without a key the next verb follows; without an action the same address answers", async () => {
  const { asked, verbs } = await place({ "/incoming-call": '<Gather timeout="0"/><Say>Nothing?</Say>' });
  assertEquals([asked, verbs.map(({ verb }) => verb)], [["/incoming-call"], ["Gather", "Say"]]);
  const keys = ["1", undefined];
  const again = await place({ "/incoming-call": '<Gather timeout="0"/>' }, { keys: () => keys.shift() });
  assertEquals(again.asked, ["/incoming-call", "/incoming-call"]);
});

Deno.test("a redirect takes the place of the rest", async () => {
  const { asked, verbs } = await place({
    "/incoming-call": "<Redirect>/a/next</Redirect><Say>Never.</Say>",
    "/a/next": "<Redirect>more</Redirect>",
    "/a/more": "<Play>hold.mp3</Play>",
  });
  assertEquals(asked, ["/incoming-call", "/a/next", "/a/more"]);
  assertEquals(verbs.map(({ verb }) => verb), ["Redirect", "Redirect", "Play"]);
});

Deno.test("a rejection is its own ending", async () => {
  const { ending, verbs } = await place({ "/incoming-call": '<Reject reason="busy"/>' });
  assertEquals([ending, verbs], ["rejected", [{ verb: "Reject", reason: "busy" }]]);
});

Deno.test("what Twilio could not run is a call that broke off", async () => {
  const { ending, problem } = await place({ "/incoming-call": "<Dail/>" });
  assertEquals([ending, problem], [
    "broken",
    "Cannot run the TwiML: <Dail> is no verb a rehearsal knows (Twilio checks its case, too)",
  ]);
});

Deno.test("a number's status callback is told of the end", async () => {
  await using server = new CallServer({ twiml: () => "<Response><Hangup/></Response>" });
  const placement = placementOf({ baseUrl: server.url });
  await placeCall({
    ...placement,
    part: () => silent,
    signal: new AbortController().signal,
    onStream: () => {},
  });
  const { path, form } = server.webhooks.at(-1) ?? {};
  assertEquals([path, form?.CallStatus, form?.CallDuration, form?.CallSid], [
    "/call-status",
    "completed",
    "1",
    server.webhooks[0]?.form.CallSid,
  ]);
});

Deno.test("a key goes out as a message of its own, numbered among the rest", async () => {
  const messages: Record<string, unknown>[] = [];
  let pressed = false;
  await using server = new CallServer({
    twiml: (host) => connectTwiml(host),
    async onStream(stream, all) {
      await stream.next("dtmf");
      messages.push(...all);
      stream.close();
      await stream.closed;
    },
  });
  const { callStatus: _, ...placement } = placementOf({ baseUrl: server.url });
  await placeCall({
    ...placement,
    part: ({ press }) => ({
      ...silent,
      next(nowMs, bytes) {
        if (nowMs === 100 && !pressed) press("#");
        pressed ||= nowMs === 100;
        return silent.next(nowMs, bytes);
      },
    }),
    signal: new AbortController().signal,
    onStream: () => {},
  });
  const at = messages.findIndex(({ event }) => event === "dtmf");
  const { streamSid, ...message } = messages[at] ?? {};
  assertEquals(message, {
    event: "dtmf",
    sequenceNumber: String(at),
    dtmf: { track: "inbound_track", digit: "#" },
  });
  assertEquals(streamSid, placement.streamSid);
});
