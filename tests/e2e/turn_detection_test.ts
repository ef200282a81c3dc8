import { assertEquals } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import { connect, type ServiceCall } from "../support/service_call.ts";

function place(flags: Record<string, boolean>): Promise<ServiceCall> {
  const turnDetection = { type: "server_vad", ...flags };
  return connect({}, new FakeClock(), {
    assistants: { a: { instructions: "Answer.", greeting: "", turnDetection } },
  });
}

/** The caller says something, as the model's server reports it. */
function say({ session }: ServiceCall, item: string): void {
  session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: item });
  session.send({ type: "input_audio_buffer.speech_stopped", audio_end_ms: 500, item_id: item });
  session.send({ type: "input_audio_buffer.committed", previous_item_id: null, item_id: item });
}

/** Waits until Parley has handled every event sent so far. */
async function handled(call: ServiceCall): Promise<void> {
  const count = call.service.events("model error").length;
  call.session.send({ type: "error", error: { type: "x", code: "marker", message: "marks a position" } });
  await call.service.logged("model error", count + 1);
}

Deno.test("Caller's speech neither stops nor truncates an answer with interruptResponse false, and is answered after it", async () => {
  await using call = await place({ interruptResponse: false });
  const { session, stream } = call;
  session.respond("r1", { i1: 100 }, { done: false });
  await stream.waitFor("mark");
  say(call, "u1");
  // The server could not create a response, because one is in progress.
  const code = "conversation_already_has_active_response";
  session.send({
    type: "error",
    error: { type: "invalid_request_error", code, message: "busy", event_id: null },
  });
  session.speak("r1", "i1", 100);
  await handled(call);
  assertEquals(session.receivedOf("response.create"), [], "the answer is still in progress");
  session.done("r1");
  await session.waitFor("response.create");
  session.respond("r2", { i2: 100 });
  await handled(call);
  assertEquals(stream.of("clear"), []);
  for (const type of ["conversation.item.truncate", "response.cancel"]) {
    assertEquals(session.receivedOf(type), []);
  }
  assertEquals(session.receivedOf("response.create").length, 1);
});

Deno.test("Turn that the server answers itself is not answered twice with interruptResponse false", async () => {
  await using call = await place({ interruptResponse: false });
  const { session } = call;
  say(call, "u1");
  session.respond("r1", { i1: 100 });
  await handled(call);
  assertEquals(session.receivedOf("response.create"), []);
});

Deno.test("Parley requests the response to each turn with createResponse false", async () => {
  await using call = await place({ createResponse: false });
  const { session } = call;
  say(call, "u1");
  await session.waitFor("response.create");
  session.respond("r1", { i1: 100 });
  say(call, "u2");
  await session.waitFor("response.create", 2);
  session.respond("r2", { i2: 100 });
  await handled(call);
  assertEquals(session.receivedOf("response.create").length, 2);
});

Deno.test("Two turns during one answer are answered once", async () => {
  await using call = await place({ createResponse: false, interruptResponse: false });
  const { session } = call;
  session.respond("r1", { i1: 100 }, { done: false });
  for (const item of ["u1", "u2"]) say(call, item);
  session.done("r1");
  await session.waitFor("response.create");
  session.respond("r2", { i2: 100 });
  await handled(call);
  assertEquals(session.receivedOf("response.create").length, 1);
});
