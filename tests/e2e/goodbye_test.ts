import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import { field } from "../support/field.ts";
import { CALL_SID, connect, type ServiceCall } from "../support/service_call.ts";

/** Connects a call with a time limit of 40 s. */
async function connectLimited(clock: FakeClock, env: Record<string, string> = {}): Promise<ServiceCall> {
  return await connect({ MAX_CALL_SECONDS: "40", MEDIA_TIMEOUT_SECONDS: "600", ...env }, clock);
}

/** Advances the clock in steps, between which both ends answer in real time. */
async function advance(line: ServiceCall, clock: FakeClock, ms: number, stepMs = 5_000): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(left, stepMs));
    await (await fetch(`${line.service.url}/healthz`)).body?.cancel();
  }
}

/** The TwiML for after the stream. */
async function afterStream(line: ServiceCall): Promise<string> {
  const response = await fetch(`${line.service.url}/after-stream?CallSid=${CALL_SID}`);
  const xml = await response.text();
  return xml.slice(xml.indexOf("<Response>"));
}

const HANG_UP = "<Response><Hangup/></Response>";
const TIME_LIMIT_SENTENCE =
  "<Response><Say>This call has reached its time limit. Goodbye.</Say><Hangup/></Response>";

Deno.test("Call at its time limit ends after its goodbye was heard", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  await advance(line, clock, 40_000);
  await line.session.waitFor("input_audio_buffer.clear");
  const request = await line.session.waitFor("response.create");
  assertStringIncludes(String(field(request, "response", "instructions")), "Say goodbye");
  line.session.respond("r1", { bye: 200 });
  const mark = await line.stream.markAfter(200);
  await line.service.logged("response");
  assertEquals(line.stream.closed, undefined);
  line.stream.mark(mark);
  assertEquals((await line.stream.end()).code, 1000);
  assertEquals((await line.service.logged("call ended")).end_reason, "time limit");
  assertEquals(await afterStream(line), HANG_UP);
});

Deno.test("Model gets a note 30 s before the end of a call of a minute or longer", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock, { MAX_CALL_SECONDS: "60" });
  await advance(line, clock, 25_000);
  assertEquals(line.session.receivedOf("conversation.item.create"), []);
  await advance(line, clock, 5_000);
  const note = await line.session.waitFor("conversation.item.create");
  assertEquals(field(note, "item", "role"), "system");
  assertStringIncludes(JSON.stringify(note), "will end in 30 seconds");
  assertEquals(line.session.receivedOf("response.create"), []);
  await advance(line, clock, 30_000);
  await line.session.waitFor("response.create");
});

Deno.test("Goodbye interrupts the running response and waits until it is done", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  await advance(line, clock, 39_000);
  line.session.respond("r1", { long: 5_000 }, { done: false });
  line.stream.echoMarks = true;
  await line.stream.waitFor("media");
  clock.advance(1_000);
  await line.stream.waitFor("clear");
  const truncated = await line.session.waitFor("conversation.item.truncate");
  assertEquals(truncated.item_id, "long");
  assertEquals((await line.session.waitFor("response.cancel")).response_id, "r1");
  assertEquals(line.session.receivedOf("response.create"), [], "the server refuses two responses at a time");
  line.session.done("r1", "cancelled");
  await line.session.waitFor("response.create");
  // The end of the interrupted response is not the end of the goodbye.
  assertEquals(line.stream.closed, undefined);
  line.session.respond("r2", { bye: 100 });
  assertEquals((await line.stream.end()).code, 1000);
  assertEquals(await afterStream(line), HANG_UP);
});

Deno.test("Goodbye is not interrupted by the caller", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  await advance(line, clock, 40_000);
  await line.session.waitFor("response.create");
  line.stream.media(20);
  line.stream.press("1");
  assertEquals((await line.service.logged("key pressed")).digit, undefined);
  assertEquals(line.session.receivedOf("input_audio_buffer.append"), []);
  line.session.respond("r1", { bye: 300 }, { done: false });
  await line.stream.waitFor("media");
  line.session.send({ type: "input_audio_buffer.speech_started", item_id: "i9", audio_start_ms: 0 });
  line.session.done("r1");
  await line.service.logged("response");
  line.stream.mark(await line.stream.markAfter(200));
  clock.advance(200);
  line.stream.mark(await line.stream.markAfter(300));
  await line.stream.end();
  assertEquals(line.stream.of("clear"), []);
  assertEquals(await afterStream(line), HANG_UP);
});

Deno.test("Call ends 2 s after its goodbye must have been played when no mark returns", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  await advance(line, clock, 40_000);
  await line.session.waitFor("response.create");
  line.session.respond("r1", { bye: 300 });
  await line.service.logged("response");
  await advance(line, clock, 2_200);
  assertEquals(line.stream.closed, undefined);
  await advance(line, clock, 200);
  await line.stream.end();
  assertEquals(await afterStream(line), HANG_UP);
});

Deno.test("Goodbye of 20 s is heard to its end", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  line.stream.echoMarks = true;
  await advance(line, clock, 40_000);
  await line.session.waitFor("response.create");
  line.session.respond("r1", { bye: 20_000 });
  await line.service.logged("response");
  await advance(line, clock, 19_500, 100);
  assertEquals(line.stream.closed, undefined);
  await advance(line, clock, 2_500, 100);
  await line.stream.end();
  assertEquals(line.stream.receivedMs, 20_000);
  assertEquals(await afterStream(line), HANG_UP);
});

Deno.test("Goodbye cancels and discards a response to the caller that the model created before it", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  const { session, stream } = line;
  stream.echoMarks = true;
  await advance(line, clock, 39_000);
  session.send({ type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 0 });
  session.send({ type: "input_audio_buffer.speech_stopped", item_id: "u1", audio_end_ms: 1 });
  await line.service.logged("speech stopped");
  clock.advance(1_000);
  await line.service.logged("goodbye");
  const create = await session.waitFor("response.create");
  session.respond("r1", { a1: 20_000 }, { done: false });
  session.send({
    type: "error",
    error: {
      type: "invalid_request_error",
      code: "conversation_already_has_active_response",
      message: "",
      event_id: create.event_id,
    },
  });
  assertEquals((await session.waitFor("response.cancel")).response_id, "r1");
  session.done("r1", "cancelled");
  await session.waitFor("response.create", 2);
  session.respond("r2", { bye: 200 });
  await advance(line, clock, 5_000);
  await stream.end();
  assertEquals(await afterStream(line), HANG_UP);
  // At most the lead of the other response was sent before the refusal.
  assert(stream.receivedMs <= 300 + 200, `${stream.receivedMs} ms`);
});

Deno.test("Goodbye cancels and discards a response that was requested before it and created after it", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  const { session, stream } = line;
  stream.echoMarks = true;
  await advance(line, clock, 39_000);
  stream.press("4#");
  await session.waitFor("response.create");
  clock.advance(1_000);
  await line.service.logged("goodbye");
  session.respond("r1", { a1: 20_000 }, { done: false });
  assertEquals((await session.waitFor("response.cancel")).response_id, "r1");
  session.done("r1", "cancelled");
  const create = await session.waitFor("response.create", 2);
  assertStringIncludes(String(field(create, "response", "instructions")), "Say goodbye");
  session.respond("r2", { bye: 200 });
  await advance(line, clock, 5_000);
  await stream.end();
  assertEquals([stream.receivedMs, await afterStream(line)], [200, HANG_UP]);
});

Deno.test("Goodbye is said before anything that was requested earlier", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  const { session } = line;
  await advance(line, clock, 30_000);
  session.respond("r1", { a1: 100 }, { done: false });
  line.stream.press("4#");
  await session.waitFor("conversation.item.create");
  await advance(line, clock, 10_000);
  await session.waitFor("response.cancel");
  session.done("r1", "cancelled");
  const create = await session.waitFor("response.create");
  assertStringIncludes(String(field(create, "response", "instructions")), "Say goodbye");
});

Deno.test("Twilio says goodbye when no goodbye came within 15 s", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  await advance(line, clock, 40_000);
  await line.session.waitFor("response.create");
  await advance(line, clock, 14_000);
  assertEquals(line.stream.closed, undefined);
  await advance(line, clock, 1_000);
  await line.stream.end();
  assertEquals(await afterStream(line), TIME_LIMIT_SENTENCE);
});

Deno.test("Twilio says goodbye when the model fails to", async (t) => {
  for (const failure of ["failed", "silent", "gone"] as const) {
    await t.step(failure, async () => {
      const clock = new FakeClock();
      await using line = await connectLimited(clock);
      await advance(line, clock, 40_000);
      await line.session.waitFor("response.create");
      if (failure === "gone") line.session.socket.close();
      else line.session.respond("r1", {}, { done: false });
      if (failure === "failed") line.session.done("r1", "failed", { error: { code: "server_error" } });
      if (failure === "silent") line.session.done("r1");
      await line.stream.end();
      assertEquals((await line.service.logged("call ended")).end_reason, "time limit");
      assertEquals(await afterStream(line), TIME_LIMIT_SENTENCE);
    });
  }
});

Deno.test("Call ends as hung up when the caller hangs up during the goodbye", async () => {
  const clock = new FakeClock();
  await using line = await connectLimited(clock);
  await advance(line, clock, 40_000);
  await line.session.waitFor("response.create");
  line.stream.stop();
  assertEquals((await line.service.logged("call ended")).end_reason, "caller hung up");
  clock.advance(15_000);
  assertEquals(line.service.events("call ended").length, 1);
});
