import { assert, assertEquals, assertMatch } from "@std/assert";
import { connect, field, type Line, markAfter } from "../support/line.ts";

/** One answer of the model that speaks so long (ms), or not at all, and calls a function. */
function answerWithCall({ session }: Line, id: string, name: string, { speech = 0, args = "{}" } = {}): void {
  session.send({ type: "response.created", response: { id, status: "in_progress" } });
  if (speech > 0) session.speak(id, `${id}-item`, speech);
  const item = { id: `${id}-call`, type: "function_call", call_id: `call-${id}`, name, arguments: args };
  session.send({
    type: "response.output_item.done",
    response_id: id,
    output_index: 1,
    item: { ...item, status: "completed" },
  });
  session.done(id);
}

/** The output of a function the model called, once it has it. */
async function outputOf({ session }: Line, count = 1): Promise<unknown> {
  for (;;) {
    const outputs = session.of("conversation.item.create").filter((event) =>
      field(event, "item", "type") === "function_call_output"
    );
    const output = outputs[count - 1];
    if (output) return JSON.parse(String(field(output, "item", "output")));
    await session.waitFor("conversation.item.create", session.of("conversation.item.create").length + 1);
  }
}

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
  assertEquals(field(await outputOf(line) as never, "ok"), true);
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
  answerWithCall(line, "r1", "wire_money", { args: '{"to":"me"}' });
  assertMatch(String(field(await outputOf(line) as never, "error")), /There is no tool "wire_money"/);
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
