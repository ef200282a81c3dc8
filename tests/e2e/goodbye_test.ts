import { assertEquals, assertStringIncludes } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import { CALL, connect, field, type Line, markAfter } from "../support/line.ts";

/** A call that may last 40 s, and says nothing yet. */
async function limited(clock: FakeClock, env: Record<string, string> = {}): Promise<Line> {
  return await connect({ MAX_CALL_SECONDS: "40", MEDIA_TIMEOUT_SECONDS: "600", ...env }, clock);
}

/** Lets time pass without the model's socket thinking that the line is dead: its pings are answered in real time. */
async function pass(line: Line, clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    clock.advance(Math.min(left, 5_000));
    await (await fetch(`${line.service.url}/healthz`)).body?.cancel();
  }
}

/** What Twilio is told to do after the stream. */
async function afterStream(line: Line): Promise<string> {
  const response = await fetch(`${line.service.url}/after-stream?CallSid=${CALL}`);
  const xml = await response.text();
  return xml.slice(xml.indexOf("<Response>"));
}

const SILENT = "<Response><Hangup/></Response>";
const TIME_IS_OVER = "<Response><Say>The time for this call is over. Goodbye.</Say><Hangup/></Response>";

Deno.test("a call at its limit: the assistant says goodbye, and the line stays open until that was heard", async () => {
  const clock = new FakeClock();
  await using line = await limited(clock);
  await pass(line, clock, 40_000);
  await line.session.waitFor("input_audio_buffer.clear");
  const asked = await line.session.waitFor("response.create");
  assertStringIncludes(String(field(asked, "response", "instructions")), "Say goodbye");
  line.session.respond("r1", { bye: 200 });
  const mark = await markAfter(line.stream, 200);
  await line.service.logged("answer");
  assertEquals(line.stream.closed, undefined);
  line.stream.mark(mark);
  assertEquals((await line.stream.end()).code, 1000);
  assertEquals((await line.service.logged("call ended")).reason, "time limit");
  assertEquals(await afterStream(line), SILENT);
});

Deno.test("a call of a minute and longer is told 30 s before its end, and of nothing else", async () => {
  const clock = new FakeClock();
  await using line = await limited(clock, { MAX_CALL_SECONDS: "60" });
  await pass(line, clock, 25_000);
  assertEquals(line.session.of("conversation.item.create"), []);
  await pass(line, clock, 5_000);
  const note = await line.session.waitFor("conversation.item.create");
  assertEquals(field(note, "item", "role"), "system");
  assertStringIncludes(JSON.stringify(note), "will be ended in 30 seconds");
  assertEquals(line.session.of("response.create"), []);
  await pass(line, clock, 30_000);
  await line.session.waitFor("response.create");
});

Deno.test("a goodbye cuts what the assistant was saying, and waits for that answer to be done", async () => {
  const clock = new FakeClock();
  await using line = await limited(clock);
  await pass(line, clock, 39_000);
  line.session.respond("r1", { long: 5_000 }, { done: false });
  line.stream.echoMarks = true;
  await line.stream.waitFor("media");
  clock.advance(1_000);
  await line.stream.waitFor("clear");
  const truncated = await line.session.waitFor("conversation.item.truncate");
  assertEquals(truncated.item_id, "long");
  assertEquals((await line.session.waitFor("response.cancel")).response_id, "r1");
  assertEquals(line.session.of("response.create"), [], "two responses at a time are refused");
  line.session.done("r1", "cancelled");
  await line.session.waitFor("response.create");
  // The end of the answer that was cut is not the end of the goodbye.
  assertEquals(line.stream.closed, undefined);
  line.session.respond("r2", { bye: 100 });
  assertEquals((await line.stream.end()).code, 1000);
  assertEquals(await afterStream(line), SILENT);
});

Deno.test("nothing the caller says cuts a goodbye", async () => {
  const clock = new FakeClock();
  await using line = await limited(clock);
  await pass(line, clock, 40_000);
  await line.session.waitFor("response.create");
  line.stream.media(20);
  line.stream.send({
    event: "dtmf",
    streamSid: line.stream.streamSid,
    dtmf: { track: "inbound_track", digit: "1" },
  });
  assertEquals((await line.service.logged("key pressed")).digit, undefined);
  assertEquals(line.session.of("input_audio_buffer.append"), []);
  line.session.respond("r1", { bye: 300 }, { done: false });
  await line.stream.waitFor("media");
  line.session.send({ type: "input_audio_buffer.speech_started", item_id: "i9", audio_start_ms: 0 });
  line.session.done("r1");
  await line.service.logged("answer");
  line.stream.mark(await markAfter(line.stream, 200));
  clock.advance(200);
  line.stream.mark(await markAfter(line.stream, 300));
  await line.stream.end();
  assertEquals(line.stream.of("clear"), []);
  assertEquals(await afterStream(line), SILENT);
});

Deno.test("a goodbye that nobody hears within 15 s is said by Twilio", async () => {
  const clock = new FakeClock();
  await using line = await limited(clock);
  await pass(line, clock, 40_000);
  await line.session.waitFor("response.create");
  line.session.respond("r1", { bye: 300 });
  await line.stream.waitFor("media");
  await pass(line, clock, 14_000);
  assertEquals(line.stream.closed, undefined);
  await pass(line, clock, 1_000);
  await line.stream.end();
  assertEquals(await afterStream(line), TIME_IS_OVER);
});

Deno.test("a goodbye the model fails to say is said by Twilio", async (t) => {
  for (const how of ["failed", "silent", "gone"] as const) {
    await t.step(how, async () => {
      const clock = new FakeClock();
      await using line = await limited(clock);
      await pass(line, clock, 40_000);
      await line.session.waitFor("response.create");
      if (how === "gone") line.session.socket.close();
      else line.session.respond("r1", {}, { done: false });
      if (how === "failed") line.session.done("r1", "failed", { error: { code: "server_error" } });
      if (how === "silent") line.session.done("r1");
      await line.stream.end();
      assertEquals((await line.service.logged("call ended")).reason, "time limit");
      assertEquals(await afterStream(line), TIME_IS_OVER);
    });
  }
});

Deno.test("a caller who hangs up in mid-goodbye has hung up", async () => {
  const clock = new FakeClock();
  await using line = await limited(clock);
  await pass(line, clock, 40_000);
  await line.session.waitFor("response.create");
  line.stream.stop();
  assertEquals((await line.service.logged("call ended")).reason, "caller hung up");
  clock.advance(15_000);
  assertEquals(line.service.events("call ended").length, 1);
});
