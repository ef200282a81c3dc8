import { assertEquals, assertMatch } from "@std/assert";
import type { JsonObject } from "../../src/json.ts";
import { field } from "../support/field.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { connect, type ServiceCall } from "../support/service_call.ts";
import type { ScriptedSession } from "../support/scripted_model.ts";

const ITEM = {
  type: "mcp_call",
  server_label: "cal",
  name: "free_slots",
  arguments: "{}",
  approval_request_id: null,
  output: null,
  error: null,
};

function assistants(approval: "caller" | "never") {
  return {
    mcpServers: { cal: { url: "https://mcp.example.com", allowedTools: ["free_slots"], approval } },
    assistants: { a: { instructions: "Answer.", greeting: "", tools: ["end_call", "cal"] } },
  };
}

/** The events of an MCP call up to the moment at which the server runs it. */
function announce(session: ScriptedSession, response: string, id: string): void {
  const at = { response_id: response, output_index: 0 };
  session.send({ type: "response.output_item.added", ...at, item: { ...ITEM, id } });
  session.send({ type: "conversation.item.added", previous_item_id: null, item: { ...ITEM, id } });
  session.send({ type: "response.mcp_call_arguments.done", ...at, item_id: id, arguments: "{}" });
}

function complete(session: ScriptedSession, id: string, more: JsonObject = {}): void {
  session.send({ type: "response.mcp_call.completed", item_id: id, output_index: 0 });
  const item = { ...ITEM, id, output: '["10:00"]', ...more };
  session.send({ type: "conversation.item.done", previous_item_id: null, item });
}

/** Passes when Parley has handled every event sent so far; returns the types of events it sent meanwhile. */
async function handled(call: ServiceCall, marker: string): Promise<void> {
  call.session.send({ type: "error", error: { type: "x", code: marker, message: "marks a position" } });
  await call.service.logged("model error", call.service.events("model error").length + 1);
}

Deno.test("MCP calls of one response are answered by one response, after the last has completed", async () => {
  await using call = await connect({}, new FakeClock(), assistants("never"));
  const { session } = call;
  session.send({ type: "response.created", response: { id: "r1" } });
  for (const id of ["mcp_1", "mcp_2"]) announce(session, "r1", id);
  session.send({ type: "response.mcp_call.in_progress", item_id: "mcp_1", output_index: 0 });
  session.done("r1");
  complete(session, "mcp_1");
  await handled(call, "first_completed");
  assertEquals(session.receivedOf("response.create"), [], "the second call has not run");
  session.send({ type: "response.mcp_call.in_progress", item_id: "mcp_2", output_index: 0 });
  complete(session, "mcp_2");
  await session.waitFor("response.create");
  session.respond("r2", { answer: 200 });
  await handled(call, "answered");
  assertEquals(session.receivedOf("response.create").length, 1);
});

Deno.test("MCP call that completes before its response ends is answered after that end", async () => {
  await using call = await connect({}, new FakeClock(), assistants("never"));
  const { session } = call;
  session.send({ type: "response.created", response: { id: "r1" } });
  announce(session, "r1", "mcp_1");
  session.send({ type: "response.mcp_call.in_progress", item_id: "mcp_1", output_index: 0 });
  complete(session, "mcp_1");
  await handled(call, "completed");
  assertEquals(session.receivedOf("response.create"), []);
  session.done("r1");
  await session.waitFor("response.create");
  await handled(call, "requested");
  assertEquals(session.receivedOf("response.create").length, 1);
});

Deno.test("Failed MCP call is answered too, and recorded as failed", async () => {
  await using call = await connect({}, new FakeClock(), assistants("never"));
  const { session } = call;
  session.send({ type: "response.created", response: { id: "r1" } });
  announce(session, "r1", "mcp_1");
  session.done("r1");
  session.send({ type: "response.mcp_call.failed", item_id: "mcp_1", output_index: 0 });
  await session.waitFor("response.create");
  const line = await call.service.logged("tool");
  assertEquals([line.name, line.ok, line.level], ["cal: free_slots", false, "warn"]);
});

Deno.test("Approved MCP call is answered once, after the tool ran", async () => {
  await using call = await connect({}, undefined, assistants("caller"));
  const { session, stream } = call;
  stream.echoMarks = true;
  session.send({ type: "response.created", response: { id: "r1" } });
  session.send({
    type: "response.mcp_call_arguments.done",
    response_id: "r1",
    output_index: 0,
    item_id: "mcp_1",
    arguments: "{}",
  });
  const request = {
    id: "mcpr_1",
    type: "mcp_approval_request",
    server_label: "cal",
    name: "free_slots",
    arguments: "{}",
  };
  session.send({ type: "conversation.item.done", previous_item_id: null, item: request });
  session.done("r1");
  const question = await session.waitFor("response.create");
  assertMatch(String(field(question, "response", "instructions")), /press 1/);
  session.respond("r2", { question: 200 });
  await call.service.logged("response", 2);
  stream.press("1");
  assertEquals(field(await session.waitFor("conversation.item.create"), "item", "approve"), true);
  session.send({ type: "response.mcp_call.in_progress", item_id: "mcp_1", output_index: 0 });
  await handled(call, "running");
  assertEquals(session.receivedOf("response.create").length, 1, "the tool has not run yet");
  complete(session, "mcp_1", { approval_request_id: "mcpr_1" });
  await session.waitFor("response.create", 2);
  session.respond("r3", { answer: 200 });
  await handled(call, "answered");
  assertEquals(session.receivedOf("response.create").length, 2);
});

Deno.test("Refused MCP call is answered at once, and only once", async () => {
  await using call = await connect({}, undefined, assistants("caller"));
  const { session, stream } = call;
  stream.echoMarks = true;
  const request = { ...ITEM, id: "mcpr_1", type: "mcp_approval_request" };
  session.send({ type: "response.created", response: { id: "r1" } });
  session.send({ type: "conversation.item.done", previous_item_id: null, item: request });
  session.done("r1");
  await session.waitFor("response.create");
  session.respond("r2", { question: 200 });
  await call.service.logged("response", 2);
  stream.press("9");
  await session.waitFor("response.create", 2);
  session.respond("r3", { answer: 200 });
  const error = { type: "tool_execution_error", message: "not approved" };
  complete(session, "mcp_1", { approval_request_id: "mcpr_1", output: null, error });
  await handled(call, "late");
  assertEquals(session.receivedOf("response.create").length, 2);
});
