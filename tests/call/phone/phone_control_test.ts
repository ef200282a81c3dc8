import { assertEquals, assertMatch } from "@std/assert";
import { collectDigits } from "../../../src/tools/call_tools.ts";
import { connect, slowTool } from "../../support/call_rig.ts";
import { IDLE_TIMERS } from "../../support/fake_clock.ts";
import { message } from "../../support/fake_socket.ts";
import { response } from "../../support/still_session.ts";
import { settle } from "../../support/wait_until.ts";

Deno.test("Silence prompts come first, then a goodbye ends the call", () => {
  const call = connect({ silence: { afterMs: 10_000, prompts: 2 } });
  const { rig, session } = call;
  for (const asked of [1, 2]) {
    rig.clock.advance(9_999);
    assertEquals(session.requests.length, asked - 1);
    rig.clock.advance(1);
    assertMatch(session.requests[asked - 1]?.instructions ?? "", /still there/);
  }
  rig.clock.advance(10_000);
  assertMatch(session.requests[2]?.instructions ?? "", /Say goodbye/);
  session.requests[2]?.onDone?.(response());
  assertEquals(rig.summary("CA1")?.end_reason, "silence");
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Hold tone plays until the tool finishes, and is not reported to the model as heard", async () => {
  const slow = slowTool();
  const call = connect({ tools: () => [slow.tool], waiting: { afterMs: 500 } });
  const { rig, session, socket } = call;
  call.callFunction("slow");
  session.observer?.responseDone(response({ hasAudio: false }));
  rig.clock.advance(500);
  const first = call.sent("media").length;
  assertEquals(first > 0, true);
  for (let i = 0; i < 40; i++) {
    rig.clock.advance(100);
    call.echoMarks();
  }
  assertEquals(call.sent("media").length > first, true);
  session.observer?.callerSpeechStarted();
  assertEquals([session.interruptions, call.sent("clear").length], [[], 1]);
  session.observer?.callerSpeechStopped();
  slow.resolve("found");
  await settle();
  assertEquals(session.functionResults, [{ callId: "slow", output: '"found"' }]);
  assertEquals(rig.summary("CA1"), undefined);
  socket.receive(message("stop"));
  assertEquals(rig.summary("CA1")?.barge_ins, 0);
});

Deno.test("Spending limit ends the call with a goodbye, and the caller's next call is refused", () => {
  const call = connect({ billedModel: "gpt-realtime-2.1", costLimits: { perCall: 0.1, perCallerDay: 0.1 } });
  const { rig, session } = call;
  const none = { input: 0, cached: 0, output: 0 };
  // 0.064 US dollars by the list price.
  const audio = { input: 1_000, cached: 0, output: 500 };
  const usage = { inputTokens: 1_000, outputTokens: 500, text: none, audio };
  session.observer?.responseDone(response({ usage }));
  assertEquals([session.notes.length, session.requests.length], [0, 0]);
  session.observer?.responseDone(response({ usage }));
  assertMatch(session.requests[0]?.instructions ?? "", /must end now/);
  session.requests[0]?.onDone?.(response());
  assertEquals(rig.summary("CA1")?.end_reason, "spending limit");
  const next = { callSid: "CA2", from: "+15551230000", to: "+15559870000" };
  assertEquals(rig.calls.announce(next, rig.assistant), { refused: "spending limit" });
});

Deno.test("Daily minutes are charged as they begin, end the call, and refuse the caller's next one", () => {
  const call = connect({ minuteLimits: { perCallerDay: 2 } });
  const { rig, session } = call;
  rig.clock.advance(59_900);
  assertEquals([session.notes, session.requests], [[], []]);
  rig.clock.advance(100);
  assertMatch(session.notes[0] ?? "", /nearly used up/);
  rig.clock.advance(59_900);
  assertEquals(session.requests, [], "the last minute may be used to its end");
  rig.clock.advance(100);
  assertMatch(session.requests[0]?.instructions ?? "", /reached its time limit/);
  session.requests[0]?.onDone?.(response());
  assertEquals(rig.summary("CA1")?.end_reason, "time limit");
  const next = { callSid: "CA2", from: "+15551230000", to: "+15559870000" };
  assertEquals(rig.calls.announce(next, rig.assistant), { refused: "spending limit" });
  const other = { ...next, from: "+15551239999" };
  assertEquals("token" in rig.calls.announce(other, rig.assistant), true);
});

Deno.test("Record has the digits entered, but not those of a secret", async () => {
  const call = connect({
    keypad: { pauseMs: 2_000, menu: new Map([["0", "desk"]]), secrets: new Map([["pin", 2]]) },
    destinations: [{ name: "desk", number: "+15550100", about: "", ringSeconds: 20 }],
    tools: (phone) => [collectDigits(phone, [{ name: "pin", digits: 2 }])],
  });
  const { rig } = call;
  call.press(..."12#");
  call.callFunction("collect_digits", { name: "pin" });
  call.press(..."73");
  await settle();
  rig.clock.advance(5_000);
  call.press(..."0");
  const events = call.events();
  assertEquals(events.map(({ kind, name, detail }) => [kind, name, detail]), [
    ["keypad", "12", undefined],
    ["keypad", "pin", "secret"],
    ["tool", "collect_digits", undefined],
    ["keypad", "0", "desk"],
  ]);
  assertEquals(JSON.stringify(events).includes("73"), false);
});
