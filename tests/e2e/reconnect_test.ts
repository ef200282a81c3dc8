import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import { field } from "../support/field.ts";
import { CALL_SID, connect } from "../support/service_call.ts";
import type { ScriptedSession } from "../support/scripted_model.ts";

/** Waits for `count` frames at a session; returns the first byte of each. */
async function framesAt(session: ScriptedSession, count: number): Promise<(number | undefined)[]> {
  await session.waitFor("input_audio_buffer.append", count);
  return session.receivedOf("input_audio_buffer.append")
    .map(({ audio }) => Uint8Array.fromBase64(String(audio))[0]);
}

const frame = (value: number) => new Uint8Array(160).fill(value);

Deno.test("Session lost within a response is replaced by one that knows the turns and finishes it", async () => {
  await using line = await connect();
  const { session, stream, model, service } = line;
  session.send({ type: "response.created", response: { id: "r1", status: "in_progress" } });
  session.speak("r1", "a1", 2_000);
  session.send({
    type: "response.output_audio_transcript.done",
    response_id: "r1",
    item_id: "a1",
    transcript: "We are open from nine to five.",
  });
  stream.mark(await stream.markAfter(100));
  session.socket.close(1011, "server error");
  const next = await model.session(1);
  stream.media(0, frame(1));
  await next.configure();
  const item = await next.waitFor("conversation.item.create");
  assertEquals(field(item, "item", "role"), "assistant");
  assertStringIncludes(JSON.stringify(item), "We are open from nine to five.");
  const request = await next.waitFor("response.create");
  assertMatch(String(field(request, "response", "instructions")), /Finish what you were saying/);
  assertEquals(await framesAt(next, 1), [1], "the caller's audio from before the session was ready");
  next.respond("r2", { a2: 100 });
  await service.logged("response");
  assertEquals([service.events("call ended"), stream.closed, stream.of("clear")], [[], undefined, []]);

  const events = await (await fetch(`${service.url}/api/calls/${CALL_SID}/events`)).body?.getReader();
  const { value } = await events?.read() ?? {};
  await events?.cancel();
  assertStringIncludes(new TextDecoder().decode(value), '"kind":"reconnect","name":"closed"');
});

Deno.test("Expired session is replaced without a new response", async () => {
  await using line = await connect();
  const { session, model, service } = line;
  session.respond("r1", { a1: 100 });
  await service.logged("response");
  session.send({ type: "error", error: { type: "x", code: "session_expired", message: "60 minutes" } });
  session.socket.close(1001, "Your session hit the maximum duration of 60 minutes.");
  const next = await model.session(1);
  await next.configure();
  await service.logged("session ready", 2);
  line.stream.media(0, frame(7));
  assertEquals(await framesAt(next, 1), [7]);
  assertEquals(next.receivedOf("response.create"), []);
  assertEquals(service.events("call ended"), []);
});

Deno.test("Caller's utterance is replayed from its start when the session is lost", async () => {
  await using line = await connect();
  const { session, stream, model, service } = line;
  let timestamp = 0;
  const speak = (value: number) => stream.media(20 * timestamp++, frame(value));
  session.send({
    type: "response.output_audio_transcript.done",
    response_id: "r0",
    item_id: "a0",
    transcript: "Hello.",
  });
  speak(1);
  await framesAt(session, 1);
  session.send({ type: "input_audio_buffer.speech_started", item_id: "u1", audio_start_ms: 0 });
  await service.logged("speech started");
  speak(2);
  await framesAt(session, 2);
  session.socket.close(1011, "gone");
  const next = await model.session(1);
  speak(3);
  await next.configure();
  assertEquals(await framesAt(next, 3), [1, 2, 3]);
  // The replayed audio may get a response at once, so the earlier turns must precede it.
  assertEquals(next.received.slice(0, 3).map(({ type }) => type), [
    "session.update",
    "conversation.item.create",
    "input_audio_buffer.append",
  ]);
});

Deno.test("Call ends with an apology when reconnects fail for 10 s", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  const { session, stream, model, service } = line;
  model.refuseStatus = 503;
  session.socket.close(1011, "gone");
  await service.logged("model failed");
  for (const [index, waitMs] of [0, 250, 500, 1_000, 2_000].entries()) {
    clock.advance(waitMs);
    await service.logged("model failed", index + 2);
  }
  assertEquals(service.events("call ended"), []);
  clock.advance(6_250);
  assertEquals((await service.logged("call ended")).end_reason, "model failed");
  await stream.end();
  const body = new URLSearchParams({ CallSid: CALL_SID });
  const twiml = await (await fetch(`${service.url}/after-stream`, { method: "POST", body })).text();
  assertMatch(twiml, /<Say>We are sorry/);
});

Deno.test("Caller who hangs up during a reconnect leaves no session", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  line.model.refuseStatus = 503;
  line.session.socket.close(1011, "gone");
  await line.service.logged("model failed");
  clock.advance(0);
  await line.service.logged("model failed", 2);
  const sessions = line.model.sessions.length;
  line.stream.stop();
  await line.service.logged("call ended");
  line.model.refuseStatus = undefined;
  clock.advance(5_000);
  assertEquals(line.model.sessions.length, sessions);
});

Deno.test("Call ends when the model drops every session", async () => {
  const clock = new FakeClock();
  await using line = await connect({}, clock);
  const { model, service } = line;
  for (const [index, waitMs] of [0, 250, 500, 1_000, 2_000, 2_000, undefined].entries()) {
    const session = await model.session(index);
    if (index > 0) await session.configure();
    await service.logged("session ready", index + 1);
    session.socket.close(1011, "gone");
    await service.logged("model failed", index + 1);
    if (waitMs !== undefined) clock.advance(waitMs);
  }
  assertEquals((await service.logged("call ended")).end_reason, "model failed");
});
