/** Planned responses: function calls, failures, and the vendor's rules about them. */

import { assert, assertEquals } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { encodeMulaw } from "../../../src/audio/g711.js";
import type { ModelBehavior, ResponsePlan } from "../../../src/simulator/model/model_behavior.ts";
import { ClientEventError, type WireEvent } from "../../../src/simulator/model/server_events.ts";
import { joined, silence, speakInto, speechLike, telephone, WireClient } from "./support.ts";

const speech = (ms: number, transcript = "Hello.") => ({
  type: "speech" as const,
  audio: new Uint8Array(ms * 8).fill(0x55),
  transcript,
});
const call = (callId: string, name: string, args = "{}", durationMs = 0) => ({
  type: "call" as const,
  callId,
  name,
  arguments: args,
  durationMs,
});
const plan = (
  items: ResponsePlan["items"],
  end: ResponsePlan["end"] = { type: "completed" },
  delayMs = 0,
): ResponsePlan => ({ items, delayMs, end });

/** A client of a model that plays these plans in order. */
async function connectTo(plans: (ResponsePlan | ClientEventError)[], observers: Partial<ModelBehavior> = {}) {
  const behavior: ModelBehavior = {
    ...observers,
    planResponse() {
      const next = plans.shift() ?? plan([]);
      if (next instanceof ClientEventError) throw next;
      return next;
    },
  };
  const client = await WireClient.start(telephone(), { behavior });
  return {
    client,
    async requestResponse() {
      client.send({ type: "response.create" });
      const { response } = Object(await client.next("response.done"));
      await client.next("rate_limits.updated");
      return response;
    },
    sendOutput: (callId: string, output = "{}") =>
      client.send({
        type: "conversation.item.create",
        item: { type: "function_call_output", call_id: callId, output },
      }),
    /** Answers a request to approve a tool. */
    sendApproval: (id: string, approve: boolean) =>
      client.send({
        type: "conversation.item.create",
        item: { type: "mcp_approval_response", approval_request_id: id, approve },
      }),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

const FREE_SLOTS = { server: "calendar", name: "free_slots", arguments: "{}", output: "[]", durationMs: 0 };
const MCP_SERVER = { type: "mcp", server_label: "calendar", server_url: "https://mcp.example.com" };

/** The item of an event. */
function item(event: WireEvent | undefined): Record<string, unknown> {
  return Object(event?.item);
}

const TURN = joined(silence(300), speechLike(600), silence(700));

Deno.test("SimulatedModel sends the events of a function call after speech in the vendor's order", async () => {
  await using model = await connectTo([plan([speech(100), call("c1", "look_up", '{"order":"A 17"}')])]);
  const { output, status, usage } = await model.requestResponse();
  const { events } = model.client;
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

Deno.test("SimulatedModel sends two calls, one with arguments that are not JSON", async () => {
  await using model = await connectTo([plan([call("c1", "f", "{oh"), call("c2", "g")])]);
  const { output } = await model.requestResponse();
  assertEquals(
    output.map((one: Record<string, unknown>) => [one.call_id, one.name, one.arguments, one.status]),
    [["c1", "f", "{oh", "completed"], ["c2", "g", "{}", "completed"]],
  );
});

Deno.test("SimulatedModel reports the output of a call and rejects one of an unknown call", async () => {
  const notifications: string[][] = [];
  await using model = await connectTo([plan([call("c1", "f")])], {
    onFunctionOutput: (callId, output) => void notifications.push([callId, output]),
  });
  model.sendOutput("c1");
  const { error } = Object(await model.client.next("error"));
  assertEquals(
    [error.type, error.code, error.message],
    ["invalid_request_error", "invalid_tool_call_id", "Tool call ID 'c1' not found in conversation."],
  );
  await model.requestResponse();
  model.sendOutput("c2");
  assertEquals(Object(await model.client.next("error")).error.code, "invalid_tool_call_id");
  model.sendOutput("c1", '{"ok":true}');
  assertEquals(item(await model.client.next("conversation.item.done")).output, '{"ok":true}');
  assertEquals(notifications, [["c1", '{"ok":true}']]);
});

Deno.test("SimulatedModel rejects a response.create while a call is in progress", async () => {
  await using model = await connectTo([plan([call("c1", "f", '{"a":1}', 200)])]);
  model.client.send({ type: "response.create" });
  await model.client.next("response.function_call_arguments.delta");
  model.client.send({ type: "response.create", event_id: "too_soon" });
  const { error } = Object(await model.client.next("error"));
  assertEquals([error.code, error.event_id], ["conversation_already_has_active_response", "too_soon"]);
  assertEquals(Object(await model.client.next("response.done")).response.status, "completed");
});

Deno.test("SimulatedModel ends a function call when the caller speaks", async () => {
  const ended: ResponsePlan[] = [];
  const plans = [plan([call("c1", "f", '{"destination":"sales"}', 60_000)])];
  await using model = await connectTo([...plans], { onResponseEnd: (plan) => void ended.push(plan) });
  model.client.send({ type: "response.create" });
  await model.client.next("response.output_item.added");
  speakInto(model.client, TURN);
  const { response } = Object(await model.client.next("response.done"));
  assertEquals([response.status, response.status_details.reason], ["cancelled", "turn_detected"]);
  const [{ status, arguments: text }] = response.output;
  assertEquals(status, "incomplete");
  assert(text.length < '{"destination":"sales"}'.length);
  assertEquals(ended[0], plans[0]);
});

Deno.test("SimulatedModel fails a response after its speech, with the code", async () => {
  await using model = await connectTo([
    plan([speech(100)], { type: "failed", code: "inference_rate_limit_exceeded" }),
  ]);
  const { status, status_details, output } = await model.requestResponse();
  assertEquals([status, status_details], ["failed", {
    type: "failed",
    error: { type: "server_error", code: "inference_rate_limit_exceeded" },
  }]);
  assertEquals(output[0].status, "completed");
});

Deno.test("SimulatedModel sends an error instead of a response", async () => {
  const fault = () => new ClientEventError("rate_limit_exceeded", "Too much.");
  await using model = await connectTo([fault(), fault()]);
  model.client.send({ type: "response.create", event_id: "mine" });
  const error = Object(await model.client.next("error")).error;
  assertEquals([error.code, error.event_id], ["rate_limit_exceeded", "mine"]);
  // The error names no client event, because the event that ended the turn is not faulty.
  const audio = encodeBase64(encodeMulaw(TURN));
  model.client.send({ type: "input_audio_buffer.append", audio, event_id: "the_last_one" });
  await model.client.next("input_audio_buffer.committed");
  const unasked = Object(await model.client.next("error")).error;
  assertEquals([unasked.code, unasked.event_id], ["rate_limit_exceeded", null]);
  assertEquals((await model.requestResponse()).status, "completed");
});

Deno.test("SimulatedModel closes the socket during a response", async () => {
  await using model = await connectTo([plan([speech(100)], { type: "close", code: 1011 })]);
  model.client.send({ type: "response.create" });
  assertEquals((await model.client.closed).code, 1011);
  const types = model.client.typesSince("response.created");
  assert(types.includes("response.output_audio.delta") && !types.includes("response.done"), `${types}`);
});

Deno.test("SimulatedModel hangs until the response is cancelled", async () => {
  await using model = await connectTo([plan([], { type: "hang" }), plan([speech(100)])]);
  model.client.send({ type: "response.create" });
  await model.client.next("response.created");
  model.client.send({ type: "response.create" });
  await model.client.next("error");
  model.client.send({ type: "response.cancel" });
  assertEquals(Object(await model.client.next("response.done")).response.status, "cancelled");
  assertEquals((await model.requestResponse()).output.length, 1);
});

Deno.test("SimulatedModel sends an empty response after a delay", async () => {
  await using model = await connectTo([plan([]), plan([speech(100)], { type: "completed" }, 150)]);
  const { status, output, usage } = await model.requestResponse();
  assertEquals([status, output, usage.output_tokens], ["completed", [], 0]);
  const began = performance.now();
  await model.requestResponse();
  assert(performance.now() - began >= 150);
});

Deno.test("SimulatedModel requests approval of a remote tool and reports the response", async () => {
  const notifications: unknown[][] = [];
  await using model = await connectTo([
    plan([speech(20), { type: "approval", id: "mcpr_1", ...FREE_SLOTS }]),
  ], { onApproval: (...approval) => void notifications.push(approval) });
  const { output: [speechItem, approvalItem] } = await model.requestResponse();
  const request = { server_label: "calendar", name: "free_slots", arguments: "{}" };
  assertEquals(approvalItem, { id: "mcpr_1", type: "mcp_approval_request", ...request });
  for (const id of ["mcpr_2", speechItem.id]) {
    model.sendApproval(id, true);
    assertEquals(Object(await model.client.next("error")).error.param, "item.approval_request_id");
  }
  model.sendApproval("mcpr_1", true);
  assertEquals(item(await model.client.next("conversation.item.done")).approve, true);
  assertEquals(notifications, [["mcpr_1", true]]);
  const { id, approval_request_id } = item(await model.client.next("conversation.item.added"));
  assertEquals(approval_request_id, "mcpr_1");
  assertEquals((await model.client.next("response.mcp_call.completed")).item_id, id);
  const announced = model.client.events.find(({ type }) => type === "response.mcp_call_arguments.done");
  assertEquals(announced?.item_id, id, "as openai-ruby examples/realtime/mcp_approval.rb expects");
});

Deno.test("SimulatedModel runs no MCP tool that was denied", async () => {
  const approval = { type: "approval" as const, ...FREE_SLOTS };
  await using model = await connectTo([plan([{ ...approval, id: "mcpr_1" }, { ...approval, id: "mcpr_2" }])]);
  await model.requestResponse();
  model.sendApproval("mcpr_1", false);
  model.sendApproval("mcpr_2", true);
  await model.client.next("response.mcp_call.completed");
  const runs = model.client.events.filter(({ type }) => type === "response.mcp_call.in_progress");
  assertEquals(runs.length, 1);
});

Deno.test("SimulatedModel lists the allowed tools of an MCP server once", async () => {
  await using model = await connectTo([]);
  const session = { type: "realtime", tools: [{ ...MCP_SERVER, allowed_tools: ["free_slots"] }] };
  model.client.send({ type: "session.update", session });
  const listed = item(await model.client.next("conversation.item.done"));
  assertEquals([listed.type, listed.server_label, listed.tools], ["mcp_list_tools", "calendar", [
    { name: "free_slots", description: "", input_schema: { type: "object" } },
  ]]);
  model.client.send({ type: "session.update", session });
  await model.client.next("session.updated");
  await model.requestResponse();
  assertEquals(model.client.events.filter(({ type }) => type === "mcp_list_tools.completed").length, 1);
});

Deno.test("SimulatedModel runs an MCP tool beyond the end of its response, and does not respond to the result", async () => {
  await using model = await connectTo([plan([{ type: "mcp_call", ...FREE_SLOTS, durationMs: 50 }])]);
  const { output } = await model.requestResponse();
  assertEquals([output[0].type, output[0].output], ["mcp_call", null]);
  const done = item(await model.client.next("conversation.item.done"));
  assertEquals([done.id, done.output, done.error], [output[0].id, "[]", null]);
  const types = model.client.typesSince("response.created");
  assertEquals(types.filter((type) => type.includes("mcp_call")), [
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
  ]);
  assert(types.indexOf("response.done") < types.indexOf("response.mcp_call.completed"));
});

Deno.test("SimulatedModel reports the error of an MCP tool that fails", async () => {
  await using model = await connectTo([plan([{ type: "mcp_call", ...FREE_SLOTS, error: "no calendar" }])]);
  model.client.send({ type: "response.create" });
  await model.client.next("response.mcp_call.failed");
  const done = item(await model.client.next("conversation.item.done"));
  assertEquals(done.error, { type: "tool_execution_error", message: "no calendar" });
});

Deno.test("SimulatedModel passes settings, texts and instructions to the behavior", async () => {
  const notifications: unknown[] = [];
  const behavior: ModelBehavior = {
    onSessionUpdate: ({ instructions }) => void notifications.push(instructions),
    onText: (text) => void notifications.push(text),
    planResponse({ requested, config }) {
      notifications.push(requested?.instructions, config.instructions);
      return plan([]);
    },
  };
  await using client = await WireClient.start({ instructions: "Be kind." }, { behavior });
  const text = (role: string, text: string) => {
    const content = [{ type: role === "assistant" ? "output_text" : "input_text", text }];
    client.send({ type: "conversation.item.create", item: { type: "message", role, content } });
  };
  text("system", "A note.");
  text("user", "Words.");
  text("assistant", "Not a note.");
  client.send({ type: "response.create", response: { instructions: "Say goodbye." } });
  await client.next("response.done");
  assertEquals(notifications, ["Be kind.", "A note.", "Words.", "Say goodbye.", "Be kind."]);
});
