import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeMulaw } from "../../src/audio/g711.ts";
import { wavHeader } from "../../src/audio/wav.ts";
import { isObject } from "../../src/json.ts";
import { EventReader } from "../support/event_reader.ts";
import { CALL, connect, field, type Line, markAfter } from "../support/line.ts";

const ASSISTANTS = {
  destinations: { sales: { number: "+15550100", about: "Orders & prices", ringSeconds: 15 } },
  assistants: { reception: { greeting: "", tools: ["transfer_call"], transferTo: ["sales"] } },
};

async function watch({ service }: Line): Promise<EventReader> {
  return new EventReader(await fetch(`${service.url}/api/calls/${CALL}/events`));
}

/** What a person at the console does. */
async function act({ service }: Line, what: string, body: unknown = {}, callSid = CALL) {
  const response = await fetch(`${service.url}/api/calls/${callSid}/${what}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function afterStream({ service }: Line): Promise<string> {
  const body = new URLSearchParams({ CallSid: CALL, From: "+15551230000", To: "+15559870000" });
  return await (await fetch(`${service.url}/after-stream`, { method: "POST", body })).text();
}

Deno.test("who watches a call sees the words as they come, in their order, and how long and how much", async () => {
  await using line = await connect();
  const watcher = await watch(line);
  const { call, said } = await watcher.named("call");
  assertEquals([field({ call }, "call", "state"), said], ["connected", []]);

  const { session } = line;
  session.send({ type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 0 });
  session.send({ type: "input_audio_buffer.speech_stopped", item_id: "u1", audio_end_ms: 0 });
  session.send({ type: "response.created", response: { id: "r1", status: "in_progress" } });
  session.send({
    type: "conversation.item.added",
    previous_item_id: "u1",
    item: { id: "a1", type: "message", role: "assistant" },
  });
  session.speak("r1", "a1", 300);
  const words = (delta: string) =>
    session.send({ type: "response.output_audio_transcript.delta", response_id: "r1", item_id: "a1", delta });
  words("We open");
  words(" <b>at nine</b>");
  session.done("r1");
  await watcher.until('"text":"We open <b>at nine</b>","done":false');
  session.send({
    type: "conversation.item.input_audio_transcription.completed",
    item_id: "u1",
    content_index: 0,
    transcript: "When do you open?",
  });
  await watcher.until('"id":"u1","who":"caller","text":"When do you open?","done":true');
  assertStringIncludes(watcher.text, '"id":"a1","previous":"u1","who":"assistant"');
  assert((await watcher.named("cost")).inputTokens !== undefined);

  line.stream.mark(await markAfter(line.stream, 100));
  assert(typeof (await watcher.named("turn")).heardMs === "number");

  // Another who looks later sees the same.
  const late = await watch(line);
  const state = await late.named("call");
  assert(Array.isArray(state.said) && Array.isArray(state.turns));
  assertEquals(state.said.map((each: unknown) => isObject(each) ? each.text : each), [
    "When do you open?",
    "We open <b>at nine</b>",
  ]);
  assertEquals(state.turns.length, 1);

  line.stream.stop();
  for (const reader of [watcher, late]) {
    assertEquals(await reader.named("ended"), { reason: "caller hung up" });
    await reader.untilOver();
  }
});

Deno.test("who listens in hears the caller on the left, as it was said, until the call ends", async () => {
  await using line = await connect();
  const response = await fetch(`${line.service.url}/api/calls/${CALL}/audio`);
  assertEquals(response.headers.get("content-type"), "audio/wav");
  const audio = Uint8Array.from({ length: 160 }, (_, n) => 0x80 + n % 100);
  for (let n = 0; n < 50; n++) line.stream.media(n * 20, audio);
  line.stream.stop();
  const wav = new Uint8Array(await response.arrayBuffer());
  // Nobody knows its length before it ends; the header says the same of one that is known otherwise.
  const header = wavHeader(2, 8000, 0);
  for (const [from, to] of [[0, 4], [8, 40]]) assertEquals(wav.slice(from, to), header.slice(from, to));
  const samples = new Int16Array(wav.buffer, 44);
  const caller = samples.filter((_, n) => n % 2 === 0);
  const assistant = samples.filter((_, n) => n % 2 === 1);
  for (let n = 0; n < 50; n++) assertEquals(caller.slice(n * 160, n * 160 + 160), decodeMulaw(audio));
  assertEquals(assistant.every((sample) => sample === 0), true);
});

Deno.test("a whisper reaches the assistant and nobody else; it stays in the record of what happened", async () => {
  await using line = await connect();
  const watcher = await watch(line);
  assertEquals(await act(line, "whisper", { text: "  offer a refund " }), { status: 204, text: "" });
  const item = await line.session.waitFor("conversation.item.create");
  assertEquals(field(item, "item", "role"), "system");
  assertStringIncludes(JSON.stringify(item), "not from the caller: offer a refund");
  const { kind, name } = await watcher.named("event");
  assertEquals([kind, name], ["whisper", "offer a refund"]);
  line.session.respond("r1", { a: 20 });
  assertEquals((await watcher.named("changed")).state, "connected");
  await watcher.cancel();
});

Deno.test("a call is hung up from the console, and the caller hears no apology for it", async () => {
  await using line = await connect();
  assertEquals((await act(line, "hangup")).status, 204);
  assertEquals(await line.stream.end(), { code: 1000, reason: "" });
  assertEquals((await line.service.logged("call ended")).reason, "operator hung up");
  assertStringIncludes(await afterStream(line), "<Response><Hangup/></Response>");
});

for (const [to, number] of [["sales", "+15550100"], ["+15557654321", "+15557654321"]] as const) {
  Deno.test(`a call is taken over to ${to}: the stream closes, and Twilio dials`, async () => {
    await using line = await connect({}, undefined, ASSISTANTS);
    assertEquals((await act(line, "transfer", { to })).status, 204);
    assertEquals(await line.stream.end(), { code: 1000, reason: "" });
    const twiml = await afterStream(line);
    assertStringIncludes(twiml, "<Dial ");
    assertStringIncludes(twiml, `>${number}</Number>`);
    assertEquals((await act(line, "transfer", { to })).status, 409, "nobody is on the line");
  });
}

Deno.test("what nobody can do is refused with the reason", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const refused = async (what: string, body: unknown, callSid?: string) => {
    const { status, text } = await act(line, what, body, callSid);
    return [status, JSON.parse(text).detail];
  };
  const nobody = [404, "There is no such call in progress"];
  assertEquals(await refused("hangup", {}, "CA9"), nobody);
  assertEquals(await refused("whisper", { text: "x" }, "CA9"), nobody);
  assertEquals((await refused("transfer", { to: "+1900" + "0".repeat(20) }))[0], 422);
  assertEquals((await refused("transfer", { to: "boss" }))[0], 422);
  assertEquals((await refused("whisper", { text: " " }))[0], 422);
  assertEquals((await refused("whisper", { text: "x".repeat(2_001) }))[0], 422);
  assertEquals((await refused("whisper", "no object"))[0], 422);
  assertEquals(await refused("recording", { state: "paused" }), [409, "This call is not recorded"]);

  const url = `${line.service.url}/api/calls/${CALL}/hangup`;
  const elsewhere = await fetch(url, { method: "POST", headers: { origin: "https://evil.example" } });
  assertEquals(elsewhere.status, 403, await elsewhere.text());
  const form = await fetch(`${line.service.url}/api/calls/${CALL}/whisper`, {
    method: "POST",
    body: new URLSearchParams({ text: "x" }),
  });
  assertEquals(form.status, 415, await form.text());
  assertEquals(line.service.events("call ended"), []);
});
