import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { twilioSignature } from "../../src/twilio/request_signature.ts";
import { field } from "../support/field.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService, tokenIn } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioApi } from "../support/twilio_api.ts";

const ANN = "+15551230000";
const PUBLIC_URL = "https://phone.example.com";
const ASSISTANTS = {
  default: "reception",
  assistants: {
    reception: {},
    reminder: {
      instructions: "You remind {{name}}. Goal: {{objective}}",
      greeting: "",
      voicemail: { leave: "Please call Example back." },
      limits: { callSeconds: 300 },
    },
  },
};

/** A service that can place calls, Twilio's API and the model. */
class OutboundService implements AsyncDisposable {
  readonly api = new TwilioApi();
  readonly model = new ScriptedModel();
  readonly service: TestService;

  constructor(env: Record<string, string> = {}) {
    this.service = new TestService(
      {
        OPENAI_API_KEY: "sk-test-secret",
        OPENAI_REALTIME_URL: this.model.url,
        TWILIO_ACCOUNT_SID: ACCOUNT_SID,
        TWILIO_AUTH_TOKEN: AUTH_TOKEN,
        TWILIO_PHONE_NUMBER: NUMBER,
        TWILIO_API_URL: this.api.url,
        PUBLIC_URL,
        ...env,
      },
      undefined,
      ASSISTANTS,
    );
  }

  async place(body: unknown): Promise<{ status: number; answer: Record<string, unknown> }> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(`${this.service.url}/calls`, { method: "POST", body: text });
    return { status: response.status, answer: await response.json() };
  }

  /** Posts a webhook, signed as Twilio does. */
  async webhook(path: string, form: Record<string, string>): Promise<string> {
    const parameters = { From: NUMBER, To: ANN, Direction: "outbound-api", ...form };
    const signature = await twilioSignature(AUTH_TOKEN, PUBLIC_URL + path, parameters);
    const headers = { "x-twilio-signature": signature };
    const body = new URLSearchParams(parameters);
    return await (await fetch(this.service.url + path, { method: "POST", headers, body })).text();
  }

  /** The called party answers: starts the stream. */
  async answer(callSid: string, path = "/incoming-call") {
    const twiml = await this.webhook(path, { CallSid: callSid, CallStatus: "in-progress" });
    const token = tokenIn(twiml);
    const session = await this.model.session();
    const update = await session.configure();
    const signature = await twilioSignature(AUTH_TOKEN, `${PUBLIC_URL.replace("https", "wss")}/media-stream`);
    const stream = new StreamClient(this.service.streamUrl, { "x-twilio-signature": signature });
    await stream.start(callSid, { token, from: NUMBER });
    await this.service.logged("stream started");
    return { session, update, stream };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.model[Symbol.asyncDispose]();
    await this.api[Symbol.asyncDispose]();
  }
}

const REMIND = { to: ANN, assistant: "reminder", objective: "Confirm Friday", variables: { name: "Ann" } };

Deno.test("POST /calls places a call whose assistant has the objective and variables", async () => {
  await using outbound = new OutboundService();
  const { status, answer } = await outbound.place(REMIND);
  assertEquals(status, 201);
  const callSid = String(answer.callSid);
  const form = Object.fromEntries(outbound.api.requests[0]?.form ?? []);
  assertEquals([
    form.To,
    form.From,
    form.Url?.replace(/\?placed=[\w-]+$/, ""),
    form.Timeout,
    form.TimeLimit,
    form.AsyncAmd,
  ], [
    ANN,
    NUMBER,
    `${PUBLIC_URL}/incoming-call`,
    "30",
    "360",
    "true",
  ]);
  const { update, stream } = await outbound.answer(callSid);
  const instructions = String(field(update, "instructions"));
  assertStringIncludes(instructions, "You remind Ann. Goal: Confirm Friday");
  assertStringIncludes(instructions, 'The purpose of the call: "Confirm Friday"');
  stream.stop();
  assertEquals((await outbound.service.logged("call ended")).end_reason, "caller hung up");
  await stream.end();
});

Deno.test("Session of a placed call is ready while it rings, and greets when it is answered", async () => {
  await using outbound = new OutboundService();
  const callSid = String((await outbound.place({ to: ANN, assistant: "reception" })).answer.callSid);
  const session = await outbound.model.session();
  await session.configure();
  await outbound.service.logged("session ready");
  assertEquals(session.receivedOf("response.create"), []);
  const form = { CallSid: callSid, CallStatus: "in-progress" };
  assertStringIncludes(await outbound.webhook("/incoming-call", form), "<Connect");
  await session.waitFor("response.create");
  assertEquals(outbound.model.sessions.length, 1);
});

Deno.test("Session of a placed call that nobody answers is closed, without a record", async () => {
  await using outbound = new OutboundService();
  const callSid = String((await outbound.place(REMIND)).answer.callSid);
  const session = await outbound.model.session();
  await session.configure();
  const form = { CallSid: callSid, CallStatus: "no-answer", CallDuration: "0" };
  await outbound.webhook("/call-status", form);
  await session.untilClosed();
  assertEquals([outbound.service.events("call announced"), outbound.service.events("call ended")], [[], []]);
});

Deno.test("Status callbacks are applied in order and an answering machine gets the message", async () => {
  await using outbound = new OutboundService();
  const callSid = String((await outbound.place(REMIND)).answer.callSid);
  for (
    const [SequenceNumber, CallStatus] of [["2", "in-progress"], ["0", "initiated"], [
      "1",
      "ringing",
    ]] as const
  ) {
    await outbound.webhook("/call-status", { CallSid: callSid, CallStatus, SequenceNumber });
  }
  const { session, stream } = await outbound.answer(callSid);
  const live = await (await fetch(`${outbound.service.url}/api/calls/${callSid}`)).json();
  assertEquals([live.status, live.state, live.assistant], ["in-progress", "connected", "reminder"]);
  await outbound.webhook("/answered-by", { CallSid: callSid, AnsweredBy: "machine_end_beep" });
  const request = await session.waitFor("response.create");
  assertMatch(
    String(field(request, "response", "instructions")),
    /word for word[^]*Please call Example back\./,
  );
  session.respond("r1", { message: 200 });
  stream.mark(await stream.markAfter(200));
  assertEquals((await outbound.service.logged("call ended")).end_reason, "answering machine");
  await stream[Symbol.asyncDispose]();
  const ended = { CallSid: callSid, CallStatus: "completed", SequenceNumber: "3", CallDuration: "21" };
  await outbound.webhook("/call-status", ended);
  const after = await (await fetch(`${outbound.service.url}/api/calls/${callSid}`)).json();
  assertEquals([after.status, after.seconds, after.answeredBy], ["completed", 21, "machine_end_beep"]);
});

Deno.test("Invalid call requests are rejected without a request to Twilio", async () => {
  await using outbound = new OutboundService({
    CALLING_HOURS: "09:00-09:01 Europe/Berlin",
    MAX_OUTBOUND_CALLS: "1",
  });
  const cases: [unknown, number, RegExp][] = [
    ["not json", 422, /not JSON/],
    [{ to: "5551230000" }, 422, /to: allowed: a number/],
    [{ to: ANN, assistant: "nobody" }, 422, /"nobody" does not exist/],
    [{ to: ANN, variables: { objective: "x" } }, 422, /objective/],
  ];
  for (const [body, status, detail] of cases) {
    const { status: actual, answer } = await outbound.place(body);
    assertEquals(actual, status, JSON.stringify(body));
    assertMatch(String(answer.detail), detail);
  }
  assertEquals(outbound.api.requests, []);
  await using without = new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9" });
  const response = await fetch(`${without.url}/calls`, { method: "POST", body: JSON.stringify({ to: ANN }) });
  assertEquals(response.status, 409);
  assertMatch((await response.json()).detail, /TWILIO_ACCOUNT_SID, TWILIO_PHONE_NUMBER, PUBLIC_URL/);
});

Deno.test("Twilio's refusal is reported with its error code", async () => {
  await using outbound = new OutboundService();
  outbound.api.override = () =>
    Response.json({ code: 21219, message: "not verified", status: 400 }, { status: 400 });
  const { status, answer } = await outbound.place({ to: ANN });
  assertEquals(status, 422);
  assertMatch(String(answer.detail), /21219/);
});

Deno.test("POST /calls requires the admin token", async () => {
  await using outbound = new OutboundService({ ADMIN_TOKEN: "an admin token of some length" });
  assertEquals((await outbound.place({ to: ANN })).status, 401);
  assertEquals(outbound.api.requests, []);
});

/** Posts a call with an `Idempotency-Key`. */
async function placeWithKey(outbound: OutboundService, key: string, body: unknown, signal?: AbortSignal) {
  const init = { method: "POST", body: JSON.stringify(body), headers: { "idempotency-key": key } };
  const response = await fetch(`${outbound.service.url}/calls`, { ...init, ...(signal ? { signal } : {}) });
  return { status: response.status, answer: await response.json() };
}

Deno.test("POST /calls with the same Idempotency-Key places one call and repeats its answer", async () => {
  await using outbound = new OutboundService({ OUTBOUND_CALLS_PER_SECOND: "100" });
  const answers = await Promise.all([1, 2].map(() => placeWithKey(outbound, "order-1", REMIND)));
  answers.push(await placeWithKey(outbound, "order-1", REMIND));
  assertEquals(new Set(answers.map(({ status, answer }) => `${status} ${answer.callSid}`)).size, 1);
  assertEquals([answers[0]?.status, outbound.api.requests.length], [201, 1]);
  const other = await placeWithKey(outbound, "order-1", { ...REMIND, objective: "Cancel Friday" });
  assertEquals([other.status, outbound.api.requests.length], [422, 1]);
  assertEquals((await placeWithKey(outbound, "order-2", REMIND)).status, 201);
  assertEquals((await placeWithKey(outbound, "x".repeat(256), REMIND)).status, 400);
  assertEquals(outbound.api.requests.length, 2);
});

Deno.test("POST /calls repeats an unconfirmed answer for its key, and tries a refused call again", async () => {
  await using outbound = new OutboundService({ OUTBOUND_CALLS_PER_SECOND: "100" });
  outbound.api.override = () => new Response("{}", { status: 500 });
  for (let i = 0; i < 2; i++) assertEquals((await placeWithKey(outbound, "a", { to: ANN })).status, 504);
  assertEquals(outbound.api.requests.length, 1);
  outbound.api.override = () => Response.json({ code: 20003, message: "no", status: 401 }, { status: 401 });
  assertEquals((await placeWithKey(outbound, "b", { to: ANN })).status, 502);
  outbound.api.override = () => undefined;
  assertEquals((await placeWithKey(outbound, "b", { to: ANN })).status, 201);
});

Deno.test("POST /calls places no call for a client that has gone", async () => {
  await using outbound = new OutboundService();
  const { hostname, port } = new URL(outbound.service.url);
  assertEquals((await outbound.place({ to: "+15551230001" })).status, 201);
  // The next call waits a second for the rate limit.
  using client = await Deno.connect({ hostname, port: Number(port) });
  const body = JSON.stringify({ to: ANN });
  const request = `POST /calls HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  await client.write(new TextEncoder().encode(request));
  await client.closeWrite();
  // Its turn is after that of the client that has gone.
  assertEquals((await outbound.place({ to: "+15551230002" })).status, 201);
  const called = outbound.api.requests.map(({ form }) => Object.fromEntries(form).To);
  assertEquals(called, ["+15551230001", "+15551230002"]);
});

Deno.test("An answered call meets its assistant at an instance that did not place it", async () => {
  await using first = new OutboundService();
  await using second = new OutboundService();
  const callSid = String((await first.place(REMIND)).answer.callSid);
  const url = Object.fromEntries(first.api.requests[0]?.form ?? []).Url ?? "";
  const { update, stream } = await second.answer(callSid, url.replace(PUBLIC_URL, ""));
  assertStringIncludes(String(field(update, "instructions")), "You remind Ann. Goal: Confirm Friday");
  await stream[Symbol.asyncDispose]();
});

Deno.test("A stream meets its outbound assistant at an instance that did not answer the webhook", async () => {
  await using first = new OutboundService();
  await using second = new OutboundService();
  const callSid = String((await first.place(REMIND)).answer.callSid);
  const url = Object.fromEntries(first.api.requests[0]?.form ?? []).Url ?? "";
  const twiml = await first.webhook(url.replace(PUBLIC_URL, ""), { CallSid: callSid });
  const parameters = parametersIn(twiml);
  assert(Object.entries(parameters).every(([name, value]) => name.length + value.length < 500));
  const signature = await twilioSignature(AUTH_TOKEN, `${PUBLIC_URL.replace("https", "wss")}/media-stream`);
  const stream = new StreamClient(second.service.streamUrl, { "x-twilio-signature": signature });
  await stream.start(callSid, parameters);
  const update = await (await second.model.session()).configure();
  assertStringIncludes(String(field(update, "instructions")), "You remind Ann. Goal: Confirm Friday");
  const call = await (await fetch(`${second.service.url}/api/calls/${callSid}`)).json();
  assertEquals([call.direction, call.to], ["outbound", ANN]);
  await stream[Symbol.asyncDispose]();
});

/** The parameters of a stream in TwiML. */
function parametersIn(twiml: string): Record<string, string> {
  const pairs = [...twiml.matchAll(/<Parameter name="(\w+)" value="([^"]*)"/g)];
  return Object.fromEntries(pairs.map(([, name = "", value = ""]) => [name, value]));
}

Deno.test("A resumed outbound call meets its assistant at another instance, and never without its seal", async () => {
  await using first = new OutboundService();
  await using second = new OutboundService();
  const callSid = String((await first.place(REMIND)).answer.callSid);
  const url = Object.fromEntries(first.api.requests[0]?.form ?? []).Url ?? "";
  const { stream } = await first.answer(callSid, url.replace(PUBLIC_URL, ""));
  stream.close();
  await first.service.logged("stream lost");
  const twiml = await first.webhook("/after-stream", { CallSid: callSid, CallStatus: "in-progress" });
  const { placed0, ...unsealed } = parametersIn(twiml);
  const signature = await twilioSignature(AUTH_TOKEN, `${PUBLIC_URL.replace("https", "wss")}/media-stream`);
  const start = async (parameters: Record<string, string>) => {
    const stream = new StreamClient(second.service.streamUrl, { "x-twilio-signature": signature });
    await stream.start(callSid, parameters);
    return stream;
  };
  await using _refused = await start(unsealed);
  assertEquals((await second.service.logged("stream refused")).reason, "no valid token");
  await using _admitted = await start({ ...unsealed, placed0: placed0 ?? "" });
  const update = await (await second.model.session()).configure();
  assertStringIncludes(String(field(update, "instructions")), "You remind Ann. Goal: Confirm Friday");
});

Deno.test("A stream with another call's sealed request is refused, also for the same number", async () => {
  await using first = new OutboundService();
  await using second = new OutboundService();
  const parametersOf = async () => {
    const callSid = String((await first.place(REMIND)).answer.callSid);
    const url = Object.fromEntries(first.api.requests.at(-1)?.form ?? []).Url ?? "";
    const twiml = await first.webhook(url.replace(PUBLIC_URL, ""), { CallSid: callSid });
    return { callSid, parameters: parametersIn(twiml) };
  };
  const other = await parametersOf();
  const { callSid, parameters: { token = "" } } = await parametersOf();
  const signature = await twilioSignature(AUTH_TOKEN, `${PUBLIC_URL.replace("https", "wss")}/media-stream`);
  const stream = new StreamClient(second.service.streamUrl, { "x-twilio-signature": signature });
  await stream.start(callSid, { ...other.parameters, token });
  const refusal = await second.service.logged("stream of an unannounced call refused");
  assertEquals([refusal.call, refusal.reason], [callSid, "unknown outbound call"]);
  await stream[Symbol.asyncDispose]();
});

Deno.test("An outbound call that Parley does not know is hung up", async () => {
  await using outbound = new OutboundService();
  const unknown = { CallSid: "CA7", CallStatus: "in-progress" };
  for (const path of ["/incoming-call", "/incoming-call?placed=AAAA"]) {
    assertEquals(hangupOnly(await outbound.webhook(path, unknown)), true, path);
  }
  await outbound.place(REMIND);
  const url = Object.fromEntries(outbound.api.requests[0]?.form ?? []).Url ?? "";
  const other = await outbound.webhook(url.replace(PUBLIC_URL, ""), { ...unknown, To: "+15559990000" });
  assertEquals([hangupOnly(other), outbound.service.events("call announced").length], [true, 0]);
});

function hangupOnly(twiml: string): boolean {
  return twiml.slice(twiml.indexOf("<Response>")) === "<Response><Hangup/></Response>";
}

Deno.test("Drain waits for a call that rings, and the person who answers is served", async () => {
  await using outbound = new OutboundService({ DRAIN_SECONDS: "300" });
  const callSid = String((await outbound.place(REMIND)).answer.callSid);
  const drained = outbound.service.server.drain();
  assertEquals((await outbound.service.logged("draining")).ringing, 1);
  const { stream } = await outbound.answer(callSid);
  stream.stop();
  await outbound.service.logged("call ended");
  assertEquals(await drained, 0);
  await stream.end();
});

Deno.test("Stop cancels a call that rings", async () => {
  await using outbound = new OutboundService({ DRAIN_SECONDS: "300" });
  const callSid = String((await outbound.place(REMIND)).answer.callSid);
  await outbound.service.stop();
  assertEquals(outbound.api.calls.get(callSid), "completed");
});

Deno.test("RING_SECONDS limits how long Twilio rings the called phone", async () => {
  for (const [env, timeout] of [[{}, "30"], [{ RING_SECONDS: "45" }, "45"]] as const) {
    await using outbound = new OutboundService(env);
    assertEquals((await outbound.place({ to: ANN, assistant: "reminder" })).status, 201);
    assertEquals(Object.fromEntries(outbound.api.requests.at(-1)?.form ?? []).Timeout, timeout);
  }
});
