import { assertEquals } from "@std/assert";
import { startSimulatedModel } from "../../../src/simulator/model/model_server.ts";
import { ChangeSignal } from "../../support/wait_until.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { describeHistory } from "../../../src/model/history_text.ts";
import type { HistoryItem } from "../../../src/model/model_interface.ts";
import type { JsonObject } from "../../../src/json.ts";
import { field } from "../../support/field.ts";
import { ScriptedModel } from "../../support/scripted_model.ts";
import { open, openSession } from "./open_session.ts";

const HISTORY: HistoryItem[] = [
  { type: "caller", text: "Book a table." },
  { type: "function call", call: { callId: "c1", name: "book", arguments: '{"for":2}' } },
  { type: "function result", callId: "c1", output: '{"ok":true}' },
  { type: "note", text: "The caller pressed 1." },
  { type: "assistant", text: "It is booked" },
];
/** Text of the first content part of a created message. */
function text(event: JsonObject | undefined): unknown {
  const content = field(event, "item", "content");
  return Array.isArray(content) ? content[0]?.text : undefined;
}

Deno.test("GaSession restores turns, function calls and outputs in order and does not report them", async () => {
  await using model = new ScriptedModel();
  const { session, peer, untilEvents } = await open(model, {}, false);
  session.addSystemMessage("before");
  session.restore(HISTORY);
  session.addSystemMessage("after");
  session.requestResponse();
  await peer.configure();
  await peer.waitFor("response.create");
  const created = peer.receivedOf("conversation.item.create");
  assertEquals(created.length, HISTORY.length + 2);
  assertEquals([text(created[0]), text(created.at(-1))], ["before", "after"]);
  assertEquals(created.slice(1, -1).map(({ item }) => item), [
    {
      type: "message",
      role: "user",
      content: [{ type: "input_text", text: "Book a table." }],
      id: "parley_h1",
    },
    {
      type: "function_call",
      status: "completed",
      call_id: "c1",
      name: "book",
      arguments: '{"for":2}',
      id: "parley_h2",
    },
    { type: "function_call_output", call_id: "c1", output: '{"ok":true}', id: "parley_h3" },
    {
      type: "message",
      role: "system",
      content: [{ type: "input_text", text: "The caller pressed 1." }],
      id: "parley_h4",
    },
    {
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "It is booked" }],
      id: "parley_h5",
    },
  ]);
  for (const { item } of created.slice(1, -1)) {
    peer.send({ type: "conversation.item.added", previous_item_id: null, item });
    peer.send({ type: "conversation.item.done", previous_item_id: null, item });
  }
  const item = { id: "u1", type: "message", role: "user", content: [] };
  peer.send({ type: "conversation.item.added", previous_item_id: "parley_h5", item });
  assertEquals(await untilEvents("itemAdded"), [["itemAdded", "u1", "parley_h5", "caller"]]);
  session.close();
});

Deno.test("GaSession numbers the items of several restores without repeating an ID", async () => {
  await using model = new ScriptedModel();
  const { session, peer } = await open(model);
  session.restore(HISTORY.slice(0, 2));
  session.restore([]);
  session.restore(HISTORY.slice(2, 3));
  await peer.waitFor("conversation.item.create", 3);
  assertEquals(
    peer.receivedOf("conversation.item.create").map((event) => field(event, "item", "id")),
    ["parley_h1", "parley_h2", "parley_h3"],
  );
  session.close();
});

Deno.test("GaSession sends the history as one message when the server refuses an item", async () => {
  await using model = new ScriptedModel();
  const { session, peer, events } = await open(model);
  session.restore(HISTORY);
  await peer.waitFor("conversation.item.create", 5);
  const refuse = (event: JsonObject | undefined) => {
    const error = { code: "invalid_value", message: "no", event_id: event?.event_id };
    peer.send({ type: "error", error });
  };
  const [, second, third] = peer.receivedOf("conversation.item.create");
  refuse(second);
  refuse(third);
  const message = await peer.waitFor("conversation.item.create", 6);
  assertEquals([text(message), message.previous_item_id], [describeHistory(HISTORY), "root"]);
  assertEquals(
    peer.receivedOf("conversation.item.delete").map(({ item_id }) => item_id),
    ["parley_h1", "parley_h2", "parley_h3", "parley_h4", "parley_h5"],
  );
  // Two of the items to delete do not exist.
  refuse(peer.receivedOf("conversation.item.delete")[1]);
  session.restore([{ type: "note", text: "later" }]);
  const later = await peer.waitFor("conversation.item.create", 7);
  assertEquals(text(later), describeHistory([{ type: "note", text: "later" }]));
  assertEquals(later.previous_item_id, undefined);
  assertEquals(events.filter(([name]) => name === "modelError"), []);
  session.close();
});

Deno.test("GaSession appends the history to the conversation when the server cannot insert it at the start", async () => {
  await using model = new ScriptedModel();
  const { session, peer, untilEvents } = await open(model);
  session.restore(HISTORY.slice(0, 1));
  const refuse = ({ event_id }: JsonObject) => {
    peer.send({ type: "error", error: { code: "invalid_value", message: "no", event_id } });
  };
  refuse(await peer.waitFor("conversation.item.create"));
  refuse(await peer.waitFor("conversation.item.create", 2));
  const appended = await peer.waitFor("conversation.item.create", 3);
  assertEquals([text(appended), appended.previous_item_id], [
    describeHistory(HISTORY.slice(0, 1)),
    undefined,
  ]);
  // The last attempt: another refusal is an error like any other.
  peer.send({ type: "error", error: { code: "invalid_value", message: "no", event_id: null } });
  await untilEvents("modelError");
  assertEquals(peer.receivedOf("conversation.item.create").length, 3);
  session.close();
});

Deno.test("GaSession deletes an item, and ignores that the server does not have it", async () => {
  await using model = new ScriptedModel();
  const { session, peer, events, untilEvents } = await open(model);
  session.deleteItem("u1");
  const { item_id, event_id } = await peer.waitFor("conversation.item.delete");
  assertEquals(item_id, "u1");
  peer.send({ type: "error", error: { code: "item_delete_invalid_item_id", message: "no", event_id } });
  peer.send({ type: "input_audio_buffer.speech_started" });
  await untilEvents("callerSpeechStarted");
  assertEquals(events.filter(([name]) => name === "modelError"), []);
  session.close();
});

Deno.test("GaSession replaces a named item in its place, and removes it if nothing is left of it", async () => {
  await using model = new ScriptedModel();
  const { session, peer } = await open(model);
  const greeting = (text: string): HistoryItem => ({ type: "assistant", text, name: "parley-greeting" });
  session.restore([greeting("Hello, Ann."), ...HISTORY.slice(0, 1)]);
  session.restore([greeting("Hello,")]);
  const cut = await peer.waitFor("conversation.item.create", 3);
  assertEquals([cut.previous_item_id, field(cut, "item", "id")], ["parley_h1", "parley_h3"]);
  assertEquals([field(cut, "item", "role"), text(cut)], ["assistant", "Hello,"]);
  assertEquals((await peer.waitFor("conversation.item.delete")).item_id, "parley_h1");
  session.restore([greeting("")]);
  assertEquals((await peer.waitFor("conversation.item.delete", 2)).item_id, "parley_h3");
  assertEquals(peer.receivedOf("conversation.item.create").length, 3);
  // A refusal gives the server what is left.
  const error = { code: "invalid_value", message: "no", event_id: "parley_h2" };
  peer.send({ type: "error", error });
  assertEquals(text(await peer.waitFor("conversation.item.create", 4)), describeHistory(HISTORY.slice(0, 1)));
  session.close();
});

Deno.test("GaSession restores items that the vendor's schema accepts", async () => {
  const changes = new ChangeSignal();
  const received: { type: string }[] = [];
  const model = startSimulatedModel({
    onEvent: (direction, event) => {
      if (direction === "out") received.push(event);
      changes.notify();
    },
  });
  const session = openSession(model.url, new FakeClock(), () => {}, {
    apiKey: "key",
    model: "gpt-realtime-2.1",
    voice: "marin",
  });
  session.restore(HISTORY);
  const count = (type: string) => received.filter((event) => event.type === type).length;
  await changes.until("the items", () => count("conversation.item.added") === HISTORY.length || undefined);
  session.deleteItem("parley_h2");
  session.restore([{ type: "assistant", text: "Hello, Ann.", name: "parley-greeting" }]);
  session.restore([{ type: "assistant", text: "Hello,", name: "parley-greeting" }]);
  await changes.until("the deletions", () => count("conversation.item.deleted") === 2 || undefined);
  assertEquals(count("error"), 0);
  session.close();
  await model.close();
});
