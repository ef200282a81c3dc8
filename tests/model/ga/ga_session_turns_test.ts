import { assertEquals } from "@std/assert";
import { field } from "../../support/field.ts";
import { ScriptedModel } from "../../support/scripted_model.ts";
import { open } from "./open_session.ts";

Deno.test("GaSession truncates an item once", async () => {
  await using model = new ScriptedModel();
  const { session, peer, untilEvents } = await open(model);
  peer.respond("r1", { a: 200, b: 100 });
  await untilEvents("responseDone");
  session.interrupt([{ itemId: "a", heardMs: 120 }]);
  session.interrupt([{ itemId: "a", heardMs: 150 }, { itemId: "b", heardMs: 40 }]);
  await peer.waitFor("conversation.item.truncate", 2);
  session.addSystemMessage("marks a position");
  await peer.waitFor("conversation.item.create");
  const truncations = peer.receivedOf("conversation.item.truncate");
  assertEquals(truncations.map(({ item_id, audio_end_ms }) => [item_id, audio_end_ms]), [["a", 120], [
    "b",
    40,
  ]]);
  session.close();
});

Deno.test("GaSession truncates no item of another session, and none after the audio it received", async () => {
  await using model = new ScriptedModel();
  const { session, peer, untilEvents } = await open(model);
  peer.respond("r1", { a: 200 });
  await untilEvents("responseDone");
  session.interrupt([{ itemId: "other", heardMs: 20 }, { itemId: "a", heardMs: 201 }]);
  const { item_id, audio_end_ms } = await peer.waitFor("conversation.item.truncate");
  assertEquals([item_id, audio_end_ms], ["a", 200]);
  session.close();
});

Deno.test("GaSession leaves answers and interruptions to Parley with answers: parley", async () => {
  for (const type of ["server_vad", "semantic_vad"] as const) {
    await using model = new ScriptedModel();
    const turnDetection = { type, createResponse: true, interruptResponse: true };
    const { session, peer, untilEvents } = await open(model, { answers: "parley", turnDetection });
    const [update] = peer.receivedOf("session.update");
    const path = ["session", "audio", "input", "turn_detection"];
    assertEquals(
      ["create_response", "interrupt_response"].map((flag) => field(update, ...path, flag)),
      [false, false],
    );
    peer.send({ type: "input_audio_buffer.speech_started" });
    peer.send({ type: "input_audio_buffer.speech_stopped" });
    peer.send({ type: "input_audio_buffer.committed", item_id: "u1" });
    assertEquals(await untilEvents("turnCommitted"), [["turnCommitted", "u1"]]);
    session.addSystemMessage("marks a position");
    await peer.waitFor("conversation.item.create");
    assertEquals(peer.receivedOf("response.create"), []);
    session.close();
  }
});

Deno.test("GaSession requests the answer to a committed turn when the server does not create it", async () => {
  await using model = new ScriptedModel();
  const turnDetection = { type: "server_vad", createResponse: false } as const;
  const { session, peer, untilEvents } = await open(model, { turnDetection });
  peer.send({ type: "input_audio_buffer.committed", item_id: "u1" });
  await peer.waitFor("response.create");
  assertEquals(await untilEvents("turnCommitted"), [["turnCommitted", "u1"]]);
  session.close();
});
