import { assertEquals } from "@std/assert";
import type { SessionFailure, TextResponse } from "../../../src/model/model_interface.ts";
import type { JsonObject } from "../../../src/json.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { field } from "../../support/field.ts";
import { ScriptedModel, type ScriptedSession } from "../../support/scripted_model.ts";
import { open, openSession } from "./open_session.ts";

/** Sends the text response to `request`. */
function sendText(peer: ScriptedSession, text: string, request: JsonObject): void {
  const content = [{ type: "output_text", text }];
  peer.send({
    type: "response.done",
    response: {
      id: "text",
      status: "completed",
      metadata: field(request, "response", "metadata"),
      output: [{ type: "message", role: "assistant", content }],
    },
  });
}

Deno.test("GaSession adds a request's instructions to the session's", async () => {
  await using model = new ScriptedModel();
  const { session, peer } = await open(model);
  session.requestResponse({ instructions: "Say goodbye." });
  const request = await peer.waitFor("response.create");
  assertEquals(field(request, "response", "instructions"), "You are Ann.\n\nSay goodbye.");
  session.close();
});

Deno.test("GaSession reports an approval request and sends the approval with its ID", async () => {
  await using model = new ScriptedModel();
  const { session, peer, untilEvents } = await open(model);
  const item = {
    id: "mcpr_1",
    type: "mcp_approval_request",
    server_label: "calendar",
    name: "book",
    arguments: "{}",
  };
  peer.send({ type: "conversation.item.done", item });
  assertEquals(await untilEvents("approvalRequested"), [
    ["approvalRequested", { id: "mcpr_1", server: "calendar", name: "book", arguments: "{}" }],
  ]);
  session.sendApproval("mcpr_1", true);
  session.addSystemMessage("It rains.");
  const note = await peer.waitFor("conversation.item.create", 2);
  const { id: _, ...approval } = Object(peer.receivedOf("conversation.item.create")[0]?.item);
  assertEquals(approval, { type: "mcp_approval_response", approval_request_id: "mcpr_1", approve: true });
  assertEquals(field(note, "item", "role"), "system");
  session.close();
});

Deno.test("GaSession delays a yieldsToCaller request until the caller stops speaking", async () => {
  await using model = new ScriptedModel();
  const { session, peer, untilEvents } = await open(model);
  peer.send({ type: "input_audio_buffer.speech_started" });
  await untilEvents("callerSpeechStarted");
  session.requestResponse({ instructions: "result", yieldsToCaller: true });
  session.requestResponse({ instructions: "now" });
  const first = await peer.waitFor("response.create");
  assertEquals(field(first, "response", "instructions"), "You are Ann.\n\nnow");
  peer.respond("r1", {});
  await untilEvents("responseDone");
  peer.send({ type: "input_audio_buffer.speech_stopped" });
  const second = await peer.waitFor("response.create", 2);
  assertEquals(field(second, "response", "instructions"), "You are Ann.\n\nresult");
  session.close();
});

Deno.test("GaSession reports hasAudio per response", async () => {
  await using model = new ScriptedModel();
  const { session, peer, untilEvents } = await open(model);
  peer.respond("r1", { a: 20 });
  peer.respond("r2", {});
  assertEquals(await untilEvents("responseDone", 2), [["responseDone", true], ["responseDone", false]]);
  session.close();
});

Deno.test("GaSession.closeWithText() cancels the response, sends no more audio and closes after the text", async () => {
  await using model = new ScriptedModel();
  const { session, peer, events, untilEvents } = await open(model);
  peer.respond("r1", { a: 20 }, { done: false });
  await untilEvents("assistantAudio");
  const written = Promise.withResolvers<TextResponse | undefined>();
  session.closeWithText("Summarize.", written.resolve);
  session.appendAudio("////");
  const request = await peer.waitFor("response.create");
  assertEquals(peer.received.slice(-2).map(({ type }) => type), ["response.cancel", "response.create"]);
  const before = events.length;
  // The response had just ended.
  const late = { type: "invalid_request_error", code: "response_cancel_not_active", message: "none" };
  peer.send({ type: "error", error: late });
  peer.done("r1");
  sendText(peer, "Ann called.", request);
  assertEquals((await written.promise)?.text, "Ann called.");
  await peer.untilClosed();
  assertEquals([events.length, peer.receivedOf("input_audio_buffer.append")], [before, []]);
});

Deno.test("GaSession.closeWithText() gives the model nothing but the conversation it is passed", async () => {
  await using model = new ScriptedModel();
  const { session, peer } = await open(model);
  session.closeWithText("Summarize.", () => {}, "Caller: Hello.");
  const request = await peer.waitFor("response.create");
  assertEquals(field(request, "response", "conversation"), "none");
  assertEquals(field(request, "response", "input"), [
    { type: "message", role: "user", content: [{ type: "input_text", text: "Caller: Hello." }] },
  ]);
  session.close();
});

Deno.test("GaSession.closeWithText() returns undefined after 8 s, an error or a disconnect", async () => {
  const error = { code: "server_error", message: "no" };
  const cases: [string, (peer: ScriptedSession, clock: FakeClock) => void][] = [
    ["late", (_, clock) => clock.advance(8_000)],
    ["refused", (peer) => {
      const { event_id } = peer.receivedOf("response.create")[0] ?? {};
      peer.send({ type: "error", error: { ...error, event_id } });
    }],
    ["fatal", (peer) => peer.send({ type: "error", error: { ...error, code: "insufficient_quota" } })],
    ["gone", (peer) => peer.socket.close()],
  ];
  for (const [name, act] of cases) {
    await using model = new ScriptedModel();
    const { session, peer, events, clock } = await open(model);
    const written = Promise.withResolvers<TextResponse | undefined>();
    session.closeWithText("Summarize.", written.resolve);
    await peer.waitFor("response.create");
    const before = events.length;
    act(peer, clock);
    assertEquals(await written.promise, undefined, name);
    await peer.untilClosed();
    assertEquals(events.length, before, name);
  }
});

Deno.test("GaSession.closeWithText() offers no tools, and ignores errors of other events", async () => {
  await using model = new ScriptedModel();
  const { session, peer } = await open(model);
  const written = Promise.withResolvers<TextResponse | undefined>();
  session.closeWithText("Summarize.", written.resolve);
  const request = await peer.waitFor("response.create");
  assertEquals(field(request, "response", "tool_choice"), "none");
  for (const event_id of [null, "parley_response_1"]) {
    peer.send({ type: "error", error: { code: "item_truncate_invalid_item_id", message: "late", event_id } });
  }
  sendText(peer, "They talked.", request);
  assertEquals((await written.promise)?.text, "They talked.");
  await peer.untilClosed();
});

Deno.test("GaSession sends no lone surrogates, which a shortened text may begin or end with", async () => {
  await using model = new ScriptedModel();
  const { session, peer } = await open(model);
  session.addSystemMessage("\u{1f600} went home \ud83d");
  const note = await peer.waitFor("conversation.item.create");
  assertEquals(field(note, "item", "content"), [{ type: "input_text", text: "\u{1f600} went home \ufffd" }]);
  session.close();
});

Deno.test("GaSession does not cancel a response that has just ended", async () => {
  await using model = new ScriptedModel();
  const { session, peer, whenDone } = await openInterrupting(model);
  peer.respond("r1", { a: 100 }, { done: false });
  peer.done("r1");
  await whenDone;
  session.addSystemMessage("marks a position");
  await peer.waitFor("conversation.item.create");
  assertEquals(peer.receivedOf("response.cancel"), []);
  session.close();
});

/** A session whose observer interrupts and cancels at the end of a response, as a limit does. */
async function openInterrupting(model: ScriptedModel) {
  const done = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const session = openSession(model.url, new FakeClock(), (name) => {
    if (name === "sessionReady") ready.resolve();
    if (name !== "responseDone") return;
    session.cancelResponse();
    done.resolve();
  });
  const peer = await model.session();
  await peer.configure();
  await ready.promise;
  return { session, peer, whenDone: done.promise };
}

Deno.test("GaSession reports a refused key at the upgrade as unauthorized", async () => {
  for (const [status, code] of [[401, "unauthorized"], [403, "unauthorized"], [503, "connect"]] as const) {
    await using model = new ScriptedModel();
    model.refuseStatus = status;
    const failed = Promise.withResolvers<SessionFailure>();
    openSession(model.url, new FakeClock(), (name, failure) => {
      if (name === "sessionFailed") failed.resolve(Object(failure));
    });
    assertEquals((await failed.promise).code, code);
  }
});

Deno.test("GaSession.closeWithText() closes a session that is not ready and returns no text", async () => {
  await using model = new ScriptedModel();
  const { session, peer } = await open(model, {}, false);
  const written = Promise.withResolvers<TextResponse | undefined>();
  session.closeWithText("Summarize.", written.resolve);
  assertEquals(await written.promise, undefined);
  await peer.untilClosed();
});

Deno.test("GaSession declares MCP servers with their allowed tools and approval mode", async () => {
  await using model = new ScriptedModel();
  const server = {
    url: "https://mcp.example.com",
    headers: { authorization: "Bearer key" },
    allowedTools: ["book"],
  };
  const { session, peer } = await open(model, {
    mcpServers: [
      { label: "calendar", ...server, autoApproved: false },
      { label: "weather", ...server, headers: {}, autoApproved: true },
    ],
  });
  const declared = { type: "mcp", server_url: server.url, allowed_tools: ["book"] };
  assertEquals(field(peer.receivedOf("session.update")[0], "session", "tools"), [
    { ...declared, server_label: "calendar", headers: server.headers, require_approval: "always" },
    { ...declared, server_label: "weather", headers: {}, require_approval: "never" },
  ]);
  session.close();
});
