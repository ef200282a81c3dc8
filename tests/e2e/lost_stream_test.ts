import { assertEquals, assertStringIncludes } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import { field } from "../support/field.ts";
import { tokenIn } from "../support/service.ts";
import { CALL_SID, connect, type ServiceCall } from "../support/service_call.ts";
import { StreamClient } from "../support/stream_client.ts";
import { WebhookReceiver } from "../support/webhook_receiver.ts";

/** Twilio's request after the stream of a caller who is still on the line. */
async function afterStream({ service }: ServiceCall, CallStatus = "in-progress"): Promise<string> {
  return await service.post("/after-stream", { CallSid: CALL_SID, CallStatus });
}

/** The assistant says a sentence, and the caller hears it. */
async function say({ session, stream, service }: ServiceCall, clock: FakeClock, text: string): Promise<void> {
  session.send({ type: "response.created", response: { id: "r1" } });
  session.speak("r1", "a1", 200);
  session.send({
    type: "response.output_audio_transcript.done",
    response_id: "r1",
    item_id: "a1",
    transcript: text,
  });
  session.done("r1");
  const mark = await stream.markAfter(200);
  await service.logged("response");
  clock.advance(200);
  stream.mark(mark);
}

Deno.test("Caller whose stream was lost is connected again to the same session, with one record and webhook", async () => {
  await using receiver = new WebhookReceiver();
  await using line = await connect(
    { WEBHOOK_SECRET: `whsec_${new Uint8Array(32).toBase64()}` },
    undefined,
    {
      afterCall: { url: receiver.url, allowPrivate: true },
      default: "a",
      assistants: { a: { greeting: "" } },
    },
  );
  line.session.send({ type: "response.created", response: { id: "r1" } });
  line.session.speak("r1", "a1", 5_000);
  await line.stream.markAfter(200);
  line.stream.close();
  await line.service.logged("stream lost");
  const twiml = await afterStream(line);
  assertStringIncludes(twiml, "<Connect");
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.start(CALL_SID, { token: tokenIn(twiml), from: "+15551230000" });
  await line.service.logged("stream started", 2);
  // The answer goes on.
  await stream.markAfter(200);
  stream.stop();
  const { end_reason } = await line.service.logged("call ended");
  await stream.end();
  assertEquals([end_reason, line.model.sessions.length], ["caller hung up", 1]);
  assertEquals(field((await receiver.request()).body, "type"), "call.ended");
  await line.service.stop();
  assertEquals([receiver.requests.length, line.service.events("call ended").length], [1, 1]);
});

Deno.test("Caller comes back before the service has noticed that the stream is lost", async () => {
  await using line = await connect();
  line.stream.media(0);
  const twiml = await afterStream(line);
  assertEquals(await line.stream.end(), { code: 1000, reason: "" });
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.start(CALL_SID, { token: tokenIn(twiml), from: "+15551230000" });
  await line.service.logged("stream started", 2);
  assertEquals([line.model.sessions.length, line.service.events("call ended").length], [1, 0]);
});

Deno.test("Caller who returns after the grace has a new session, and the assistant goes on", async () => {
  const clock = new FakeClock();
  await using line = await connect({ STREAM_GRACE_SECONDS: "0" }, clock);
  await say(line, clock, "Your table is booked for nine.");
  line.stream.close();
  await line.service.logged("call ended");
  const twiml = await afterStream(line);
  assertStringIncludes(twiml, "<Connect");
  const session = await line.model.session(1);
  await session.configure();
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.start(CALL_SID, { token: tokenIn(twiml), from: "+15551230000" });
  await line.service.logged("stream started", 2);
  const note = await session.waitFor("conversation.item.create");
  assertStringIncludes(JSON.stringify(note), "Your table is booked for nine.");
  const request = await session.waitFor("response.create");
  assertStringIncludes(String(field(request, "response", "instructions")), "back on the line");
  // A call whose line breaks again and again ends with an apology.
  stream.close();
  for (let loss = 2; loss <= 3; loss++) {
    await line.service.logged("call ended", loss);
    const next = await afterStream(line);
    if (loss === 3) {
      assertStringIncludes(next, "We are sorry");
      break;
    }
    await (await line.model.session(loss)).configure();
    await using again = new StreamClient(line.service.streamUrl);
    await again.start(CALL_SID, { token: tokenIn(next), from: "+15551230000" });
    await line.service.logged("stream started", loss + 1);
    again.close();
  }
});

Deno.test("Caller who hung up is not connected again", async () => {
  await using line = await connect();
  line.stream.close();
  await line.service.logged("stream lost");
  const twiml = await afterStream(line, "completed");
  assertEquals(twiml.includes("<Connect"), false);
  assertEquals((await line.service.logged("call ended")).end_reason, "caller hung up");
});

Deno.test("Call that Twilio connects again through the webhook is given its conversation", async () => {
  const clock = new FakeClock();
  await using line = await connect({ GREETING: "Say hello." }, clock);
  await line.session.waitFor("response.create");
  await say(line, clock, "Hello, this is Parley.");
  line.stream.stop();
  await line.service.logged("call ended");
  const token = await line.service.announce(CALL_SID);
  const session = await line.model.session(1);
  await session.configure();
  await using stream = new StreamClient(line.service.streamUrl);
  await stream.start(CALL_SID, { token, from: "+15551230000" });
  await line.service.logged("stream started", 2);
  assertStringIncludes(
    JSON.stringify(await session.waitFor("conversation.item.create")),
    "Hello, this is Parley.",
  );
  const request = await session.waitFor("response.create");
  assertEquals(String(field(request, "response", "instructions")).includes("Say hello."), false);
});
