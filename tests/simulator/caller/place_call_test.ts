/** The simulator's additions to Twilio's stand-in, which `twilio/stand_in_suite.ts` tests. */

import { assertEquals } from "@std/assert";
import { MULAW_SILENCE } from "../../../src/audio/g711.js";
import {
  type CallOutcome,
  describeVerb,
  type DialResult,
  placeCall,
  type PlaceCallOptions,
  type SimulationContext,
} from "../../../src/simulator/caller/place_call.ts";
import type { Role } from "../../../src/simulator/caller/simulated_caller.ts";
import type { OpenSocket } from "../../../src/simulator/twilio/stream_runner.js";
import { readTwiml } from "../../../src/simulator/twilio/twiml_reader.js";
import { FakeService } from "../twilio/fake_service.ts";

const SILENT: Role = {
  status: "listens",
  hangUpReason: undefined,
  nextFrame: (_, bytes) => new Uint8Array(bytes).fill(MULAW_SILENCE),
};

const CONNECT = '<Connect action="/after-stream"><Stream url="wss://parley.example/media-stream"/></Connect>';

/** A call whose outcome resolves with {@linkcode ended}. */
class Call extends FakeService {
  readonly outcome: Promise<CallOutcome>;
  readonly hangUp = new AbortController();

  constructor(
    documents: Record<string, string>,
    context: Partial<SimulationContext> = {},
    overrides: Partial<PlaceCallOptions> = {},
  ) {
    super(documents);
    this.outcome = placeCall({
      clock: this.clock,
      fetch: this.fetch,
      openSocket: this.openSocket,
      reach: (url) => url,
      voiceUrl: { url: `${this.baseUrl}/incoming-call`, method: "POST" },
      from: "+15550100001",
      to: "+15550100002",
      context,
      createRole: () => SILENT,
      signal: this.hangUp.signal,
      ...overrides,
    });
  }

  async ended(): Promise<CallOutcome & { names: (string | undefined)[]; actions: string[] }> {
    await this.pass(100);
    const outcome = await this.outcome;
    return {
      ...outcome,
      names: outcome.verbs.map(({ verb }) => verb),
      actions: outcome.timeline.entries.map(({ actor, action }) => `${actor} ${action}`),
    };
  }
}

const dialed = (status: DialResult["status"], times: Partial<DialResult> = {}) => ({
  dial: (): DialResult => ({ status, ringMs: 20, talkMs: 20, ...times }),
});

Deno.test("placeCall() reports how long a dialed number talked, rounded up to seconds", async () => {
  const number = '<Number statusCallback="/number">+15550100</Number>';
  const call = new Call({
    "/incoming-call": `<Dial action="/after" timeout="20">${number}</Dial><Say>Never.</Say>`,
    "/after": "<Hangup/>",
  }, dialed("completed", { talkMs: 1200 }));
  await call.pass(1300);
  const { ending, names, actions } = await call.ended();
  assertEquals([ending, names], ["transferred", ["Dial", "Hangup"]]);
  assertEquals(call.forms("/number").map(({ CallDuration }) => CallDuration), ["2"]);
  assertEquals(call.forms("/after").map(({ DialCallDuration }) => DialCallDuration), ["2"]);
  assertEquals(actions, [
    "twilio requests TwiML",
    "twilio dials",
    "twilio connects the call",
    "twilio ends the dialed call",
    "twilio requests TwiML",
    "twilio hangs up",
  ]);
});

Deno.test("placeCall() ends with the caller when a dialed number is set to canceled", async () => {
  const documents = {
    "/incoming-call": '<Dial action="/after">+15550100</Dial>',
    "/after": "<Say>Anybody?</Say>",
  };
  const call = new Call(documents, dialed("canceled"));
  const { ending, names, actions } = await call.ended();
  const [{ DialCallStatus, CallStatus } = {}] = call.forms("/after");
  assertEquals([ending, DialCallStatus, CallStatus], ["caller", "canceled", "completed"]);
  assertEquals([names, actions.includes("caller hangs up")], [["Dial"], true]);
});

Deno.test("placeCall() opens a new stream for each Connect of a call", async () => {
  const call = new Call({
    "/incoming-call": CONNECT,
    "/after-stream": '<Dial action="/after-transfer">+15550100</Dial>',
    "/after-transfer": CONNECT.replace("/after-stream", "/end"),
    "/end": "<Hangup/>",
  }, dialed("no-answer"));
  (await call.stream()).handlers.onClose(1000, "");
  await call.pass(100);
  (await call.stream()).handlers.onClose(1000, "");
  const { callers, ending, names } = await call.ended();
  assertEquals(names, ["Connect", "Dial", "Connect", "Hangup"]);
  assertEquals(callers.map(({ streamSid }) => streamSid), call.sockets.map(({ streamSid }) => streamSid));
  assertEquals([new Set(callers.map(({ streamSid }) => streamSid)).size, ending], [2, "service"]);
  assertEquals(new Set(call.requests.map(({ form }) => form.CallSid)).size, 1);
});

Deno.test("placeCall() presses the keys of its context for a Gather", async () => {
  const keys: (string | undefined)[] = ["12#", undefined];
  const gather = '<Gather timeout="1"><Say>Press.</Say></Gather>';
  const call = new Call({ "/incoming-call": `${gather}<Say>Nothing?</Say>` }, { keys: () => keys.shift() });
  await call.pass(1100);
  const { names, actions } = await call.ended();
  assertEquals(call.forms("/incoming-call").map(({ Digits }) => Digits), [undefined, "12"]);
  assertEquals(names, ["Gather", "Gather", "Say"]);
  assertEquals(actions.filter((action) => /press|keys/.test(action)), [
    "caller presses",
    "twilio receives no keys",
  ]);
});

Deno.test("placeCall() hangs up when its signal aborts outside a stream", async () => {
  const call = new Call({ "/incoming-call": '<Pause length="60"/><Say>Never</Say>' });
  await call.pass(100);
  call.hangUp.abort();
  const { ending, names, actions } = await call.ended();
  assertEquals([ending, names, actions.at(-1)], ["caller", ["Pause"], "caller hangs up"]);
  assertEquals(call.clock.pending, 0);
});

Deno.test("placeCall() hangs up while the TwiML is requested", async () => {
  const fetch: PlaceCallOptions["fetch"] = (_url, init) =>
    new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
  const call = new Call({}, {}, { fetch });
  await call.pass(100);
  call.hangUp.abort();
  const { ending, problem } = await call.ended();
  assertEquals([ending, problem], ["caller", "The call ended before a media stream was opened"]);
  assertEquals(call.clock.pending, 0);
});

Deno.test("placeCall() reports a rejected call with its reason", async () => {
  const { ending, verbs, problem } = await new Call({ "/incoming-call": '<Reject reason="busy"/>' }).ended();
  assertEquals([ending, verbs], ["rejected", [{ verb: "Reject", reason: "busy" }]]);
  assertEquals(problem, "The server rejected the call (busy)");
});

Deno.test("placeCall() gives up a socket that does not open within 10 s", async () => {
  const openSocket: OpenSocket = (_url, _headers, _handlers, signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  const call = new Call({ "/incoming-call": CONNECT, "/after-stream": "<Hangup/>" }, {}, { openSocket });
  await call.pass(9_900);
  assertEquals(call.paths, ["/incoming-call"]);
  await call.pass(200);
  const { ending, problem } = await call.ended();
  assertEquals([ending, call.paths], ["failed", ["/incoming-call", "/after-stream"]]);
  assertEquals(
    problem,
    "Cannot open the media stream wss://parley.example/media-stream: no answer within 10 s (31901)",
  );
});

Deno.test("describeVerb() gives the attributes that a script can compare", () => {
  const verbs = readTwiml(`<Response>
    <Dial timeout="20" callerId="+15559870000"><Number>+15550100</Number></Dial><Dial>+15550199</Dial>
    <Gather timeout="3" finishOnKey="*"/><Gather><Say>One</Say></Gather><Redirect>/next</Redirect><Play>https://host.example/hold.mp3</Play>
    <Say language="es-ES">Hola</Say><Pause/><Hangup/></Response>`);
  assertEquals(verbs.map(describeVerb), [
    { verb: "Dial", number: "+15550100", timeout: "20", callerId: "+15559870000" },
    { verb: "Dial", number: "+15550199", timeout: "30" },
    { verb: "Gather", timeout: "3", finishOnKey: "*", prompts: [] },
    { verb: "Gather", timeout: "5", finishOnKey: "#", prompts: [{ verb: "Say", text: "One" }] },
    { verb: "Redirect", url: "/next" },
    { verb: "Play", url: "https://host.example/hold.mp3" },
    { verb: "Say", text: "Hola", language: "es-ES" },
    { verb: "Pause", length: "1" },
    { verb: "Hangup" },
  ]);
});
