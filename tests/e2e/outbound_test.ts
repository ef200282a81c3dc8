import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { twilioSignature } from "../../src/simulator/caller/sign.ts";
import { field, markAfter } from "../support/line.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
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

/** A service that can place calls, Twilio's end of it, and a model. */
class Outbound implements AsyncDisposable {
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

  /** What Twilio says to a webhook, signed as it would. */
  async twilio(path: string, form: Record<string, string>): Promise<string> {
    const parameters = { From: NUMBER, To: ANN, Direction: "outbound-api", ...form };
    const signature = await twilioSignature(AUTH_TOKEN, PUBLIC_URL + path, parameters);
    const headers = { "x-twilio-signature": signature };
    const body = new URLSearchParams(parameters);
    return await (await fetch(this.service.url + path, { method: "POST", headers, body })).text();
  }

  /** The called side picks up: its stream, and the model's session. */
  async answer(callSid: string) {
    const twiml = await this.twilio("/incoming-call", { CallSid: callSid, CallStatus: "in-progress" });
    const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
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

Deno.test("POST /calls places a call; who answers meets the assistant with objective and variables", async () => {
  await using outbound = new Outbound();
  const { status, answer } = await outbound.place(REMIND);
  assertEquals(status, 201);
  const callSid = String(answer.callSid);
  const form = Object.fromEntries(outbound.api.requests[0]?.form ?? []);
  assertEquals([form.To, form.From, form.Url, form.Timeout, form.TimeLimit, form.AsyncAmd], [
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
  await stream[Symbol.asyncDispose]();
  assertEquals((await outbound.service.logged("call ended")).reason, "stream lost");
});

Deno.test("status callbacks out of order are told in order, and an answering machine gets the message", async () => {
  await using outbound = new Outbound();
  const callSid = String((await outbound.place(REMIND)).answer.callSid);
  for (
    const [SequenceNumber, CallStatus] of [["2", "in-progress"], ["0", "initiated"], [
      "1",
      "ringing",
    ]] as const
  ) {
    await outbound.twilio("/call-status", { CallSid: callSid, CallStatus, SequenceNumber });
  }
  const { session, stream } = await outbound.answer(callSid);
  const look = await (await fetch(`${outbound.service.url}/api/calls/${callSid}`)).json();
  assertEquals([look.status, look.state, look.assistant], ["in-progress", "connected", "reminder"]);
  await outbound.twilio("/answered-by", { CallSid: callSid, AnsweredBy: "machine_end_beep" });
  const asked = await session.waitFor("response.create");
  assertMatch(
    String(field(asked, "response", "instructions")),
    /word for word[^]*Please call Example back\./,
  );
  session.respond("r1", { message: 200 });
  stream.mark(await markAfter(stream, 200));
  assertEquals((await outbound.service.logged("call ended")).reason, "answering machine");
  await stream[Symbol.asyncDispose]();
  const ended = { CallSid: callSid, CallStatus: "completed", SequenceNumber: "3", CallDuration: "21" };
  await outbound.twilio("/call-status", ended);
  const after = await (await fetch(`${outbound.service.url}/api/calls/${callSid}`)).json();
  assertEquals([after.status, after.seconds, after.answeredBy], ["completed", 21, "machine_end_beep"]);
});

Deno.test("what cannot or must not be called is refused, and Twilio is asked nothing", async () => {
  await using outbound = new Outbound({
    CALLING_HOURS: "09:00-09:01 Europe/Berlin",
    MAX_OUTBOUND_CALLS: "1",
  });
  const cases: [unknown, number, RegExp][] = [
    ["not json", 422, /no JSON/],
    [{ to: "5551230000" }, 422, /to: allowed: a number/],
    [{ to: ANN, assistant: "nobody" }, 422, /there is no "nobody"/],
    [{ to: ANN, variables: { objective: "x" } }, 422, /objective/],
  ];
  for (const [body, status, detail] of cases) {
    const { status: got, answer } = await outbound.place(body);
    assertEquals(got, status, JSON.stringify(body));
    assertMatch(String(answer.detail), detail);
  }
  assertEquals(outbound.api.requests, []);
  await using without = new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9" });
  const response = await fetch(`${without.url}/calls`, { method: "POST", body: JSON.stringify({ to: ANN }) });
  assertEquals(response.status, 409);
  assertMatch((await response.json()).detail, /TWILIO_ACCOUNT_SID, TWILIO_PHONE_NUMBER, PUBLIC_URL/);
});

Deno.test("Twilio's own refusal is told with its code and what to do", async () => {
  await using outbound = new Outbound();
  outbound.api.instead = () =>
    Response.json({ code: 21219, message: "not verified", status: 400 }, { status: 400 });
  const { status, answer } = await outbound.place({ to: ANN });
  assertEquals(status, 422);
  assertMatch(String(answer.detail), /21219/);
});

Deno.test("only who administers may place calls", async () => {
  await using outbound = new Outbound({ ADMIN_TOKEN: "an admin token of some length" });
  assertEquals((await outbound.place({ to: ANN })).status, 401);
  assertEquals(outbound.api.requests, []);
});
