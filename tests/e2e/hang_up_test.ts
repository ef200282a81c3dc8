import { assert, assertEquals, assertMatch } from "@std/assert";
import { field } from "../support/field.ts";
import { connect } from "../support/service_call.ts";

Deno.test("Session lists the built-in tools", async () => {
  await using line = await connect();
  const update = line.session.receivedOf("session.update")[0];
  const tools = field(update, "session", "tools");
  assert(Array.isArray(tools));
  assertEquals(tools.map(({ type, name }) => [type, name]), [["function", "end_call"]]);
  assertEquals(field(update, "session", "tool_choice"), "auto");
});

Deno.test("end_call hangs up after the goodbye's last mark", async () => {
  await using line = await connect();
  line.session.callFunction("r1", "end_call", { speechMs: 300 });
  assertEquals((await line.session.functionOutput()).ok, true);
  const mark = await line.stream.markAfter(300);
  assertEquals(line.service.events("call ended"), []);
  line.stream.mark(mark);
  assertEquals((await line.service.logged("call ended")).end_reason, "assistant hung up");
  assertEquals(line.session.receivedOf("response.create"), [], "no further response is requested");
});

Deno.test("end_call without speech requests a goodbye", async () => {
  await using line = await connect();
  line.session.callFunction("r1", "end_call");
  const request = await line.session.waitFor("response.create");
  assertMatch(String(field(request, "response", "instructions")), /goodbye/);
  line.session.respond("r2", { bye: 200 });
  line.stream.mark(await line.stream.markAfter(200));
  assertEquals((await line.service.logged("call ended")).end_reason, "assistant hung up");
});

Deno.test("end_call is cancelled when the caller speaks during the goodbye", async () => {
  await using line = await connect();
  line.session.callFunction("r1", "end_call", { speechMs: 2_000 });
  await line.session.functionOutput();
  line.session.send({ type: "input_audio_buffer.speech_started" });
  await line.service.logged("action cancelled");
  await line.stream.waitFor("clear");
  const created = line.session.receivedOf("conversation.item.create");
  assertMatch(JSON.stringify(created.at(-1)), /so it was cancelled/);
  for (const mark of line.stream.of("mark")) line.stream.mark(String(field(mark, "mark", "name")));
  line.session.send({ type: "input_audio_buffer.speech_stopped" });
  line.session.respond("r2", { answer: 200 });
  line.stream.mark(await line.stream.markAfter(300));
  await line.service.logged("speech stopped");
  assertEquals(line.service.events("call ended"), []);
});

Deno.test("Unknown tool returns an error and the model responds", async () => {
  await using line = await connect();
  line.session.callFunction("r1", "wire_money", { args: { to: "me" } });
  assertMatch(String((await line.session.functionOutput()).error), /There is no tool "wire_money"/);
  await line.session.waitFor("response.create");
  assertEquals(line.session.receivedOf("response.create").length, 1);
});

Deno.test("Incomplete function call is not run", async () => {
  await using line = await connect();
  const { session } = line;
  session.send({ type: "response.created", response: { id: "r1", status: "in_progress" } });
  const item = { id: "f", type: "function_call", call_id: "c", name: "end_call", arguments: "{" };
  session.send({
    type: "response.output_item.done",
    response_id: "r1",
    item: { ...item, status: "incomplete" },
  });
  session.done("r1", "cancelled", { type: "cancelled", reason: "turn_detected" });
  await line.service.logged("response");
  assertEquals(session.receivedOf("conversation.item.create"), []);
});
