import { assertEquals, assertMatch } from "@std/assert";
import type { CallAssistant } from "../../../src/assistants/call_assistant.ts";
import type { CallsOptions } from "../../../src/calls/calls.ts";
import { sendDigits, transferCall } from "../../../src/tools/call_tools.ts";
import { connect, MENU, slowTool, testAudio } from "../../support/call_rig.ts";
import { IDLE_TIMERS } from "../../support/fake_clock.ts";
import { settle } from "../../support/wait_until.ts";
import { response } from "../../support/still_session.ts";

function connectWithMenu(assistant: Partial<CallAssistant> = {}, options: Partial<CallsOptions> = {}) {
  return connect({ ...MENU, ...assistant }, options);
}

/** The caller presses the key that transfers them. */
function transfer({ rig, press }: ReturnType<typeof connect>): void {
  press("0");
  assertEquals(rig.calls.destination("CA1")?.name, "sales");
}

Deno.test("Transfer ends when the caller returns", () => {
  const call = connectWithMenu();
  const { rig } = call;
  transfer(call);
  call.rig.comeBack();
  assertEquals([rig.calls.destination("CA1"), rig.calls.list()[0]?.state], [undefined, "connected"]);
  rig.calls.transferAnswered("CA1");
  assertEquals(rig.summary("CA1"), undefined, "a late report of the transfer does not end the call");
});

Deno.test("Caller who returns is not greeted again by a new session", () => {
  const call = connectWithMenu({ greeting: "Say hello." });
  const { rig } = call;
  transfer(call);
  call.session.observer?.sessionFailed({ code: "gone", message: "lost" });
  call.rig.comeBack();
  rig.sessions[1]?.observer?.sessionReady();
  const asked = rig.sessions[1]?.requests.map(({ instructions }) => instructions) ?? [];
  assertEquals(asked.length, 1);
  assertMatch(asked[0] ?? "", /the line was busy/);
});

Deno.test("Call ends 30 s after the ringing time when the caller does not come back", () => {
  const call = connectWithMenu({}, { mediaTimeoutMs: 5_000 });
  const { rig } = call;
  transfer(call);
  rig.clock.advance(49_999);
  assertEquals([rig.summary("CA1"), call.session.closed], [undefined, false]);
  rig.clock.advance(1);
  assertEquals([rig.summary("CA1")?.end_reason, call.session.closed], ["stream lost", true]);
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Call ends 30 s after a failed transfer when the caller does not come back", () => {
  const call = connectWithMenu();
  const { rig } = call;
  transfer(call);
  rig.clock.advance(1_000);
  rig.calls.transferFailed("CA1", "busy");
  rig.clock.advance(29_999);
  assertEquals(rig.summary("CA1"), undefined);
  rig.clock.advance(1);
  assertEquals(rig.summary("CA1")?.end_reason, "stream lost");
});

Deno.test("Media timeout applies again when the caller is back", () => {
  const call = connectWithMenu({}, { mediaTimeoutMs: 5_000 });
  const { rig } = call;
  transfer(call);
  call.rig.comeBack();
  rig.clock.advance(5_000);
  assertEquals(rig.summary("CA1")?.end_reason, "no media");
});

Deno.test("Silence prompts pause during a transfer and resume afterwards", () => {
  const call = connectWithMenu({ silence: { afterMs: 5_000, prompts: 1 } });
  const { rig } = call;
  transfer(call);
  rig.clock.advance(15_000);
  assertEquals(call.session.requests, []);
  call.rig.comeBack();
  rig.clock.advance(5_000);
  assertEquals(call.session.requests.length, 2);
  assertMatch(call.session.requests[1]?.instructions ?? "", /still there/);
});

Deno.test("Tool that ran at the start of a transfer is stopped, and its result discarded", async () => {
  const slow = slowTool();
  const call = connectWithMenu({ tools: () => [slow.tool], waiting: { afterMs: 500, say: "One moment." } });
  const { rig } = call;
  call.callFunction("slow");
  call.session.observer?.responseDone(response({ hasAudio: false }));
  transfer(call);
  rig.clock.advance(1_000);
  slow.resolve("found");
  await settle();
  assertEquals([call.session.functionResults, call.session.requests], [[], []]);
});

Deno.test("Unheard audio from before a transfer is not played afterwards", () => {
  const call = connectWithMenu();
  const { rig } = call;
  call.session.observer?.assistantAudio("a", testAudio(3_000));
  rig.clock.advance(100);
  transfer(call);
  const back = call.rig.comeBack();
  rig.clock.advance(1_000);
  assertEquals(call.sent("media", back), []);
});

Deno.test("Speech from before a transfer does not interrupt playback afterwards", () => {
  const call = connectWithMenu({ protectedMs: 1_000 });
  call.session.observer?.callerSpeechStarted();
  transfer(call);
  const back = call.rig.comeBack();
  call.session.observer?.assistantAudio("sorry", testAudio(3_000));
  call.play(1_500, back);
  assertEquals(call.session.interruptions, []);
  call.session.observer?.callerSpeechStarted();
  assertEquals(call.session.interruptions.map(({ itemId }) => itemId), ["sorry"]);
});

Deno.test("transfer_call to an unknown destination does nothing", async () => {
  // The assistants file may have been reloaded since the tool was made.
  const gone = { name: "gone", about: "" };
  const call = connectWithMenu({ tools: (phone) => [transferCall(phone, [gone])] });
  const { rig } = call;
  call.callFunction("transfer_call", { destination: "gone" });
  call.session.observer?.responseDone(response());
  await settle();
  assertEquals([rig.calls.destination("CA1"), rig.calls.list()[0]?.state], [undefined, "connected"]);
});

Deno.test("Tones cut off by a transfer do not protect later playback", async () => {
  const call = connectWithMenu({ tools: (phone) => [sendDigits(phone)] });
  const { rig } = call;
  call.callFunction("send_digits", { digits: "123" });
  transfer(call);
  const back = call.rig.comeBack();
  call.session.observer?.assistantAudio("sorry", testAudio(2_000));
  rig.clock.advance(100);
  call.session.observer?.callerSpeechStarted();
  assertEquals(call.sent("clear", back).length, 1);
  await settle();
});
