import { assert, assertEquals } from "@std/assert";
import { endCall, sendDigits, transferCall } from "../../src/tools/call_tools.ts";
import { CallRig, connect, MENU, SALES, slowTool, testAudio } from "../support/call_rig.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

Deno.test("Menu key during the goodbye of end_call cancels the hang-up", async () => {
  const call = connect({ tools: (phone) => [endCall(phone)], ...MENU });
  const { rig, session } = call;
  session.observer?.assistantAudio("bye", testAudio(3000));
  call.callFunction("end_call");
  session.observer?.responseDone(response({ hasAudio: true }));
  rig.clock.advance(500);
  call.press("0");
  assertEquals(rig.calls.destination("CA1")?.name, "sales");
  rig.clock.advance(15_000);
  await settle();
  assertEquals(rig.summary("CA1")?.end_reason, undefined);
  assert(rig.calls.transferFailed("CA1", "no-answer"));
});

Deno.test("Menu key cancels a pending transfer_call", () => {
  const call = connect({
    tools: (phone) => [transferCall(phone, [SALES])],
    ...MENU,
  });
  const { rig } = call;
  call.session.observer?.assistantAudio("i", testAudio(3000));
  call.callFunction("transfer_call", { destination: "sales" });
  call.session.observer?.responseDone(response({ hasAudio: true }));
  rig.clock.advance(500);
  call.press("0");
  rig.comeBack();
  rig.clock.advance(14_600);
  assertEquals(rig.calls.destination("CA1"), undefined);
});

Deno.test("Tones stop the hold tone, play out, and leave barge-in working", async () => {
  const slow = slowTool();
  const call = connect({ tools: (phone) => [sendDigits(phone), slow.tool], waiting: { afterMs: 1500 } });
  const { rig, session } = call;
  call.callFunction("send_digits", { digits: "1234567890123456789012345" }); // 5 s
  call.callFunction("slow");
  session.observer?.responseDone(response({ hasAudio: false }));
  for (let i = 0; i < 25; i++) {
    rig.clock.advance(100);
    call.echoMarks();
  }
  session.observer?.callerSpeechStarted(); // speech of a phone menu
  session.observer?.callerSpeechStopped();
  const cleared = call.sent("clear").length;
  for (let i = 0; i < 60; i++) {
    rig.clock.advance(100);
    call.echoMarks();
  }
  await settle();
  const output = session.functionResults.map(({ output }) => output);
  rig.clock.advance(60_000);
  await settle();
  session.observer?.assistantAudio("x", testAudio(5000));
  rig.clock.advance(300);
  call.echoMarks();
  session.observer?.callerSpeechStarted();
  const barged = session.interruptions.filter(({ itemId }) => itemId === "x").length;
  assertEquals({ cleared, output, barged }, {
    cleared: 0,
    output: ['{"sent":"1234567890123456789012345"}'],
    barged: 1,
  });
});

Deno.test("Drain does not wait for a call whose transfer was answered", () => {
  const call = connect({ ...MENU });
  const { rig } = call;
  call.press("0");
  rig.calls.destination("CA1");
  rig.calls.transferAnswered("CA1");
  assertEquals(rig.calls.awaitingAfterStream, 0);
});

Deno.test("Spending limit reached after a menu key does not cancel the transfer", () => {
  const call = connect({
    ...MENU,
    billedModel: "gpt-realtime-2.1",
    costLimits: { perCall: 0.000001 },
  });
  const { rig } = call;
  call.press("0");
  const text = { input: 1000, cached: 0, output: 1000 };
  call.session.observer?.responseDone(
    response({ status: "cancelled", usage: { inputTokens: 2000, outputTokens: 2000, text, audio: text } }),
  );
  assertEquals([rig.calls.destination("CA1")?.name, rig.summary("CA1")?.end_reason], ["sales", undefined]);
});

Deno.test("Time limit does not cancel a transfer that Twilio has not requested yet", () => {
  const call = connect({ ...MENU, maxCallMs: 50_000 });
  const { rig } = call;
  rig.clock.advance(49_900);
  call.press("0");
  rig.clock.advance(200);
  assertEquals([rig.calls.destination("CA1")?.name, rig.summary("CA1")?.end_reason], ["sales", undefined]);
});

Deno.test("end_call in the goodbye of a limit does not change the end reason", () => {
  const call = connect({
    tools: (phone) => [endCall(phone), transferCall(phone, [SALES])],
    destinations: [SALES],
    maxCallMs: 50_000,
  });
  const { rig, session } = call;
  rig.clock.advance(50_000);
  session.observer?.assistantAudio("bye", testAudio(200));
  call.callFunction("end_call");
  session.observer?.responseDone(response());
  session.requests.at(-1)?.onDone?.(response());
  rig.clock.advance(300);
  call.echoMarks();
  rig.clock.advance(300);
  assertEquals(rig.summary("CA1")?.end_reason, "time limit");
});

Deno.test("transfer_call in the goodbye of a limit does not transfer", () => {
  const call = connect({
    tools: (phone) => [transferCall(phone, [SALES])],
    destinations: [SALES],
    maxCallMs: 50_000,
  });
  const { rig, session } = call;
  rig.clock.advance(50_000);
  session.observer?.assistantAudio("bye", testAudio(200));
  call.callFunction("transfer_call", { destination: "sales" });
  session.observer?.responseDone(response());
  session.requests.at(-1)?.onDone?.(response());
  rig.clock.advance(300);
  call.echoMarks();
  rig.clock.advance(300);
  assertEquals([rig.calls.destination("CA1"), rig.summary("CA1")?.end_reason], [undefined, "time limit"]);
});

Deno.test("Voicemail call whose session is not ready ends without an apology", () => {
  const rig = new CallRig({}, { voicemail: { leave: "hi" } });
  const token = rig.announce("CA1");
  rig.stream("CA1", token);
  rig.calls.reportAnsweredBy("CA1", "machine_end_beep");
  rig.clock.advance(1000);
  assertEquals(rig.calls.afterStreamRequested("CA1")?.callerInformed ?? true, true);
});

Deno.test("Summary's cost is charged to the caller's budget", async () => {
  const call = connect({ billedModel: "gpt-realtime-2.1", summary: true });
  const { rig } = call;
  const text = { input: 100_000, cached: 0, output: 1000 };
  call.session.closeWithText = (_instructions, done) =>
    done({ text: "t", usage: { inputTokens: 200_000, outputTokens: 2_000, text, audio: text } });
  call.observer?.callerSpeechStarted();
  call.observer?.callerSpeechStopped();
  call.hangUp();
  await settle();
  const limited = { ...rig.assistant, costLimits: { perCallerDay: 0.01 } };
  const next = rig.calls.announce({ callSid: "CA2", from: "+15551230000", to: "+1" }, limited);
  assert("refused" in next);
});
