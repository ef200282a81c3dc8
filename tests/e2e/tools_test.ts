import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../src/json.ts";
import { field } from "../support/field.ts";
import { connect, type ServiceCall } from "../support/service_call.ts";
import { WebhookReceiver } from "../support/webhook_receiver.ts";

const shipped = () => Response.json({ status: "shipped" });

function assistants(receiver: WebhookReceiver, reception: JsonObject) {
  return {
    tools: {
      look_up_order: {
        description: "Finds an order",
        parameters: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
        url: `${receiver.url}/orders/{{order}}`,
        headers: { authorization: "Bearer ${TOOL_KEY}" },
        allowPrivate: true,
        timeoutSeconds: 2,
      },
      open_account: {
        description: "Opens an account",
        parameters: { type: "object", properties: {} },
        url: `${receiver.url}/account`,
        headers: { "x-pin": "{{secret.pin}}" },
        allowPrivate: true,
      },
    },
    afterCall: { url: `${receiver.url}/after`, allowPrivate: true, summary: true },
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

async function connectWith(
  receiver: WebhookReceiver,
  reception: JsonObject = {},
): Promise<ServiceCall & { folder: string }> {
  const folder = await Deno.makeTempDir();
  const line = await connect({ ...ENV, DATA_DIR: folder }, undefined, assistants(receiver, reception));
  return {
    ...line,
    folder,
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("HTTP tool sends its secret header and its result reaches the model", async () => {
  await using receiver = new WebhookReceiver(shipped);
  await using line = await connectWith(receiver);
  line.session.callFunction("r1", "look_up_order", { args: { order: "A/7" } });
  assertEquals(await line.session.functionOutput(), { status: "shipped" });
  await line.session.waitFor("response.create");
  const [{ path, headers } = { path: "", headers: new Headers() }] = receiver.requests;
  assertEquals([path, headers.get("authorization")], ["/orders/A%2F7", "Bearer key-of-the-shop"]);
  const log = JSON.stringify(line.service.lines);
  assertEquals([log.includes("key-of-the-shop"), log.includes("A/7")], [false, false]);
});

Deno.test("Audio and barge-in work while a tool hangs, until it times out", async () => {
  await using receiver = new WebhookReceiver(shipped);
  const hanging = Promise.withResolvers<Response>();
  receiver.respond = () => hanging.promise.then((response) => response.clone());
  await using line = await connectWith(receiver);
  line.session.callFunction("r1", "look_up_order", { speechMs: 500, args: { order: "1" } });
  await receiver.request();
  line.stream.media(0);
  await line.session.waitFor("input_audio_buffer.append");
  await line.stream.markAfter(150);
  line.session.send({ type: "input_audio_buffer.speech_started" });
  await line.stream.waitFor("clear");
  line.session.send({ type: "input_audio_buffer.speech_stopped" });
  assertMatch(String((await line.session.functionOutput()).error), /longer than 2 s/);
  hanging.resolve(Response.json({}));
  // Without a model that still writes a summary.
  line.session.send({ type: "error", error: { type: "x", code: "insufficient_quota", message: "no" } });
  await line.service.logged("call ended");
});

Deno.test("Keypad secret reaches the tool and neither model nor log", async () => {
  await using receiver = new WebhookReceiver(shipped);
  await using line = await connectWith(receiver);
  line.session.callFunction("r1", "collect_digits", { args: { name: "pin" } });
  await line.service.logged("response");
  line.stream.press("73");
  line.stream.media(0, new Uint8Array(160).fill(0x11));
  const muted = await line.session.waitFor("input_audio_buffer.append");
  assertEquals([...Uint8Array.fromBase64(String(muted.audio))].every((byte) => byte === 0xff), true);
  line.stream.press("19");
  assertEquals(await line.session.functionOutput(), { entered: true });
  line.stream.media(20, new Uint8Array(160).fill(0x11));
  const heard = await line.session.waitFor("input_audio_buffer.append", 2);
  assertEquals(Uint8Array.fromBase64(String(heard.audio))[0], 0x11);
  line.session.callFunction("r2", "open_account");
  assertEquals((await receiver.request()).headers.get("x-pin"), "7319");
  await line.session.functionOutput(2);
  assertEquals(JSON.stringify([line.session.received, line.service.lines]).includes("7319"), false);
});

Deno.test("Pressed keys are sent to the model as text and answered", async () => {
  await using receiver = new WebhookReceiver(shipped);
  await using line = await connectWith(receiver);
  line.stream.press("12#");
  const note = await line.session.waitFor("conversation.item.create");
  assertStringIncludes(JSON.stringify(note), "The caller pressed these keys: 12");
  await line.session.waitFor("response.create");
});

Deno.test("send_digits plays its tones in band without interruption by a barge-in", async () => {
  await using receiver = new WebhookReceiver(shipped);
  await using line = await connectWith(receiver);
  line.session.callFunction("r1", "send_digits", { args: { digits: "1w2" } });
  await line.stream.waitFor("mark");
  line.session.send({ type: "input_audio_buffer.speech_started" });
  const ms = 2 * 200 + 500;
  let marks = 0;
  while (line.stream.receivedMs < ms) {
    line.stream.mark(String(field(await line.stream.waitFor("mark", ++marks), "mark", "name")));
  }
  for (const mark of line.stream.of("mark").slice(marks)) {
    line.stream.mark(String(field(mark, "mark", "name")));
  }
  assertEquals(await line.session.functionOutput(), { sent: "1w2" });
  assertEquals(line.stream.receivedMs, ms);
});

Deno.test("take_message and the end of the call are sent to the webhook, signed", async () => {
  await using receiver = new WebhookReceiver(shipped);
  await using line = await connectWith(receiver);
  const message = { name: "Ann", number: "+15551230000", message: "Call <me> back" };
  line.session.callFunction("r1", "take_message", { args: message });
  assertEquals(await line.session.functionOutput(), { saved: true });
  line.stream.stop();
  await receiver.request(2);
  const byType = new Map(
    receiver.requests.map(({ body, headers, path }) => [body?.type, { body, headers, path }]),
  );
  const taken = byType.get("message.taken");
  assertEquals([taken?.path, field(taken?.body, "data", "message")], ["/after", "Call <me> back"]);
  assertMatch(taken?.headers.get("webhook-signature") ?? "", /^v1,[A-Za-z0-9+/]{43}=$/);
  const ended = byType.get("call.ended")?.body;
  assertEquals(
    [field(ended, "data", "endReason"), field(ended, "data", "assistant"), field(ended, "data", "from")],
    ["caller hung up", "reception", "+15551230000"],
  );
  assertEquals(field(ended, "data", "messages"), [{ kind: "message", ...message, urgent: false }]);
  await line.session.untilClosed();
});

Deno.test("call.ended webhook lists the heard part of turns in order, and events", async () => {
  await using receiver = new WebhookReceiver(shipped);
  await using line = await connectWith(receiver);
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
  line.session.callFunction("r1", "look_up_order", { speechMs: 400, args: { order: "7" } });
  const words = "Your order has been shipped and will be there tomorrow";
  session.send({ type: "response.output_audio_transcript.done", item_id: "r1-item", transcript: words });
  const mark = await stream.markAfter(200);
  // The caller's turn is transcribed after the response.
  const late = { item_id: "u1", transcript: "Where is my order?" };
  session.send({ type: "conversation.item.input_audio_transcription.completed", ...late });
  await line.session.functionOutput();
  stream.mark(mark);
  session.send({ type: "input_audio_buffer.speech_started" });
  await line.service.logged("barge-in");
  stream.stop();
  await line.service.logged("call ended");
  session.socket.close();
  const index = () => receiver.requests.findIndex(({ body }) => body?.type === "call.ended");
  while (index() < 0) await receiver.request(receiver.requests.length + 1);
  const data = receiver.requests[index()]?.body?.data;
  const turns = field({ data }, "data", "turns");
  assert(Array.isArray(turns));
  assertEquals(turns.map(({ speaker, interrupted }) => [speaker, interrupted]), [
    ["caller", undefined],
    ["assistant", true],
  ]);
  assertEquals(turns[0].text, "Where is my order?");
  assertEquals([words.startsWith(turns[1].text), turns[1].text.length < words.length], [true, true]);
  assertEquals([turns[1].totalMs, turns[1].heardMs < 400], [400, true]);
  const events = field({ data }, "data", "events");
  assert(Array.isArray(events));
  assertEquals(events.map(({ kind, name }) => [kind, name]), [["tool", "look_up_order"], [
    "barge-in",
    "r1-item",
  ]]);
});

Deno.test("call.ended webhook has the model's summary when the model writes one", async () => {
  await using receiver = new WebhookReceiver(shipped);
  for (const [i, writes] of [true, false].entries()) {
    await using line = await connectWith(receiver);
    const { session, stream } = line;
    session.send({ type: "input_audio_buffer.speech_started" });
    session.send({ type: "input_audio_buffer.speech_stopped" });
    session.respond("r1", { answer: 2_000 }, { done: false });
    await stream.markAfter(150);
    stream.stop();
    await line.service.logged("call ended");
    const request = await session.waitFor("response.create");
    assertEquals(field(request, "response", "conversation"), "none");
    assertEquals(field(request, "response", "output_modalities"), ["text"]);
    // The interrupted response ends first and is not the summary.
    session.done("r1", "cancelled");
    const content = [{ type: "output_text", text: "Ann wants a boat." }];
    const response = {
      id: "r2",
      status: writes ? "completed" : "failed",
      metadata: field(request, "response", "metadata"),
      output: writes ? [{ type: "message", role: "assistant", content }] : [],
    };
    session.send({ type: "response.done", response });
    await session.untilClosed();
    await receiver.request(i + 1);
    const ended = receiver.requests[i]?.body;
    assertEquals(field(ended, "data", "summary"), writes ? "Ann wants a boat." : undefined);
    assertEquals(field(ended, "data", "callerTurns"), 1);
  }
});

Deno.test("switch_language opens a session with another voice and the summary", async () => {
  await using receiver = new WebhookReceiver(shipped);
  await using line = await connectWith(receiver, {
    language: "en",
    languages: { es: { voice: "cedar" } },
    tools: ["switch_language"],
  });
  line.session.callFunction("r1", "switch_language", {
    args: { language: "es", summary: "Wants a table for two" },
  });
  const spanish = await line.model.session(1);
  const update = await spanish.configure();
  assertEquals(field(update, "audio", "output", "voice"), "cedar");
  const request = await spanish.waitFor("response.create");
  assertMatch(String(field(request, "response", "instructions")), /Speak Spanish[^]*Wants a table for two/);
  await line.session.untilClosed();
  assertEquals(line.service.events("call ended"), []);
});

Deno.test("Instructions contain the variables webhook's values before the call", async () => {
  await using receiver = new WebhookReceiver(shipped);
  receiver.respond = () => Response.json({ name: "Ann {{objective}}" });
  await using line = await connectWith(receiver, {
    variables: { url: `${receiver.url}/caller`, allowPrivate: true },
    instructions: "You speak with {{name}} at {{caller}}. {{nobody_knows}}",
  });
  const update = line.session.receivedOf("session.update")[0];
  assertEquals(
    field(update, "session", "instructions"),
    "You speak with Ann {{objective}} at +15551230000. ",
  );
  assertEquals(field(receiver.requests[0]?.body, "from"), "+15551230000");
});

Deno.test("Tools reach only configured addresses whatever arguments the model sends", async () => {
  await using receiver = new WebhookReceiver(shipped);
  await using elsewhere = new WebhookReceiver(shipped);
  await using line = await connectWith(receiver);
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
    line.session.callFunction(`r${i}`, name, { args });
    await line.session.functionOutput(i + 1);
  }
  assertEquals(elsewhere.requests, []);
  const paths = receiver.requests.map(({ path }) => path);
  assertEquals(paths.every((path) => /^\/orders\/[^/?#]+$/.test(path)), true, paths.join(" "));
  assertEquals(
    receiver.requests.every(({ headers }) => headers.get("authorization") === "Bearer key-of-the-shop"),
    true,
  );
  assertEquals([line.stream.receivedMs, line.service.events("transfer").length], [0, 0]);
});
