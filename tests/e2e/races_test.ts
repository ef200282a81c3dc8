import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CALL_SID, connect } from "../support/service_call.ts";
import { configOf, TestService, tokenIn } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";
import { WebhookReceiver } from "../support/webhook_receiver.ts";
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioApi } from "../support/twilio_api.ts";

const MODEL = { OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime" };
const SPANISH = { language: "en", languages: { es: { key: "2", offer: "Para español, oprima dos." } } };

/** A webhook receiver and a data folder of the service. */
class Operator extends WebhookReceiver {
  readonly folder = Deno.makeTempDirSync();
  readonly env = { DATA_DIR: this.folder, WEBHOOK_SECRET: "a secret of 24 characters" };

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("Denied caller and call over MAX_CALLS are refused when languages are offered", async () => {
  const file = { assistants: { a: SPANISH } };
  const env = { ...MODEL, DENIED_CALLERS: "+1666*", MAX_CALLS: "1" };
  await using service = new TestService(env, undefined, file);
  const call = (path: string, CallSid: string, From: string) => service.post(path, { CallSid, From });
  assertStringIncludes(await call("/incoming-call", "CA1", "+16665550000"), "<Reject");
  assertStringIncludes(await call("/incoming-call", "CA2", "+15551230000"), "<Gather");
  await call("/language-chosen", "CA2", "+15551230000");
  assertMatch(await call("/incoming-call", "CA3", "+15551230001"), /<Response><Say>[^<]*busy/);
});

Deno.test("Message is delivered when reloaded assistants first name a webhook", async () => {
  await using operator = new Operator();
  const tools = { t: { description: "d", url: `${operator.url}/t`, allowPrivate: true } };
  const file = { tools, assistants: { a: { greeting: "", tools: ["t"] } } };
  await using line = await connect(operator.env, undefined, file);
  const reloaded = {
    tools,
    afterCall: { url: `${operator.url}/after`, allowPrivate: true },
    assistants: { a: { greeting: "", tools: ["t", "take_message"] } },
  };
  await line.service.server.reload(configOf(operator.env, reloaded).assistants);
  const token = await line.service.announce("CA2");
  const session = await line.model.session(1);
  await session.configure();
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.start("CA2", { token, from: "+15551230000" });
  session.callFunction("r1", "take_message", { args: { name: "Ann", number: "1", message: "Call" } });
  assertEquals(await session.functionOutput(), { saved: true });
  assertEquals((await operator.request()).body?.type, "message.taken");
});

Deno.test("Changed webhook address is used from the reload on", async () => {
  await using operator = new Operator();
  const file = (path: string) => ({
    afterCall: { url: operator.url + path, allowPrivate: true },
    assistants: { a: { greeting: "" } },
  });
  await using line = await connect(operator.env, undefined, file("/old"));
  await line.service.server.reload(configOf(operator.env, file("/new")).assistants);
  line.stream.stop();
  assertEquals((await operator.request()).path, "/new");
});

Deno.test("Language switch keeps the summary in the new session's conversation", async () => {
  const file = {
    assistants: {
      a: { greeting: "", language: "en", languages: { es: { voice: "cedar" } }, tools: ["switch_language"] },
    },
  };
  await using line = await connect({}, undefined, file);
  line.session.callFunction("r1", "switch_language", {
    args: { language: "es", summary: "order 4711 is late" },
  });
  const spanish = await line.model.session(1);
  await spanish.configure();
  assertStringIncludes(
    JSON.stringify(await spanish.waitFor("conversation.item.create")),
    "order 4711 is late",
  );
  await line.session.untilClosed();
});

Deno.test("Outbound call is refused when the day's budget is spent", async () => {
  await using operator = new Operator();
  await using api = new TwilioApi();
  const date = new Date().toISOString().slice(0, 10);
  await Deno.writeTextFile(
    `${operator.folder}/spending.json`,
    JSON.stringify({ date, total: 90_000_000, callers: {} }),
  );
  const env = {
    ...MODEL,
    DATA_DIR: operator.folder,
    OPENAI_API_KEY: "sk-test-secret",
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_PHONE_NUMBER: NUMBER,
    TWILIO_API_URL: api.url,
    PUBLIC_URL: "https://phone.example.com",
  };
  const file = { assistants: { a: { greeting: "", limits: { dayUsd: 50 } } } };
  await using service = new TestService(env, undefined, file);
  const body = JSON.stringify({ to: "+15551230000" });
  const response = await fetch(`${service.url}/calls`, { method: "POST", body });
  assertMatch((await response.json()).detail, /budget of assistant "a" is used up/);
  assertEquals([response.status, api.requests], [429, []]);
});

Deno.test("Audio from before a keypad transfer is not played when the caller returns", async () => {
  const file = {
    destinations: { sales: { number: "+15550100" } },
    assistants: { a: { greeting: "", keypad: { menu: { 0: "sales" } } } },
  };
  await using line = await connect({}, undefined, file);
  const { session, service, stream } = line;
  session.respond("r1", { long: 500 }, { done: false });
  await stream.markAfter(100);
  stream.press("0");
  await session.waitFor("response.cancel");
  await session.waitFor("conversation.item.truncate");
  session.speak("r1", "long", 3_000);
  session.done("r1", "cancelled");
  await service.logged("response");
  await service.post("/after-stream", { CallSid: CALL_SID });
  const twiml = await service.post("/after-transfer", { CallSid: CALL_SID, DialCallStatus: "busy" });
  const token = tokenIn(twiml);
  await using back = new StreamClient(service.streamUrl);
  await back.start(CALL_SID, { token, from: "+15551230000" });
  await session.waitFor("response.create");
  session.respond("r2", { sorry: 100 });
  assertEquals(back.of("media"), []);
  await back.markAfter(100);
  assertEquals(back.of("media").length, 1);
});

Deno.test("Tool error text reaches the model and not the log", async () => {
  await using receiver = new WebhookReceiver(() =>
    Response.json({ error: "customer ann@example.com owes 4000" }, { status: 409 })
  );
  const tools = { t: { description: "d", url: `${receiver.url}/t`, allowPrivate: true } };
  const file = { tools, assistants: { a: { greeting: "", tools: ["t"] } } };
  await using line = await connect({}, undefined, file);
  line.session.callFunction("r1", "t");
  assertMatch(String((await line.session.functionOutput()).error), /ann@example\.com/);
  await line.service.logged("tool");
  assertEquals(JSON.stringify(line.service.lines).includes("ann@example.com"), false);
});

Deno.test("Variables webhook is not called for a refused caller", async () => {
  await using operator = new Operator();
  const variables = { url: `${operator.url}/caller`, allowPrivate: true };
  const file = { assistants: { a: { greeting: "", variables } } };
  await using service = new TestService({ ...MODEL, DENIED_CALLERS: "+1666*" }, undefined, file);
  const call = (From: string) => service.post("/incoming-call", { CallSid: `CA${From}`, From, To: "+1" });
  assertStringIncludes(await call("+16665550000"), "<Reject");
  assertEquals(operator.requests, []);
  assertStringIncludes(await call("+15551230000"), "<Connect");
  assertEquals(operator.requests.length, 1);
});
