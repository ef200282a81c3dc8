import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeMulaw } from "../../src/audio/g711.js";
import { wavHeader } from "../../src/audio/wav.ts";
import { isObject } from "../../src/json.ts";
import { EventReader } from "../support/event_reader.ts";
import { field } from "../support/field.ts";
import { CALL_SID, connect, type ServiceCall } from "../support/service_call.ts";

const ASSISTANTS = {
  destinations: { sales: { number: "+15550100", about: "Orders & prices", ringSeconds: 15 } },
  assistants: { reception: { greeting: "", tools: ["transfer_call"], transferTo: ["sales"] } },
};

async function watchEvents({ service }: ServiceCall): Promise<EventReader> {
  return new EventReader(await fetch(`${service.url}/api/calls/${CALL_SID}/events`));
}

/** Posts an operator's action. */
async function operate({ service }: ServiceCall, action: string, body: unknown = {}, callSid = CALL_SID) {
  const response = await fetch(`${service.url}/api/calls/${callSid}/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

async function afterStream({ service }: ServiceCall): Promise<string> {
  return await service.post("/after-stream", { CallSid: CALL_SID });
}

Deno.test("Live events carry the turns in order, their latency and the cost", async () => {
  await using line = await connect();
  const watcher = await watchEvents(line);
  const { state, turns } = await watcher.named("call");
  assertEquals([state, turns], ["connected", []]);

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
  await watcher.until('"text":"We open <b>at nine</b>"');
  session.send({
    type: "conversation.item.input_audio_transcription.completed",
    item_id: "u1",
    content_index: 0,
    transcript: "When do you open?",
  });
  await watcher.until('"text":"When do you open?"');
  const turn = (id: string) => watcher.all("turn").findLast((turn) => turn.id === id) ?? {};
  assertEquals([turn("u1").speaker, turn("u1").text, turn("u1").done], ["caller", "When do you open?", true]);
  assertEquals([turn("a1").speaker, turn("a1").previous, turn("a1").done], ["assistant", "u1", false]);
  assertEquals(field(await watcher.named("cost"), "tokens", "textIn"), 0);

  line.stream.mark(await line.stream.markAfter(100));
  assert(typeof (await watcher.named("latency")).playbackMs === "number");

  // A later watcher sees the same.
  const late = await watchEvents(line);
  const record = await late.named("call");
  assert(Array.isArray(record.turns));
  assertEquals(record.turns.map((turn: unknown) => isObject(turn) ? turn.text : turn), [
    "When do you open?",
    "We open <b>at nine</b>",
  ]);
  assertEquals(typeof field(record.turns[1], "latency", "playbackMs"), "number");

  line.stream.stop();
  for (const reader of [watcher, late]) {
    assertEquals(await reader.named("ended"), { endReason: "caller hung up" });
    await reader.untilOver();
  }
});

Deno.test("Live audio carries the caller on the left until the call ends", async () => {
  await using line = await connect();
  const response = await fetch(`${line.service.url}/api/calls/${CALL_SID}/audio`);
  assertEquals(response.headers.get("content-type"), "audio/wav");
  const audio = Uint8Array.from({ length: 160 }, (_, n) => 0x80 + n % 100);
  for (let n = 0; n < 50; n++) line.stream.media(n * 20, audio);
  line.stream.stop();
  const wav = new Uint8Array(await response.arrayBuffer());
  // The header is that of a recording except for the lengths, which are not known before the end.
  const header = wavHeader(2, 8000, 0);
  for (const [from, to] of [[0, 4], [8, 40]]) assertEquals(wav.slice(from, to), header.slice(from, to));
  const samples = new Int16Array(wav.buffer, 44);
  const caller = samples.filter((_, n) => n % 2 === 0);
  const assistant = samples.filter((_, n) => n % 2 === 1);
  // Silence, if the first frame came late.
  const spoken = caller.subarray(caller.findIndex((sample) => sample !== 0));
  for (let n = 0; n < 50; n++) assertEquals(spoken.slice(n * 160, n * 160 + 160), decodeMulaw(audio));
  assertEquals(assistant.every((sample) => sample === 0), true);
});

Deno.test("Whisper reaches the assistant and is recorded as an event", async () => {
  await using line = await connect();
  const watcher = await watchEvents(line);
  assertEquals(await operate(line, "whisper", { text: "  offer a refund " }), { status: 204, text: "" });
  const item = await line.session.waitFor("conversation.item.create");
  assertEquals(field(item, "item", "role"), "system");
  assertStringIncludes(JSON.stringify(item), "not from the caller: offer a refund");
  const { kind, name } = await watcher.named("event");
  assertEquals([kind, name], ["whisper", "offer a refund"]);
  line.session.respond("r1", { a: 20 });
  assertEquals((await watcher.named("changed")).state, "connected");
  await watcher.cancel();
});

Deno.test("Operator's hang-up ends the call without an apology", async () => {
  await using line = await connect();
  assertEquals((await operate(line, "hangup")).status, 204);
  assertEquals(await line.stream.end(), { code: 1000, reason: "" });
  assertEquals((await line.service.logged("call ended")).end_reason, "operator hung up");
  assertStringIncludes(await afterStream(line), "<Response><Hangup/></Response>");
});

for (const [to, number] of [["sales", "+15550100"], ["+15557654321", "+15557654321"]] as const) {
  Deno.test(`Operator's transfer to ${to} closes the stream and dials`, async () => {
    await using line = await connect({}, undefined, ASSISTANTS);
    assertEquals((await operate(line, "transfer", { to })).status, 204);
    assertEquals(await line.stream.end(), { code: 1000, reason: "" });
    const twiml = await afterStream(line);
    assertStringIncludes(twiml, "<Dial ");
    assertStringIncludes(twiml, `>${number}</Number>`);
    assertEquals((await operate(line, "transfer", { to })).status, 409, "the call has no stream");
  });
}

Deno.test("Invalid operator requests are rejected with the reason", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const refused = async (action: string, body: unknown, callSid?: string) => {
    const { status, text } = await operate(line, action, body, callSid);
    return [status, JSON.parse(text).detail];
  };
  const notFound = [404, "No call in progress has this CallSid"];
  assertEquals(await refused("hangup", {}, "CA9"), notFound);
  assertEquals(await refused("whisper", { text: "x" }, "CA9"), notFound);
  assertEquals((await refused("transfer", { to: "+1900" + "0".repeat(20) }))[0], 422);
  assertEquals((await refused("transfer", { to: "boss" }))[0], 422);
  assertEquals((await refused("whisper", { text: " " }))[0], 422);
  assertEquals((await refused("whisper", { text: "x".repeat(2_001) }))[0], 422);
  assertEquals((await refused("whisper", "not an object"))[0], 422);
  assertEquals(await refused("recording", { state: "paused" }), [409, "This call is not recorded"]);

  const url = `${line.service.url}/api/calls/${CALL_SID}/hangup`;
  const elsewhere = await fetch(url, { method: "POST", headers: { origin: "https://evil.example" } });
  assertEquals(elsewhere.status, 403, await elsewhere.text());
  const form = await fetch(`${line.service.url}/api/calls/${CALL_SID}/whisper`, {
    method: "POST",
    body: new URLSearchParams({ text: "x" }),
  });
  assertEquals(form.status, 415, await form.text());
  assertEquals(line.service.events("call ended"), []);
});
