import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { Bell } from "../support/bell.ts";
import { answerWithCall, connect, field, type Line, markAfter, outputOf, sentMs } from "../support/line.ts";

/** A service of the owner's: keeps what it was asked, and answers what a test says. */
class OwnService implements AsyncDisposable {
  readonly got: { path: string; headers: Headers; body: JsonObject | undefined }[] = [];
  answer: () => Response | Promise<Response> = () => Response.json({ status: "shipped" });
  readonly #bell = new Bell();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const headers = new Headers([...request.headers]);
    this.got.push({ path: pathname + search, headers, body: parseObject(await request.text()) });
    this.#bell.ring();
    return await this.answer();
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async asked(count = 1) {
    return await this.#bell.until(`${count} requests`, () => this.got[count - 1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function assistants(own: OwnService, reception: JsonObject) {
  return {
    tools: {
      look_up_order: {
        description: "Finds an order",
        parameters: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
        url: `${own.url}/orders/{{order}}`,
        headers: { authorization: "Bearer ${TOOL_KEY}" },
        allowPrivate: true,
        timeoutSeconds: 2,
      },
      open_account: {
        description: "Opens an account",
        parameters: { type: "object", properties: {} },
        url: `${own.url}/account`,
        headers: { "x-pin": "{{secret.pin}}" },
        allowPrivate: true,
      },
    },
    afterCall: { url: `${own.url}/after`, allowPrivate: true, summary: true },
    assistants: {
      reception: {
        greeting: "",
        tools: ["end_call", "look_up_order", "open_account", "take_message", "send_digits"],
        keypad: { secrets: { pin: { digits: 4 } } },
        ...reception,
      },
    },
  };
}

const ENV = { TOOL_KEY: "key-of-the-shop", WEBHOOK_SECRET: "a secret of 24 characters" };

async function connectWith(own: OwnService, reception: JsonObject = {}): Promise<Line & { folder: string }> {
  const folder = await Deno.makeTempDir();
  const line = await connect({ ...ENV, DATA_DIR: folder }, undefined, assistants(own, reception));
  return {
    ...line,
    folder,
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function press(line: Line, digits: string): void {
  for (const digit of digits) {
    line.stream.send({
      event: "dtmf",
      streamSid: line.stream.streamSid,
      sequenceNumber: "5",
      dtmf: { track: "inbound_track", digit },
    });
  }
}

Deno.test("an HTTP tool is asked with its secret, and the model speaks of the answer", async () => {
  await using own = new OwnService();
  await using line = await connectWith(own);
  answerWithCall(line, "r1", "look_up_order", { args: { order: "A/7" } });
  assertEquals(await outputOf(line), { status: "shipped" });
  await line.session.waitFor("response.create");
  const [{ path, headers } = { path: "", headers: new Headers() }] = own.got;
  assertEquals([path, headers.get("authorization")], ["/orders/A%2F7", "Bearer key-of-the-shop"]);
  const log = JSON.stringify(line.service.lines);
  assertEquals([log.includes("key-of-the-shop"), log.includes("A/7")], [false, false]);
});

Deno.test("while a tool hangs, audio flows and the caller can interrupt; then it is given up", async () => {
  await using own = new OwnService();
  const hanging = Promise.withResolvers<Response>();
  own.answer = () => hanging.promise.then((response) => response.clone());
  await using line = await connectWith(own);
  answerWithCall(line, "r1", "look_up_order", { speech: 500, args: { order: "1" } });
  await own.asked();
  line.stream.media(0);
  await line.session.waitFor("input_audio_buffer.append");
  await markAfter(line.stream, 150);
  line.session.send({ type: "input_audio_buffer.speech_started" });
  await line.stream.waitFor("clear");
  line.session.send({ type: "input_audio_buffer.speech_stopped" });
  assertMatch(String((await outputOf(line)).error), /longer than 2 s/);
  hanging.resolve(Response.json({}));
  // It would be asked for a summary.
  line.session.send({ type: "error", error: { type: "x", code: "insufficient_quota", message: "no" } });
  await line.service.logged("call ended");
});

Deno.test("a secret entered on the keypad reaches the tool, and neither model nor log", async () => {
  await using own = new OwnService();
  await using line = await connectWith(own);
  answerWithCall(line, "r1", "collect_digits", { args: { name: "pin" } });
  await line.service.logged("answer");
  press(line, "73");
  line.stream.media(0, new Uint8Array(160).fill(0x11));
  const muted = await line.session.waitFor("input_audio_buffer.append");
  assertEquals([...Uint8Array.fromBase64(String(muted.audio))].every((byte) => byte === 0xff), true);
  press(line, "19");
  assertEquals(await outputOf(line), { entered: true });
  line.stream.media(20, new Uint8Array(160).fill(0x11));
  const heard = await line.session.waitFor("input_audio_buffer.append", 2);
  assertEquals(Uint8Array.fromBase64(String(heard.audio))[0], 0x11);
  answerWithCall(line, "r2", "open_account");
  assertEquals((await own.asked()).headers.get("x-pin"), "7319");
  await outputOf(line, 2);
  assertEquals(JSON.stringify([line.session.got, line.service.lines]).includes("7319"), false);
});

Deno.test("keys the caller presses are told to the model as text, and answered", async () => {
  await using own = new OwnService();
  await using line = await connectWith(own);
  press(line, "12#");
  const note = await line.session.waitFor("conversation.item.create");
  assertStringIncludes(JSON.stringify(note), "The caller pressed these keys: 12");
  await line.session.waitFor("response.create");
});

Deno.test("send_digits plays its tones in band, and a barge-in does not cut them", async () => {
  await using own = new OwnService();
  await using line = await connectWith(own);
  answerWithCall(line, "r1", "send_digits", { args: { digits: "1w2" } });
  await line.stream.waitFor("mark");
  line.session.send({ type: "input_audio_buffer.speech_started" });
  const ms = 2 * 200 + 500;
  let marks = 0;
  while (sentMs(line.stream) < ms) {
    line.stream.mark(String(field(await line.stream.waitFor("mark", ++marks), "mark", "name")));
  }
  for (const mark of line.stream.of("mark").slice(marks)) {
    line.stream.mark(String(field(mark, "mark", "name")));
  }
  assertEquals(await outputOf(line), { sent: "1w2" });
  assertEquals(sentMs(line.stream), ms);
});

Deno.test("take_message and the end of a call are sent to the owner, signed", async () => {
  await using own = new OwnService();
  await using line = await connectWith(own);
  const message = { name: "Ann", number: "+15551230000", message: "Call <me> back" };
  answerWithCall(line, "r1", "take_message", { args: message });
  assertEquals(await outputOf(line), { kept: true });
  line.stream.stop();
  await own.asked(2);
  const byType = new Map(own.got.map(({ body, headers, path }) => [body?.type, { body, headers, path }]));
  const taken = byType.get("message.taken");
  assertEquals([taken?.path, field(taken?.body, "data", "message")], ["/after", "Call <me> back"]);
  assertMatch(taken?.headers.get("webhook-signature") ?? "", /^v1,[A-Za-z0-9+/]{43}=$/);
  const ended = byType.get("call.ended")?.body;
  assertEquals(
    [field(ended, "data", "reason"), field(ended, "data", "assistant"), field(ended, "data", "from")],
    ["caller hung up", "reception", "+15551230000"],
  );
  assertEquals(field(ended, "data", "messages"), [{ ...message, urgent: false }]);
  await line.session.end();
});

Deno.test("the owner is told what was said, in order and as far as it was heard, and what was done", async () => {
  await using own = new OwnService();
  await using line = await connectWith(own);
  const { session, stream } = line;
  const added = (id: string, previous: string | null, role?: string) =>
    session.send({
      type: "conversation.item.added",
      previous_item_id: previous,
      item: { id, type: "message", role },
    });
  session.send({ type: "input_audio_buffer.speech_started" });
  session.send({ type: "input_audio_buffer.speech_stopped" });
  added("u1", null, "user");
  added("r1-item", "u1", "assistant");
  answerWithCall(line, "r1", "look_up_order", { speech: 400, args: { order: "7" } });
  const words = "Your order has been shipped and will be there tomorrow";
  session.send({ type: "response.output_audio_transcript.done", item_id: "r1-item", transcript: words });
  const mark = await markAfter(stream, 200);
  // The caller's words are transcribed after the answer.
  const late = { item_id: "u1", transcript: "Where is my order?" };
  session.send({ type: "conversation.item.input_audio_transcription.completed", ...late });
  await outputOf(line);
  stream.mark(mark);
  session.send({ type: "input_audio_buffer.speech_started" });
  await line.service.logged("barge-in");
  stream.stop();
  await line.service.logged("call ended");
  session.socket.close();
  const index = () => own.got.findIndex(({ body }) => body?.type === "call.ended");
  while (index() < 0) await own.asked(own.got.length + 1);
  const data = own.got[index()]?.body?.data;
  const said = field({ data }, "data", "said");
  assert(Array.isArray(said));
  assertEquals(said.map(({ who, cut }) => [who, cut]), [["caller", undefined], ["assistant", true]]);
  assertEquals(said[0].text, "Where is my order?");
  assertEquals([words.startsWith(said[1].text), said[1].text.length < words.length], [true, true]);
  assertEquals([said[1].totalMs, said[1].heardMs < 400], [400, true]);
  const events = field({ data }, "data", "events");
  assert(Array.isArray(events));
  assertEquals(events.map(({ kind, name }) => [kind, name]), [["tool", "look_up_order"], [
    "barge-in",
    "r1-item",
  ]]);
});

Deno.test("the model sums a call up when it is over, and the owner is told", async () => {
  await using own = new OwnService();
  for (const [i, writes] of [true, false].entries()) {
    await using line = await connectWith(own);
    const { session, stream } = line;
    session.send({ type: "input_audio_buffer.speech_started" });
    session.send({ type: "input_audio_buffer.speech_stopped" });
    session.respond("r1", { answer: 2_000 }, { done: false });
    await markAfter(stream, 150);
    stream.stop();
    await line.service.logged("call ended");
    const asked = await session.waitFor("response.create");
    assertEquals(field(asked, "response", "conversation"), "none");
    assertEquals(field(asked, "response", "output_modalities"), ["text"]);
    // The answer it was giving ends first, and is not the summary.
    session.done("r1", "cancelled");
    const content = [{ type: "output_text", text: "Ann wants a boat." }];
    const response = {
      id: "r2",
      status: writes ? "completed" : "failed",
      metadata: field(asked, "response", "metadata"),
      output: writes ? [{ type: "message", role: "assistant", content }] : [],
    };
    session.send({ type: "response.done", response });
    await session.end();
    await own.asked(i + 1);
    const ended = own.got[i]?.body;
    assertEquals(field(ended, "data", "summary"), writes ? "Ann wants a boat." : undefined);
    assertEquals(field(ended, "data", "turns"), 1);
  }
});

Deno.test("another language is another voice: a new session that knows what was said", async () => {
  await using own = new OwnService();
  await using line = await connectWith(own, {
    language: "en",
    languages: { es: { voice: "cedar" } },
    tools: ["switch_language"],
  });
  answerWithCall(line, "r1", "switch_language", {
    args: { language: "es", summary: "Wants a table for two" },
  });
  const spanish = await line.model.session(1);
  const update = await spanish.configure();
  assertEquals(field(update, "audio", "output", "voice"), "cedar");
  const asked = await spanish.waitFor("response.create");
  assertMatch(String(field(asked, "response", "instructions")), /Speak Spanish[^]*Wants a table for two/);
  await line.session.end();
  assertEquals(line.service.events("call ended"), []);
});

Deno.test("values of the owner's webhook are in the instructions before the call", async () => {
  await using own = new OwnService();
  own.answer = () => Response.json({ name: "Ann {{objective}}" });
  await using line = await connectWith(own, {
    variables: { url: `${own.url}/caller`, allowPrivate: true },
    instructions: "You speak with {{name}} at {{caller}}. {{nobody_knows}}",
  });
  const update = line.session.of("session.update")[0];
  assertEquals(
    field(update, "session", "instructions"),
    "You speak with Ann {{objective}} at +15551230000. ",
  );
  assertEquals(field(own.got[0]?.body, "from"), "+15551230000");
});

Deno.test("whatever the model is talked into, it reaches configured places only", async () => {
  await using own = new OwnService();
  await using elsewhere = new OwnService();
  await using line = await connectWith(own);
  const evil = elsewhere.url.slice("http://".length);
  const orders = [
    `@${evil}/`,
    `//${evil}/x`,
    `https://${evil}`,
    "..",
    "../account",
    "1?x=1#",
    "\r\nHost: evil",
    "169.254.169.254",
  ];
  const tricks: [string, unknown][] = [
    ...orders.map((order): [string, unknown] => ["look_up_order", { order }]),
    ["look_up_order", { order: "1", url: elsewhere.url, headers: { authorization: "mine" } }],
    ["transfer_call", { destination: "+19005551234" }],
    ["send_digits", { digits: "+19005551234" }],
    ["collect_digits", { name: "card" }],
    ["switch_language", { language: "es", summary: "" }],
    ["open_account", { "secret.pin": "0000" }],
  ];
  for (const [i, [name, args]] of tricks.entries()) {
    answerWithCall(line, `r${i}`, name, { args });
    await outputOf(line, i + 1);
  }
  assertEquals(elsewhere.got, []);
  const paths = own.got.map(({ path }) => path);
  assertEquals(paths.every((path) => /^\/orders\/[^/?#]+$/.test(path)), true, paths.join(" "));
  assertEquals(
    own.got.every(({ headers }) => headers.get("authorization") === "Bearer key-of-the-shop"),
    true,
  );
  assertEquals([sentMs(line.stream), line.service.events("transfer").length], [0, 0]);
});
