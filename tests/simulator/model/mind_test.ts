/** What a model does that follows a plan: function calls, failures, and the vendor's rules meanwhile. */

import { assert, assertEquals } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { encodeMulaw } from "../../../src/audio/g711.ts";
import type { Mind, ResponsePlan } from "../../../src/simulator/model/plan.ts";
import { startRehearsalModel } from "../../../src/simulator/model/server.ts";
import { ModelFault, type WatchedEvent } from "../../../src/simulator/model/wire.ts";
import { joined, silence, speakInto, speechLike, telephone, WireClient } from "./support.ts";

const speech = (ms: number, transcript = "Hello.") => ({
  type: "speech" as const,
  audio: new Uint8Array(ms * 8).fill(0x55),
  transcript,
});
const call = (callId: string, name: string, args = "{}", overMs = 0) => ({
  type: "call" as const,
  callId,
  name,
  arguments: args,
  overMs,
});
const plan = (
  pieces: ResponsePlan["pieces"],
  end: ResponsePlan["end"] = { type: "completed" },
  delayMs = 0,
): ResponsePlan => ({ pieces, delayMs, end });

/** A client of a model that follows these plans, one after the other. */
async function meet(plans: (ResponsePlan | ModelFault)[], mind: Partial<Mind> = {}) {
  const model = startRehearsalModel({
    mind: {
      ...mind,
      respond() {
        const next = plans.shift() ?? plan([]);
        if (next instanceof ModelFault) throw next;
        return next;
      },
    },
  });
  const client = await WireClient.open(model.url, telephone());
  return {
    client,
    async ask() {
      client.send({ type: "response.create" });
      const { response } = Object(await client.next("response.done"));
      await client.next("rate_limits.updated");
      return response;
    },
    answer: (callId: string, output = "{}") =>
      client.send({
        type: "conversation.item.create",
        item: { type: "function_call_output", call_id: callId, output },
      }),
    async [Symbol.asyncDispose]() {
      await client.close();
      await model.close();
    },
  };
}

/** The item of an event. */
function item(event: WatchedEvent | undefined): Record<string, unknown> {
  return Object(event?.item);
}

const TURN = joined(silence(300), speechLike(600), silence(700));

Deno.test("a function call after words: its events, in the vendor's order", async () => {
  await using met = await meet([plan([speech(100), call("c1", "look_up", '{"order":"A 17"}')])]);
  const { output, status, usage } = await met.ask();
  const { events } = met.client;
  const since = events.findIndex(({ type }) => type === "conversation.item.done") + 1;
  assertEquals(events.slice(since).map(({ type }) => type).filter((type) => !type.endsWith(".delta")), [
    "response.output_item.done",
    "response.output_item.added",
    "conversation.item.added",
    "response.function_call_arguments.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
  ]);
  const added = item(events.findLast(({ type }) => type === "response.output_item.added"));
  const called = {
    id: added.id,
    object: "realtime.item",
    type: "function_call",
    call_id: "c1",
    name: "look_up",
  };
  assertEquals(added, { ...called, status: "in_progress", arguments: "" });
  const finished = { ...called, status: "completed", arguments: '{"order":"A 17"}' };
  const done = events.findLast(({ type }) => type === "response.output_item.done");
  assertEquals([item(done), done?.output_index], [finished, 1]);

  const deltas = events.filter(({ type }) => type === "response.function_call_arguments.delta");
  assertEquals(deltas.map(({ delta }) => delta).join(""), '{"order":"A 17"}');
  assert(deltas.length > 1);
  assertEquals(deltas.map(({ call_id, item_id, output_index }) => [call_id, item_id, output_index])[0], [
    "c1",
    added.id,
    1,
  ]);
  const whole = events.find(({ type }) => type === "response.function_call_arguments.done");
  assertEquals([whole?.name, whole?.arguments], ["look_up", '{"order":"A 17"}']);
  assertEquals([status, output.length, output[1]], ["completed", 2, finished]);
  assert(usage.output_token_details.text_tokens > 2, "the call is billed");
});

Deno.test("two calls at once, one with arguments that are no JSON", async () => {
  await using met = await meet([plan([call("c1", "f", "{oh"), call("c2", "g")])]);
  const { output } = await met.ask();
  assertEquals(
    output.map((one: Record<string, unknown>) => [one.call_id, one.name, one.arguments, one.status]),
    [["c1", "f", "{oh", "completed"], ["c2", "g", "{}", "completed"]],
  );
});

Deno.test("an output belongs to a call that was made, and the mind is told of it", async () => {
  const told: string[][] = [];
  await using met = await meet([plan([call("c1", "f")])], {
    functionAnswered: (callId, output) => void told.push([callId, output]),
  });
  met.answer("c1");
  const { error } = Object(await met.client.next("error"));
  assertEquals(
    [error.type, error.code, error.message],
    ["invalid_request_error", "invalid_tool_call_id", "Tool call ID 'c1' not found in conversation."],
  );
  await met.ask();
  met.answer("c2");
  assertEquals(Object(await met.client.next("error")).error.code, "invalid_tool_call_id");
  met.answer("c1", '{"ok":true}');
  assertEquals(item(await met.client.next("conversation.item.done")).output, '{"ok":true}');
  assertEquals(told, [["c1", '{"ok":true}']]);
});

Deno.test("a second response.create is refused while a call is still being written", async () => {
  await using met = await meet([plan([call("c1", "f", '{"a":1}', 200)])]);
  met.client.send({ type: "response.create" });
  await met.client.next("response.function_call_arguments.delta");
  met.client.send({ type: "response.create", event_id: "too_soon" });
  const { error } = Object(await met.client.next("error"));
  assertEquals([error.code, error.event_id], ["conversation_already_has_active_response", "too_soon"]);
  assertEquals(Object(await met.client.next("response.done")).response.status, "completed");
});

Deno.test("a caller who speaks up cuts a call off in the middle of its arguments", async () => {
  const ended: ResponsePlan[] = [];
  const plans = [plan([call("c1", "f", '{"destination":"sales"}', 60_000)])];
  await using met = await meet([...plans], { responded: (plan) => void ended.push(plan) });
  met.client.send({ type: "response.create" });
  await met.client.next("response.output_item.added");
  speakInto(met.client, TURN);
  const { response } = Object(await met.client.next("response.done"));
  assertEquals([response.status, response.status_details.reason], ["cancelled", "turn_detected"]);
  const [{ status, arguments: text }] = response.output;
  assertEquals(status, "incomplete");
  assert(text.length < '{"destination":"sales"}'.length);
  assertEquals(ended[0], plans[0]);
});

Deno.test("fails after words: response.done says so, with the code", async () => {
  await using met = await meet([
    plan([speech(100)], { type: "failed", code: "inference_rate_limit_exceeded" }),
  ]);
  const { status, status_details, output } = await met.ask();
  assertEquals([status, status_details], ["failed", {
    type: "failed",
    error: { type: "server_error", code: "inference_rate_limit_exceeded" },
  }]);
  assertEquals(output[0].status, "completed");
});

Deno.test("an error instead of a response, to whoever asked for it", async () => {
  const fault = () => new ModelFault("rate_limit_exceeded", "Too much.");
  await using met = await meet([fault(), fault()]);
  met.client.send({ type: "response.create", event_id: "mine" });
  const asked = Object(await met.client.next("error")).error;
  assertEquals([asked.code, asked.event_id], ["rate_limit_exceeded", "mine"]);
  // Whatever event brings the caller's turn to its end, the fault is not its own.
  const audio = encodeBase64(encodeMulaw(TURN));
  met.client.send({ type: "input_audio_buffer.append", audio, event_id: "the_last_one" });
  await met.client.next("input_audio_buffer.committed");
  const unasked = Object(await met.client.next("error")).error;
  assertEquals([unasked.code, unasked.event_id], ["rate_limit_exceeded", null]);
  assertEquals((await met.ask()).status, "completed");
});

Deno.test("takes the socket down in mid-response", async () => {
  await using met = await meet([plan([speech(100)], { type: "close", code: 1011 })]);
  met.client.send({ type: "response.create" });
  assertEquals((await met.client.closed).code, 1011);
  const types = met.client.typesSince("response.created");
  assert(types.includes("response.output_audio.delta") && !types.includes("response.done"), `${types}`);
});

Deno.test("hangs, until it is cancelled", async () => {
  await using met = await meet([plan([], { type: "hang" }), plan([speech(100)])]);
  met.client.send({ type: "response.create" });
  await met.client.next("response.created");
  met.client.send({ type: "response.create" });
  await met.client.next("error");
  met.client.send({ type: "response.cancel" });
  assertEquals(Object(await met.client.next("response.done")).response.status, "cancelled");
  assertEquals((await met.ask()).output.length, 1);
});

Deno.test("says nothing at all, and is slow", async () => {
  await using met = await meet([plan([]), plan([speech(100)], { type: "completed" }, 150)]);
  const { status, output, usage } = await met.ask();
  assertEquals([status, output, usage.output_tokens], ["completed", [], 0]);
  const began = performance.now();
  await met.ask();
  assert(performance.now() - began >= 150);
});

Deno.test("asks to use a tool of a remote server, and is told", async () => {
  const told: unknown[][] = [];
  await using met = await meet([
    plan([{ type: "approval", id: "mcpr_1", server: "calendar", name: "free_slots", arguments: "{}" }]),
  ], { approvalAnswered: (...answer) => void told.push(answer) });
  met.client.send({
    type: "session.update",
    session: {
      type: "realtime",
      tools: [{
        type: "mcp",
        server_label: "calendar",
        server_url: "https://mcp.example.com",
        allowed_tools: ["free_slots"],
        require_approval: "always",
      }],
    },
  });
  await met.client.next("session.updated");
  const { output } = await met.ask();
  const request = {
    id: "mcpr_1",
    type: "mcp_approval_request",
    server_label: "calendar",
    name: "free_slots",
    arguments: "{}",
  };
  assertEquals(output, [request]);
  const answer = (id: string) =>
    met.client.send({
      type: "conversation.item.create",
      item: { type: "mcp_approval_response", approval_request_id: id, approve: true },
    });
  answer("mcpr_2");
  assertEquals(Object(await met.client.next("error")).error.param, "item.approval_request_id");
  answer("mcpr_1");
  assertEquals(item(await met.client.next("conversation.item.done")).approve, true);
  assertEquals(told, [["mcpr_1", true]]);
});

Deno.test("the mind is told of settings and of texts, and asked with the instructions", async () => {
  const told: unknown[] = [];
  const model = startRehearsalModel({
    mind: {
      configured: ({ instructions }) => void told.push(instructions),
      noted: (text) => void told.push(text),
      respond({ asked, config }) {
        told.push(asked?.instructions, config.instructions);
        return plan([]);
      },
    },
  });
  const client = await WireClient.open(model.url, { instructions: "Be kind." });
  const text = (role: string, text: string) =>
    client.send({
      type: "conversation.item.create",
      item: {
        type: "message",
        role,
        content: [{ type: role === "assistant" ? "output_text" : "input_text", text }],
      },
    });
  text("system", "A note.");
  text("user", "Words.");
  text("assistant", "Not a note.");
  client.send({ type: "response.create", response: { instructions: "Say goodbye." } });
  await client.next("response.done");
  assertEquals(told, ["Be kind.", "A note.", "Words.", "Say goodbye.", "Be kind."]);
  await client.close();
  await model.close();
});
