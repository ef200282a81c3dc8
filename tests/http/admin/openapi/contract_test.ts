import { assert, assertEquals } from "@std/assert";
import { startService } from "../../../../src/app/service.ts";
import { openApiDocument } from "../../../../src/http/admin/openapi/openapi_document.ts";
import { EventReader } from "../../../support/event_reader.ts";
import { ScriptedModel } from "../../../support/scripted_model.ts";
import { configOf, tokenIn } from "../../../support/service.ts";
import { StreamClient } from "../../../support/stream_client.ts";
import { ACCOUNT_SID, KEY_SECRET, KEY_SID, NUMBER, TwilioApi } from "../../../support/twilio_api.ts";
import { poll } from "../../../support/wait_until.ts";
import { ApiSchemas, type Json } from "./api_schemas.ts";

const ADMIN_TOKEN = "correct-horse-battery";
const CALL_SID = "CA00000000000000000000000000000001";
const LATER_CALL_SID = "CA00000000000000000000000000000002";
/** Schemas of the server-sent events of one call. */
const EVENT_SCHEMAS: Readonly<Record<string, string>> = {
  call: "LiveCall",
  turn: "Turn",
  latency: "TurnLatency",
  level: "Level",
  event: "CallEvent",
  cost: "Cost",
  changed: "CallOverview",
  ended: "CallEnd",
};

const ACTION_BODIES: Readonly<Record<string, unknown>> = {
  "/api/calls/{sid}/whisper": { text: "Be brief." },
  "/api/calls/{sid}/transfer": { to: "sales" },
  "/api/calls/{sid}/recording": { state: "on" },
};

/** Sends requests to a service and validates every response against the OpenAPI document. */
class ContractClient {
  readonly schemas = new ApiSchemas();
  /** `METHOD path status` of every response so far. */
  readonly seen = new Set<string>();
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** @param path A path of the document; `{sid}` is replaced. */
  async open(
    method: "GET" | "POST",
    path: string,
    { sid = CALL_SID, query = "", headers = {}, body }: {
      sid?: string;
      query?: string;
      headers?: Record<string, string>;
      body?: unknown;
    } = {},
  ): Promise<Response> {
    const response = await fetch(this.#url + path.replace("{sid}", sid) + query, {
      method,
      redirect: "manual",
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const name = `${method} ${path} ${response.status}`;
    const item = Object.entries(openApiDocument().paths[path] ?? {})
      .find(([documented]) => documented === method.toLowerCase())?.[1];
    const described = item?.responses[String(response.status)];
    assert(described, `${name} is not in the document`);
    const type = response.headers.get("content-type")?.split(";")[0];
    assertEquals(type === undefined ? [] : [type], Object.keys(described.content ?? {}), name);
    this.seen.add(name);
    return response;
  }

  /** Sends a request and reads the whole response. @returns the parsed JSON, or the text. */
  async send(...request: Parameters<ContractClient["open"]>): Promise<unknown> {
    const [method, path] = request;
    const response = await this.open(...request);
    const type = response.headers.get("content-type")?.split(";")[0] ?? "";
    if (!type.endsWith("json")) return await response.text();
    const body = await response.json();
    const pointer = ["paths", path, method.toLowerCase(), "responses", String(response.status)];
    this.schemas.check([...pointer, "content", type, "schema"], body);
    return body;
  }
}

/** The events that a reader received, by name. */
function eventsOf({ text }: EventReader): [name: string, data: Json][] {
  return [...text.matchAll(/^event: (\w+)\ndata: (.+)$/gm)].map(([, name = "", data = ""]) => [
    name,
    JSON.parse(data),
  ]);
}

async function announce(url: string, callSid: string): Promise<string> {
  const body = new URLSearchParams({ CallSid: callSid, From: "+15551230000", To: NUMBER });
  const twiml = await (await fetch(`${url}/incoming-call`, { method: "POST", body })).text();
  return tokenIn(twiml);
}

/** One turn of the caller and one of the model. */
async function talk(model: ScriptedModel): Promise<void> {
  const session = await model.session();
  session.send({ type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 0 });
  session.send({ type: "input_audio_buffer.speech_stopped", item_id: "u1", audio_end_ms: 400 });
  session.send({ type: "response.created", response: { id: "r1", status: "in_progress" } });
  session.send({
    type: "conversation.item.added",
    previous_item_id: "u1",
    item: { id: "a1", type: "message", role: "assistant" },
  });
  session.speak("r1", "a1", 100);
  session.send({
    type: "response.output_audio_transcript.delta",
    response_id: "r1",
    item_id: "a1",
    delta: "At nine.",
  });
  session.done("r1");
  session.send({
    type: "conversation.item.input_audio_transcription.completed",
    item_id: "u1",
    content_index: 0,
    transcript: "When do you open?",
  });
}

Deno.test("every documented route answers as the OpenAPI document says", async () => {
  const folder = await Deno.makeTempDir();
  await using model = new ScriptedModel();
  await using twilio = new TwilioApi();
  const config = configOf({
    PORT: "0",
    LOG_LEVEL: "error",
    DATA_DIR: folder,
    ADMIN_TOKEN,
    RECORDING: "on",
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_API_KEY_SID: KEY_SID,
    TWILIO_API_KEY_SECRET: KEY_SECRET,
    TWILIO_PHONE_NUMBER: NUMBER,
    TWILIO_API_URL: twilio.url,
    PUBLIC_URL: "https://phone.example.com",
  }, {
    destinations: { sales: { number: "+15550100", about: "prices" } },
    assistants: { reception: { greeting: "" } },
  });
  const finding = {
    check: "port",
    level: "warning" as const,
    message: "busy",
    remedy: "stop the other program",
  };
  const service = await startService(config, undefined, () => Promise.resolve([finding]));
  const client = new ContractClient(service.url);

  // The service.
  for (const path of ["/", "/healthz", "/readyz", "/metrics", "/api/setup", "/api/check"]) {
    await client.send("GET", path);
  }
  await client.send("GET", "/", { headers: { accept: "text/html" } });
  assertEquals(await client.send("GET", "/api/openapi.json"), { ...openApiDocument() });

  // An outbound call.
  const placed = await client.send("POST", "/calls", {
    body: { to: "+15551230000", objective: "Remind Ann." },
  });
  await client.send("GET", "/api/calls/{sid}", { sid: String(Object(placed).callSid) });
  await client.send("POST", "/calls", { body: { to: "nobody" } });

  // A call while it runs.
  const token = await announce(service.url, CALL_SID);
  await (await model.session()).configure();
  const allCalls = new EventReader(await client.open("GET", "/api/events", { query: "?activity=true" }));
  const oneCall = new EventReader(await client.open("GET", "/api/calls/{sid}/events"));
  await using stream = new StreamClient(`${service.url.replace("http", "ws")}/media-stream`);
  stream.echoMarks = true;
  await stream.start(CALL_SID, { token, from: "+15551230000" });
  let frames = 0;
  const sending = setInterval(() => stream.media(frames++ * 20), 20);
  await talk(model);
  await oneCall.named("cost");
  await oneCall.named("latency");
  await oneCall.named("level");
  await client.send("GET", "/api/calls");
  const running = await client.send("GET", "/api/calls/{sid}");
  const audio = await client.open("GET", "/api/calls/{sid}/audio");
  await audio.body?.cancel();
  await client.send("POST", "/api/calls/{sid}/whisper", { body: { text: "Be brief." } });
  await client.send("POST", "/api/calls/{sid}/whisper", { body: { text: "" } });
  await client.send("POST", "/api/calls/{sid}/whisper", { headers: { "content-type": "text/plain" } });
  await client.send("POST", "/api/calls/{sid}/recording", { body: { state: "paused" } });
  await client.send("POST", "/api/calls/{sid}/recording", { body: { state: "on" } });
  await client.send("POST", "/api/calls/{sid}/transfer", { body: { to: "nowhere" } });
  await client.send("POST", "/api/calls/{sid}/transfer", { body: { to: "sales" } });
  await client.send("POST", "/api/calls/{sid}/hangup");
  clearInterval(sending);
  await oneCall.untilOver();

  // The same call after it ended.
  const ended = await poll("the call with its recording", async () => {
    const response = await client.open("GET", "/api/calls/{sid}").catch(() => undefined);
    const call: unknown = await response?.json();
    return Object(call).recording?.state === "stored" && call;
  });
  await client.send("GET", "/api/calls/{sid}");
  const typesOf = (call: unknown) =>
    Object.entries(Object(call)).map(([name, value]) =>
      `${name}: ${Array.isArray(value) ? "array" : typeof value}`
    );
  const onlyEnded = ["endedAt: string", "endReason: string"];
  assertEquals(
    typesOf(ended).sort(),
    [...typesOf(running), ...onlyEnded].sort(),
    "fields differ once the call ended",
  );
  await client.send("GET", "/api/calls", { query: "?search=nine&limit=10" });
  await client.send("GET", "/api/calls", { query: "?limit=0" });
  await client.send("GET", "/api/stats", { query: "?offset=60" });
  await client.send("GET", "/api/stats", { query: "?since=yesterday" });
  await client.send("GET", "/api/assistants");
  await client.send("GET", "/api/calls/{sid}/levels");
  await client.send("GET", "/api/calls/{sid}/recording.wav");
  await client.send("GET", "/api/calls/{sid}/recording.wav", { headers: { range: "bytes=0-43" } });
  await client.send("GET", "/api/calls/{sid}/recording.wav", { headers: { range: "bytes=999999999-" } });

  // Events.
  const events = eventsOf(oneCall);
  for (const [name, data] of events) {
    client.schemas.checkNamed(EVENT_SCHEMAS[name] ?? `unknown event ${name}`, data);
  }
  assertEquals(Object.keys(EVENT_SCHEMAS).filter((name) => !events.some(([seen]) => seen === name)), []);
  for (const [name, data] of eventsOf(allCalls)) {
    if (name === "call") client.schemas.checkNamed("CallChange", data);
    else if (name === "activity") {
      for (const each of Object(data).calls) client.schemas.checkNamed("CallActivity", each);
    } else client.schemas.checkNamed("CallList", { ...data, ended: [] });
  }

  // Refusals, of every route.
  for (const [path, item] of Object.entries(openApiDocument().paths)) {
    for (const [method, { security, responses }] of Object.entries(item)) {
      const verb = method === "post" ? "POST" : "GET";
      if (!security) await client.send(verb, path, { headers: { authorization: "" } });
      if (path.includes("{sid}") && "404" in responses) {
        await client.send(verb, path, { sid: "CAunknown", body: ACTION_BODIES[path] });
      }
    }
  }

  // Draining, held up by another call.
  await announce(service.url, LATER_CALL_SID);
  service.send("drain");
  for (let polls = 0; !client.seen.has("GET /readyz 503"); polls++) {
    assert(polls < 500, "the service did not start to drain");
    await client.send("GET", "/readyz");
  }
  await client.send("POST", "/calls", { body: { to: "+15551230000" } });
  await allCalls.cancel();
  service.send("stop");
  await service.stopped;
  await Deno.remove(folder, { recursive: true });

  const successes = Object.entries(openApiDocument().paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { responses }]) =>
      Object.keys(responses).filter((status) => status < "400").map((status) =>
        `${method.toUpperCase()} ${path} ${status}`
      )
    )
  );
  assertEquals(successes.filter((name) => !client.seen.has(name)), [], "routes that were not tested");
});
