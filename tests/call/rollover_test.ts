import { assertEquals, assertMatch } from "@std/assert";
import { z } from "zod";
import { defineTool } from "../../src/tools/tool.ts";
import { connect, MENU, slowTool, testAudio } from "../support/call_rig.ts";
import { endpoint } from "../support/owner_rig.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

const LIFETIME_MS = 120_000;
/** The successor of a session that lives for 2 min is dialled after half of it at most. */
const DIALLED_MS = LIFETIME_MS / 2;

/** A call whose sessions expire after 2 min. */
function connectExpiring(...args: Parameters<typeof connect>) {
  const call = connect(...args);
  const { rig } = call;
  /** The next session becomes ready, and replaces the present one in a quiet moment. */
  const rollOver = () => {
    const { session } = rig;
    rig.clock.advance(DIALLED_MS);
    if (rig.session === session) throw new Error("no successor was dialled");
    rig.session.observer?.sessionReady({ lifetimeMs: LIFETIME_MS, needsSilence: false });
    return rig.session;
  };
  // The first session's lifetime was not known.
  rig.dropSession();
  rig.clock.advance(0);
  rig.session.observer?.sessionReady({ lifetimeMs: LIFETIME_MS, needsSilence: false });
  return { ...call, rollOver };
}

Deno.test("200 rollovers lose and double no frame and no turn", () => {
  const { rig, frame, say, rollOver, hangUp } = connectExpiring(MENU);
  const first = rig.sessions.length - 1;
  for (let round = 0; round < 200; round++) {
    frame(round);
    rig.session.observer?.callerSpeechStarted({ itemId: `u${round}`, audioMs: 0 });
    rig.session.observer?.callerSpeechStopped({ itemId: `u${round}`, audioMs: 20 });
    rig.session.observer?.callerTranscript(`u${round}`, `Question ${round}.`);
    say(`a${round}`, `Answer ${round}.`);
    // No acknowledgement of this frame arrives.
    frame(250);
    rollOver();
  }
  const received = rig.sessions.slice(first).flatMap(({ firstBytes }) => firstBytes);
  assertEquals(received, Array.from({ length: 200 }, (_, round) => [round, 250]).flat());
  const texts = hangUp()?.turns.map(({ text }) => text);
  assertEquals(texts?.length, 400);
  assertEquals(new Set(texts).size, 400);
});

Deno.test("Successor of an expiring session gets the conversation as items, and waits for the caller", () => {
  const { say, rollOver } = connectExpiring({ ...MENU, greeting: "Say hello." });
  say("a1", "Hello.");
  const next = rollOver();
  assertEquals([next.restored, next.requests], [[{ type: "assistant", text: "Hello." }], []]);
});

Deno.test("Session is not swapped while the caller speaks, audio is unheard or a tool runs", async () => {
  const slow = slowTool();
  const call = connectExpiring({ ...MENU, tools: () => [slow.tool] });
  const { rig } = call;
  call.say("a1", "Hello.");
  const serving = rig.session;
  const pass = (ms: number) => call.play(ms);
  pass(DIALLED_MS);
  const successor = rig.session;
  serving.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  successor.observer?.sessionReady();
  pass(1_000);
  assertEquals(successor.restored.length, 0, "the caller speaks");
  serving.observer?.callerSpeechStopped({ itemId: "u1", audioMs: 500 });
  serving.observer?.functionCalled({ callId: "slow", name: "slow", arguments: "{}" });
  pass(2_000);
  assertEquals(successor.restored.length, 0, "a tool runs");
  serving.observer?.responseDone(response({ hasAudio: false }));
  slow.resolve("found");
  await settle();
  serving.observer?.assistantAudio("a2", testAudio(3_000));
  serving.observer?.assistantTranscript("a2", "I found it.");
  serving.observer?.responseDone(response());
  pass(1_000);
  assertEquals(successor.restored.length, 0, "audio is unheard");
  pass(3_000);
  assertEquals(successor.restored.map(({ type }) => type), [
    "assistant",
    "function call",
    "function result",
    "assistant",
  ]);
});

Deno.test("Tool that ends after the swap sends its output once, to the serving session", async () => {
  const slow = slowTool();
  const call = connectExpiring({ ...MENU, tools: () => [slow.tool] });
  const { rig } = call;
  call.say("a1", "Hello.");
  const serving = rig.session;
  call.play(DIALLED_MS);
  const successor = rig.session;
  serving.observer?.functionCalled({ callId: "slow", name: "slow", arguments: "{}" });
  successor.observer?.sessionReady();
  // 20 s before the end, the swap does not wait for the tool any longer.
  call.play(45_000);
  slow.resolve("found");
  await settle();
  assertEquals(successor.restored.at(-1)?.type, "function call");
  assertEquals([serving.functionResults, successor.functionResults], [[], [{
    callId: "slow",
    output: '"found"',
  }]]);
});

Deno.test("Repeated function call after a loss gets the first one's result", async () => {
  let runs = 0;
  const order = defineTool(
    { name: "order", description: "", parameters: z.object({ n: z.number() }) },
    () => ++runs,
  );
  const { rig, callFunction } = connect({ ...MENU, tools: () => [order] });
  callFunction("order", { n: 1 }, "c1");
  await settle();
  const next = rig.replaceSession();
  callFunction("order", { n: 1 }, "c2");
  await settle();
  assertEquals([runs, next.functionResults], [1, [{ callId: "c2", output: "1" }]]);
  // The caller may want the same again later.
  next.observer?.responseDone(response());
  callFunction("order", { n: 1 }, "c3");
  await settle();
  assertEquals([runs, next.functionResults.at(-1)], [2, { callId: "c3", output: "2" }]);
});

Deno.test("Repeated function call after a loss may be spelled differently", async () => {
  let runs = 0;
  const order = defineTool(
    { name: "order", description: "", parameters: z.object({ n: z.number() }) },
    () => ++runs,
  );
  const { rig, callFunction } = connect({ ...MENU, tools: () => [order] });
  callFunction("order", { n: 1 }, "c1");
  await settle();
  const next = rig.replaceSession();
  next.observer?.functionCalled({ callId: "c2", name: "order", arguments: '{ "n": 1.0 }' });
  await settle();
  assertEquals([runs, next.functionResults], [1, [{ callId: "c2", output: "1" }]]);
});

Deno.test("Call fails over to the next model server, with its key, model and voice", () => {
  const other = { ...endpoint("other"), apiKey: "key-2", model: "m2", voice: "v2" };
  const { rig, say } = connect({ ...MENU, fallbacks: [other] });
  say("a1", "Hello.");
  rig.session.observer?.sessionFailed({ code: "insufficient_quota", message: "" });
  rig.clock.advance(0);
  const { options } = rig.session;
  assertEquals([options?.url, options?.apiKey, options?.model, options?.voice], [
    other.url,
    "key-2",
    "m2",
    "v2",
  ]);
  rig.session.observer?.sessionReady();
  assertMatch(rig.session.known.join(), /You: Hello\./);
});

Deno.test("Call ends as model failed when no session can be opened for 10 s", () => {
  const { rig, records } = connect(MENU);
  rig.dropSession();
  for (let ms = 0; ms < 9_900; ms += 100) {
    rig.clock.advance(100);
    if (ms % 3_000 === 0) rig.dropSession();
  }
  assertEquals(records, []);
  rig.clock.advance(100);
  assertEquals(records.map(({ endReason }) => endReason), ["model failed"]);
});
