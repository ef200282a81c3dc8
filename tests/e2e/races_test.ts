import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { Bell } from "../support/bell.ts";
import { answerWithCall, CALL, connect, markAfter, outputOf } from "../support/line.ts";
import { configOf, TestService } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioApi } from "../support/twilio_api.ts";

const MODEL = { OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime" };
const SPANISH = { language: "en", languages: { es: { key: "2", offer: "Para español, oprima dos." } } };

async function post(url: string, form: Record<string, string>): Promise<string> {
  return await (await fetch(url, { method: "POST", body: new URLSearchParams(form) })).text();
}

/** A place of the owner's that is told of calls, and a folder of the service's. */
class Owner implements AsyncDisposable {
  readonly got: { path: string; body: JsonObject | undefined }[] = [];
  readonly folder = Deno.makeTempDirSync();
  readonly env = { DATA_DIR: this.folder, WEBHOOK_SECRET: "a secret of 24 characters" };
  readonly #bell = new Bell();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    this.got.push({ path: new URL(request.url).pathname, body: parseObject(await request.text()) });
    this.#bell.ring();
    return new Response();
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async told() {
    return await this.#bell.until("the owner to be told", () => this.got[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("a denied caller and one too many are turned away, also where languages are offered", async () => {
  const file = { assistants: { a: SPANISH } };
  const env = { ...MODEL, DENIED_CALLERS: "+1666*", MAX_CALLS: "1" };
  await using service = new TestService(env, undefined, file);
  const call = (path: string, CallSid: string, From: string) =>
    post(service.url + path, { CallSid, From, To: "+15559870000" });
  assertStringIncludes(await call("/incoming-call", "CA1", "+16665550000"), "<Reject");
  assertStringIncludes(await call("/incoming-call", "CA2", "+15551230000"), "<Gather");
  await call("/language-chosen", "CA2", "+15551230000");
  assertMatch(await call("/incoming-call", "CA3", "+15551230001"), /<Response><Say>[^<]*busy/);
});

Deno.test("a message is kept where the assistants were read again and first say where to", async () => {
  await using owner = new Owner();
  const tools = { t: { description: "d", url: `${owner.url}/t`, allowPrivate: true } };
  const file = { tools, assistants: { a: { greeting: "", tools: ["t"] } } };
  await using line = await connect(owner.env, undefined, file);
  const renewed = {
    tools,
    afterCall: { url: `${owner.url}/after`, allowPrivate: true },
    assistants: { a: { greeting: "", tools: ["t", "take_message"] } },
  };
  await line.service.server.reload(configOf(owner.env, renewed).assistants);
  const token = await line.service.announce("CA2");
  const session = await line.model.session(1);
  await session.configure();
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.start("CA2", { token, from: "+15551230000" });
  answerWithCall({ session }, "r1", "take_message", { args: { name: "Ann", number: "1", message: "Call" } });
  assertEquals(await outputOf({ session }), { kept: true });
  assertEquals((await owner.told()).body?.type, "message.taken");
});

Deno.test("another address for what happened is used from the moment the assistants are read again", async () => {
  await using owner = new Owner();
  const file = (path: string) => ({
    afterCall: { url: owner.url + path, allowPrivate: true },
    assistants: { a: { greeting: "" } },
  });
  await using line = await connect(owner.env, undefined, file("/old"));
  await line.service.server.reload(configOf(owner.env, file("/new")).assistants);
  line.stream.stop();
  assertEquals((await owner.told()).path, "/new");
});

Deno.test("what was said before a switch of language stays known for longer than one answer", async () => {
  const file = {
    assistants: {
      a: { greeting: "", language: "en", languages: { es: { voice: "cedar" } }, tools: ["switch_language"] },
    },
  };
  await using line = await connect({}, undefined, file);
  answerWithCall(line, "r1", "switch_language", { args: { language: "es", summary: "order 4711 is late" } });
  const spanish = await line.model.session(1);
  await spanish.configure();
  assertStringIncludes(
    JSON.stringify(await spanish.waitFor("conversation.item.create")),
    "order 4711 is late",
  );
  await line.session.end();
});

Deno.test("nobody is called once the day's money is spent", async () => {
  await using owner = new Owner();
  await using api = new TwilioApi();
  const date = new Date().toISOString().slice(0, 10);
  await Deno.writeTextFile(
    `${owner.folder}/spending.json`,
    JSON.stringify({ date, total: 90_000_000, callers: {} }),
  );
  const env = {
    ...MODEL,
    DATA_DIR: owner.folder,
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
  assertMatch((await response.json()).detail, /spending limit/);
  assertEquals([response.status, api.requests], [429, []]);
});

Deno.test("what was being said when a key passed the caller on is not played to one who comes back", async () => {
  const file = {
    destinations: { sales: { number: "+15550100" } },
    assistants: { a: { greeting: "", keypad: { menu: { 0: "sales" } } } },
  };
  await using line = await connect({}, undefined, file);
  const { session, service, stream } = line;
  session.respond("r1", { long: 500 }, { done: false });
  await markAfter(stream, 100);
  const dtmf = { track: "inbound_track", digit: "0" };
  stream.send({ event: "dtmf", streamSid: stream.streamSid, sequenceNumber: "5", dtmf });
  await session.waitFor("response.cancel");
  await session.waitFor("conversation.item.truncate");
  session.speak("r1", "long", 3_000);
  session.done("r1", "cancelled");
  await service.logged("answer");
  await post(`${service.url}/after-stream`, { CallSid: CALL });
  const twiml = await post(`${service.url}/after-transfer`, { CallSid: CALL, DialCallStatus: "busy" });
  const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
  await using back = new StreamClient(service.streamUrl);
  await back.start(CALL, { token, from: "+15551230000" });
  await session.waitFor("response.create");
  session.respond("r2", { sorry: 100 });
  assertEquals(back.of("media"), []);
  await markAfter(back, 100);
  assertEquals(back.of("media").length, 1);
});

Deno.test("what a service says of a customer is for the model, and not for the log", async () => {
  await using own = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ error: "customer ann@example.com owes 4000" }, { status: 409 }),
  );
  const url = `http://127.0.0.1:${own.addr.port}/t`;
  const tools = { t: { description: "d", url, allowPrivate: true } };
  const file = { tools, assistants: { a: { greeting: "", tools: ["t"] } } };
  await using line = await connect({}, undefined, file);
  answerWithCall(line, "r1", "t");
  assertMatch(String((await outputOf(line)).error), /ann@example\.com/);
  await line.service.logged("tool");
  assertEquals(JSON.stringify(line.service.lines).includes("ann@example.com"), false);
});

Deno.test("of a caller who is turned away, the owner's webhook is not asked", async () => {
  await using owner = new Owner();
  const variables = { url: `${owner.url}/caller`, allowPrivate: true };
  const file = { assistants: { a: { greeting: "", variables } } };
  await using service = new TestService({ ...MODEL, DENIED_CALLERS: "+1666*" }, undefined, file);
  const call = (From: string) =>
    post(`${service.url}/incoming-call`, { CallSid: `CA${From}`, From, To: "+1" });
  assertStringIncludes(await call("+16665550000"), "<Reject");
  assertEquals(owner.got, []);
  assertStringIncludes(await call("+15551230000"), "<Connect");
  assertEquals(owner.got.length, 1);
});
