import { assert, assertEquals, assertMatch } from "@std/assert";
import { answerWithCall, connect, field, markAfter, outputOf } from "../support/line.ts";

Deno.test("the session is told of the tools there are", async () => {
  await using line = await connect();
  const update = line.session.of("session.update")[0];
  const tools = field(update, "session", "tools");
  assert(Array.isArray(tools));
  assertEquals(tools.map(({ type, name }) => [type, name]), [["function", "end_call"]]);
  assertEquals(field(update, "session", "tool_choice"), "auto");
});

Deno.test("end_call: what was said with it is the goodbye, and is heard to its last mark", async () => {
  await using line = await connect();
  answerWithCall(line, "r1", "end_call", { speech: 300 });
  assertEquals((await outputOf(line)).ok, true);
  const mark = await markAfter(line.stream, 300);
  assertEquals(line.service.events("call ended"), []);
  line.stream.mark(mark);
  assertEquals((await line.service.logged("call ended")).reason, "assistant hung up");
  assertEquals(line.session.of("response.create"), [], "nothing more is asked for");
});

Deno.test("end_call without a word: the model is asked for a goodbye", async () => {
  await using line = await connect();
  answerWithCall(line, "r1", "end_call");
  const asked = await line.session.waitFor("response.create");
  assertMatch(String(field(asked, "response", "instructions")), /goodbye/);
  line.session.respond("r2", { bye: 200 });
  line.stream.mark(await markAfter(line.stream, 200));
  assertEquals((await line.service.logged("call ended")).reason, "assistant hung up");
});

Deno.test("a caller who speaks during the goodbye of end_call stays on the line", async () => {
  await using line = await connect();
  answerWithCall(line, "r1", "end_call", { speech: 2_000 });
  await outputOf(line);
  line.session.send({ type: "input_audio_buffer.speech_started" });
  await line.service.logged("called off");
  await line.stream.waitFor("clear");
  const created = line.session.of("conversation.item.create");
  assertMatch(JSON.stringify(created.at(-1)), /called off/);
  for (const mark of line.stream.of("mark")) line.stream.mark(String(field(mark, "mark", "name")));
  line.session.send({ type: "input_audio_buffer.speech_stopped" });
  line.session.respond("r2", { answer: 200 });
  line.stream.mark(await markAfter(line.stream, 300));
  await line.service.logged("speech stopped");
  assertEquals(line.service.events("call ended"), []);
});

Deno.test("a tool that is not there is an error the model is told of, and speaks about", async () => {
  await using line = await connect();
  answerWithCall(line, "r1", "wire_money", { args: { to: "me" } });
  assertMatch(String((await outputOf(line)).error), /There is no tool "wire_money"/);
  await line.session.waitFor("response.create");
  assertEquals(line.session.of("response.create").length, 1);
});

Deno.test("a call of a tool that was cut off is not run", async () => {
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
  await line.service.logged("answer");
  assertEquals(session.of("conversation.item.create"), []);
});
