import { assertEquals } from "@std/assert";
import { z } from "zod";
import { defineTool } from "../../../src/tools/tool.ts";
import { connect, MENU, testAudio } from "../../support/call_rig.ts";
import { response } from "../../support/still_session.ts";
import { settle } from "../../support/wait_until.ts";

Deno.test("Sessions that number their items anew share no turn of the record", () => {
  const { rig, say, hangUp } = connect(MENU);
  const ask = (text: string) => {
    rig.session.observer?.callerSpeechStarted({ itemId: "item_1", audioMs: 0 });
    rig.session.observer?.callerSpeechStopped({ itemId: "item_1", audioMs: 20 });
    rig.session.observer?.itemAdded("item_1", undefined, "caller");
    rig.session.observer?.callerTranscript("item_1", text);
    rig.session.observer?.itemAdded("item_2", "item_1", "assistant");
  };
  ask("Are you open?");
  say("item_2", "Until five.");
  const next = rig.replaceSession();
  ask("And on Sunday?");
  say("item_2", "No.");
  rig.replaceSession(250);
  ask("Thanks.");
  say("item_2", "Goodbye.");
  assertEquals(next.restored, [{ type: "caller", text: "Are you open?" }, {
    type: "assistant",
    text: "Until five.",
  }]);
  assertEquals(hangUp()?.turns.map(({ text }) => text), [
    "Are you open?",
    "Until five.",
    "And on Sunday?",
    "No.",
    "Thanks.",
    "Goodbye.",
  ]);
});

Deno.test("Session is asked to truncate its own item, not one of an earlier session with the same ID", () => {
  const { rig, play } = connect(MENU);
  const interruptAt = (itemId: string, ms: number) => {
    rig.session.observer?.assistantAudio(itemId, testAudio(3_000));
    rig.session.observer?.assistantTranscript(itemId, "A long answer.");
    play(ms);
    rig.session.observer?.callerSpeechStarted({ itemId: "item_9", audioMs: 0 });
  };
  interruptAt("item_1", 1_000);
  const next = rig.replaceSession();
  interruptAt("item_1", 500);
  assertEquals(rig.sessions.map(({ interruptions }) => interruptions.map(({ itemId }) => itemId)), [
    ["item_1"],
    ["item_1"],
  ]);
  assertEquals(Number(next.interruptions[0]?.heardMs) <= 500, true, "of the second item");
});

Deno.test("Function call with a call ID of an earlier session runs, and each result goes to its own session", async () => {
  const tool = defineTool(
    { name: "price", description: "", parameters: z.object({ of: z.string() }) },
    ({ of }) => `the price of ${of}`,
  );
  const { rig, callFunction } = connect({ ...MENU, tools: () => [tool] });
  callFunction("price", { of: "tea" }, "call_1");
  await settle();
  rig.session.observer?.responseDone(response({ hasAudio: false }));
  const next = rig.replaceSession();
  callFunction("price", { of: "coffee" }, "call_1");
  await settle();
  const last = rig.replaceSession(250);
  assertEquals(rig.sessions[0]?.functionResults, [{ callId: "call_1", output: '"the price of tea"' }]);
  assertEquals(next.functionResults, [{ callId: "call_1", output: '"the price of coffee"' }]);
  assertEquals(last.restored.map((item) => item.type === "function result" && [item.callId, item.output]), [
    false,
    ["call_1", '"the price of tea"'],
    false,
    ["call_1-2", '"the price of coffee"'],
  ]);
});
