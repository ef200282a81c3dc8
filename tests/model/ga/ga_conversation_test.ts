import { assertEquals } from "@std/assert";
import { gaDialect } from "../../../src/model/ga/ga_session.ts";
import type { SessionOptions, WrittenText } from "../../../src/model/session.ts";
import type { JsonObject } from "../../../src/json.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { Bell } from "../../support/bell.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { field } from "../../support/line.ts";
import { ScriptedModel, type ScriptedSession } from "../../support/scripted_model.ts";

/** A session with a scripted model, and what it told. */
async function open(model: ScriptedModel, options: Partial<SessionOptions> = {}, configured = true) {
  const clock = new FakeClock();
  const bell = new Bell();
  const told: unknown[] = [];
  const tell = (name: string) => (...what: unknown[]): void => {
    told.push([name, ...what]);
    bell.ring();
  };
  const session = gaDialect(clock)(
    {
      url: model.url,
      apiKey: undefined,
      model: "m",
      voice: "v",
      audioFormat: "pcmu",
      instructions: "You are Ann.",
      ...options,
    },
    {
      ready: tell("ready"),
      failed: tell("failed"),
      speechStarted: tell("speechStarted"),
      speechStopped: tell("speechStopped"),
      complained: tell("complained"),
      skipped: tell("skipped"),
      itemAdded: tell("itemAdded"),
      wordsCame: tell("wordsCame"),
      callerSaid: tell("callerSaid"),
      assistantSaid: tell("assistantSaid"),
      functionCalled: tell("functionCalled"),
      approvalAsked: tell("approvalAsked"),
      audio: tell("audio"),
      answered: ({ spoke }) => tell("answered")(spoke),
    },
    createLog({ level: "error", format: "json", write() {} }),
  );
  const peer = await model.session();
  const heard = (name: string, count = 1) =>
    bell.until(`${count} of ${name}`, () => {
      const found = told.filter((each) => Array.isArray(each) && each[0] === name);
      return found.length >= count ? found : undefined;
    });
  if (configured) {
    await peer.configure();
    await heard("ready");
  }
  return { session, peer, clock, told, heard };
}

/** The text that was asked for. */
function write(peer: ScriptedSession, text: string, asked: JsonObject): void {
  const content = [{ type: "output_text", text }];
  peer.send({
    type: "response.done",
    response: {
      id: "text",
      status: "completed",
      metadata: field(asked, "response", "metadata"),
      output: [{ type: "message", role: "assistant", content }],
    },
  });
}

Deno.test("what holds for one answer is said beside what holds for all", async () => {
  await using model = new ScriptedModel();
  const { session, peer } = await open(model);
  session.requestSpeech({ instructions: "Say goodbye." });
  const asked = await peer.waitFor("response.create");
  assertEquals(field(asked, "response", "instructions"), "You are Ann.\n\nSay goodbye.");
  session.close();
});

Deno.test("an approval that is asked for is told, and its answer names it", async () => {
  await using model = new ScriptedModel();
  const { session, peer, heard } = await open(model);
  const item = {
    id: "mcpr_1",
    type: "mcp_approval_request",
    server_label: "calendar",
    name: "book",
    arguments: "{}",
  };
  peer.send({ type: "conversation.item.done", item });
  assertEquals(await heard("approvalAsked"), [
    ["approvalAsked", { id: "mcpr_1", server: "calendar", name: "book", arguments: "{}" }],
  ]);
  session.answerApproval("mcpr_1", true);
  session.addNote("It rains.");
  const note = await peer.waitFor("conversation.item.create", 2);
  const { id: _, ...answered } = Object(peer.of("conversation.item.create")[0]?.item);
  assertEquals(answered, { type: "mcp_approval_response", approval_request_id: "mcpr_1", approve: true });
  // What nobody said is not put into the caller's mouth.
  assertEquals(field(note, "item", "role"), "system");
  session.close();
});

Deno.test("what lapses waits for the caller to have spoken", async () => {
  await using model = new ScriptedModel();
  const { session, peer, heard } = await open(model);
  peer.send({ type: "input_audio_buffer.speech_started" });
  await heard("speechStarted");
  session.requestSpeech({ instructions: "result", lapses: true });
  session.requestSpeech({ instructions: "now" });
  const first = await peer.waitFor("response.create");
  assertEquals(field(first, "response", "instructions"), "You are Ann.\n\nnow");
  peer.respond("r1", {});
  await heard("answered");
  peer.send({ type: "input_audio_buffer.speech_stopped" });
  const second = await peer.waitFor("response.create", 2);
  assertEquals(field(second, "response", "instructions"), "You are Ann.\n\nresult");
  session.close();
});

Deno.test("an answer without audio did not speak, though the one before it did", async () => {
  await using model = new ScriptedModel();
  const { session, peer, heard } = await open(model);
  peer.respond("r1", { a: 20 });
  peer.respond("r2", {});
  assertEquals(await heard("answered", 2), [["answered", true], ["answered", false]]);
  session.close();
});

Deno.test("a session that is to write a text first falls silent, hears nothing more, and is closed by it", async () => {
  await using model = new ScriptedModel();
  const { session, peer, told, heard } = await open(model);
  peer.respond("r1", { a: 20 }, { done: false });
  await heard("audio");
  const written = Promise.withResolvers<WrittenText | undefined>();
  session.closeWithText("Sum up.", written.resolve);
  session.appendAudio("////");
  const asked = await peer.waitFor("response.create");
  assertEquals(peer.got.slice(-2).map(({ type }) => type), ["response.cancel", "response.create"]);
  const before = told.length;
  // The answer had just ended by itself.
  const late = { type: "invalid_request_error", code: "response_cancel_not_active", message: "none" };
  peer.send({ type: "error", error: late });
  peer.done("r1");
  write(peer, "Ann called.", asked);
  assertEquals((await written.promise)?.text, "Ann called.");
  await peer.end();
  assertEquals([told.length, peer.of("input_audio_buffer.append")], [before, []]);
});

Deno.test("a text that does not come is not waited for: 8 s, or until the model refuses, or is gone", async () => {
  const cases: [string, (peer: ScriptedSession, clock: FakeClock) => void][] = [
    ["late", (_, clock) => clock.advance(8_000)],
    ["refused", (peer) => peer.send({ type: "error", error: { code: "server_error", message: "no" } })],
    ["gone", (peer) => peer.socket.close()],
  ];
  for (const [name, happen] of cases) {
    await using model = new ScriptedModel();
    const { session, peer, told, clock } = await open(model);
    const written = Promise.withResolvers<WrittenText | undefined>();
    session.closeWithText("Sum up.", written.resolve);
    await peer.waitFor("response.create");
    const before = told.length;
    happen(peer, clock);
    assertEquals(await written.promise, undefined, name);
    await peer.end();
    assertEquals(told.length, before, name);
  }
});

Deno.test("a session that is not ready writes nothing, and is closed", async () => {
  await using model = new ScriptedModel();
  const { session, peer } = await open(model, {}, false);
  const written = Promise.withResolvers<WrittenText | undefined>();
  session.closeWithText("Sum up.", written.resolve);
  assertEquals(await written.promise, undefined);
  await peer.end();
});

Deno.test("remote servers are given what the owner named, and are asked of unless the owner said never", async () => {
  await using model = new ScriptedModel();
  const server = {
    url: "https://mcp.example.com",
    headers: { authorization: "Bearer key" },
    allowedTools: ["book"],
  };
  const { session, peer } = await open(model, {
    mcpServers: [
      { label: "calendar", ...server, unasked: false },
      { label: "weather", ...server, headers: {}, unasked: true },
    ],
  });
  const declared = { type: "mcp", server_url: server.url, allowed_tools: ["book"] };
  assertEquals(field(peer.of("session.update")[0], "session", "tools"), [
    { ...declared, server_label: "calendar", headers: server.headers, require_approval: "always" },
    { ...declared, server_label: "weather", headers: {}, require_approval: "never" },
  ]);
  session.close();
});
