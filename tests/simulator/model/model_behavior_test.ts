/** Planned responses: function calls, failures, and the vendor's rules about them. */

import { assert, assertEquals } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { encodeMulaw } from "../../../src/audio/g711.js";
import type { ModelBehavior, ResponsePlan } from "../../../src/simulator/model/model_behavior.ts";
import { startSimulatedModel } from "../../../src/simulator/model/model_server.ts";
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
async function meet(plans: (ResponsePlan | ClientEventError)[], observers: Partial<ModelBehavior> = {}) {
  const model = startSimulatedModel({
    behavior: {
      ...observers,
      planResponse() {
        const next = plans.shift() ?? plan([]);
        if (next instanceof ClientEventError) throw next;
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

const FREE_SLOTS = { server: "calendar", name: "free_slots", arguments: "{}", output: "[]", durationMs: 0 };
const MCP_SERVER = { type: "mcp", server_label: "calendar", server_url: "https://mcp.example.com" };

/** The item of an event. */
function item(event: WireEvent | undefined): Record<string, unknown> {
  return Object(event?.item);
}

const TURN = joined(silence(300), speechLike(600), silence(700));

Deno.test("SimulatedModel sends the events of a function call after speech in the vendor's order", async () => {
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

Deno.test("SimulatedModel sends two calls, one with arguments that are not JSON", async () => {
  await using met = await meet([plan([call("c1", "f", "{oh"), call("c2", "g")])]);
  const { output } = await met.ask();
  assertEquals(
    output.map((one: Record<string, unknown>) => [one.call_id, one.name, one.arguments, one.status]),
    [["c1", "f", "{oh", "completed"], ["c2", "g", "{}", "completed"]],
  );
});

Deno.test("SimulatedModel reports the output of a call and rejects one of an unknown call", async () => {
  const notifications: string[][] = [];
  await using met = await meet([plan([call("c1", "f")])], {
    onFunctionOutput: (callId, output) => void notifications.push([callId, output]),
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
  assertEquals(notifications, [["c1", '{"ok":true}']]);
});

Deno.test("SimulatedModel rejects a response.create while a call is in progress", async () => {
  await using met = await meet([plan([call("c1", "f", '{"a":1}', 200)])]);
  met.client.send({ type: "response.create" });
  await met.client.next("response.function_call_arguments.delta");
  met.client.send({ type: "response.create", event_id: "too_soon" });
  const { error } = Object(await met.client.next("error"));
  assertEquals([error.code, error.event_id], ["conversation_already_has_active_response", "too_soon"]);
  assertEquals(Object(await met.client.next("response.done")).response.status, "completed");
});

Deno.test("SimulatedModel ends a function call when the caller speaks", async () => {
  const ended: ResponsePlan[] = [];
  const plans = [plan([call("c1", "f", '{"destination":"sales"}', 60_000)])];
  await using met = await meet([...plans], { onResponseEnd: (plan) => void ended.push(plan) });
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

Deno.test("SimulatedModel fails a response after its speech, with the code", async () => {
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

Deno.test("SimulatedModel sends an error instead of a response", async () => {
  const fault = () => new ClientEventError("rate_limit_exceeded", "Too much.");
  await using met = await meet([fault(), fault()]);
  met.client.send({ type: "response.create", event_id: "mine" });
  const asked = Object(await met.client.next("error")).error;
  assertEquals([asked.code, asked.event_id], ["rate_limit_exceeded", "mine"]);
  // The error names no client event, because the event that ended the turn is not faulty.
  const audio = encodeBase64(encodeMulaw(TURN));
  met.client.send({ type: "input_audio_buffer.append", audio, event_id: "the_last_one" });
  await met.client.next("input_audio_buffer.committed");
  const unasked = Object(await met.client.next("error")).error;
  assertEquals([unasked.code, unasked.event_id], ["rate_limit_exceeded", null]);
  assertEquals((await met.ask()).status, "completed");
});

Deno.test("SimulatedModel closes the socket during a response", async () => {
  await using met = await meet([plan([speech(100)], { type: "close", code: 1011 })]);
  met.client.send({ type: "response.create" });
  assertEquals((await met.client.closed).code, 1011);
  const types = met.client.typesSince("response.created");
  assert(types.includes("response.output_audio.delta") && !types.includes("response.done"), `${types}`);
});

Deno.test("SimulatedModel hangs until the response is cancelled", async () => {
  await using met = await meet([plan([], { type: "hang" }), plan([speech(100)])]);
  met.client.send({ type: "response.create" });
  await met.client.next("response.created");
  met.client.send({ type: "response.create" });
  await met.client.next("error");
  met.client.send({ type: "response.cancel" });
  assertEquals(Object(await met.client.next("response.done")).response.status, "cancelled");
  assertEquals((await met.ask()).output.length, 1);
});

Deno.test("SimulatedModel sends an empty response after a delay", async () => {
  await using met = await meet([plan([]), plan([speech(100)], { type: "completed" }, 150)]);
  const { status, output, usage } = await met.ask();
  assertEquals([status, output, usage.output_tokens], ["completed", [], 0]);
  const began = performance.now();
  await met.ask();
  assert(performance.now() - began >= 150);
});

Deno.test("SimulatedModel requests approval of a remote tool and reports the response", async () => {
  const notifications: unknown[][] = [];
  await using met = await meet([
    plan([{ type: "approval", id: "mcpr_1", ...FREE_SLOTS }]),
  ], { onApproval: (...approval) => void notifications.push(approval) });
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
  const sendApproval = (id: string) =>
    met.client.send({
      type: "conversation.item.create",
      item: { type: "mcp_approval_response", approval_request_id: id, approve: true },
    });
  sendApproval("mcpr_2");
  assertEquals(Object(await met.client.next("error")).error.param, "item.approval_request_id");
  sendApproval("mcpr_1");
  assertEquals(item(await met.client.next("conversation.item.done")).approve, true);
  assertEquals(notifications, [["mcpr_1", true]]);
  const { id, approval_request_id } = item(await met.client.next("conversation.item.added"));
  assertEquals(approval_request_id, "mcpr_1");
  assertEquals((await met.client.next("response.mcp_call.completed")).item_id, id);
  const announced = met.client.events.find(({ type }) => type === "response.mcp_call_arguments.done");
  assertEquals(announced?.item_id, id, "as openai-ruby examples/realtime/mcp_approval.rb expects");
});

Deno.test("SimulatedModel lists the allowed tools of an MCP server once", async () => {
  await using met = await meet([]);
  const session = { type: "realtime", tools: [{ ...MCP_SERVER, allowed_tools: ["free_slots"] }] };
  met.client.send({ type: "session.update", session });
  const listed = item(await met.client.next("conversation.item.done"));
  assertEquals([listed.type, listed.server_label, listed.tools], ["mcp_list_tools", "calendar", [
    { name: "free_slots", description: "", input_schema: { type: "object" } },
  ]]);
  met.client.send({ type: "session.update", session });
  await met.client.next("session.updated");
  await met.ask();
  assertEquals(met.client.events.filter(({ type }) => type === "mcp_list_tools.completed").length, 1);
});

Deno.test("SimulatedModel runs an MCP tool beyond its response, and creates no response to the result", async () => {
  await using met = await meet([plan([{ type: "mcp_call", ...FREE_SLOTS, durationMs: 50 }])]);
  const { output } = await met.ask();
  assertEquals([output[0].type, output[0].output], ["mcp_call", null]);
  const done = item(await met.client.next("conversation.item.done"));
  assertEquals([done.id, done.output, done.error], [output[0].id, "[]", null]);
  const types = met.client.typesSince("response.created");
  assertEquals(types.filter((type) => type.includes("mcp_call")), [
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
  ]);
  assert(types.indexOf("response.done") < types.indexOf("response.mcp_call.completed"));
});

Deno.test("SimulatedModel reports the error of an MCP tool that fails", async () => {
  await using met = await meet([plan([{ type: "mcp_call", ...FREE_SLOTS, error: "no calendar" }])]);
  met.client.send({ type: "response.create" });
  await met.client.next("response.mcp_call.failed");
  const done = item(await met.client.next("conversation.item.done"));
  assertEquals(done.error, { type: "tool_execution_error", message: "no calendar" });
});

Deno.test("SimulatedModel reports settings and texts, and passes on instructions", async () => {
  const notifications: unknown[] = [];
  const model = startSimulatedModel({
    behavior: {
      onSessionUpdate: ({ instructions }) => void notifications.push(instructions),
      onText: (text) => void notifications.push(text),
      planResponse({ requested: asked, config }) {
        notifications.push(asked?.instructions, config.instructions);
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
  assertEquals(notifications, ["Be kind.", "A note.", "Words.", "Say goodbye.", "Be kind."]);
  await client.close();
  await model.close();
});
