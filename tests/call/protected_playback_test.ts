import { assertEquals } from "@std/assert";
import { endCall, sendDigits } from "../../src/tools/call_tools.ts";
import { connect, MENU, testAudio } from "../support/call_rig.ts";
import { IDLE_TIMERS } from "../support/fake_clock.ts";
import { message } from "../support/fake_socket.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

Deno.test("Protected greeting continues when the caller is silent", () => {
  const call = connect({ protectedMs: 500 });
  call.session.observer?.assistantAudio("greeting", testAudio(2_000));
  call.play(1_000);
  assertEquals([call.session.interruptions, call.sent("clear").length], [[], 0]);
});

Deno.test("Playback is interruptible again after tones were sent", async () => {
  const call = connect({ tools: (phone) => [sendDigits(phone)] });
  call.callFunction("send_digits", { digits: "1" });
  await settle();
  call.play(500);
  await settle();
  assertEquals(call.session.functionResults, [{ callId: "send_digits", output: '{"sent":"1"}' }]);
  call.session.observer?.assistantAudio("a", testAudio(2_000));
  call.play(300);
  call.session.observer?.callerSpeechStarted();
  assertEquals(call.sent("clear").length, 1);
});

Deno.test("Tones sent during a protected greeting do not end its protection", async () => {
  const call = connect({ tools: (phone) => [sendDigits(phone)], protectedMs: 3_000 });
  call.session.observer?.assistantAudio("a", testAudio(100));
  call.callFunction("send_digits", { digits: "1" });
  call.session.observer?.assistantAudio("b", testAudio(4_000));
  call.session.observer?.callerSpeechStarted();
  for (let i = 0; i < 10; i++) {
    call.play(100);
    await settle();
  }
  assertEquals([call.session.functionResults.length, call.sent("clear").length], [1, 0]);
});

Deno.test("Playback is protected only at the start of the call", () => {
  const call = connect({ protectedMs: 500 });
  call.session.observer?.assistantAudio("a", testAudio(600));
  call.play(700);
  call.session.observer?.assistantAudio("b", testAudio(1_000));
  call.play(100);
  call.session.observer?.callerSpeechStarted();
  assertEquals(call.sent("clear").length, 1);
});

Deno.test("Speech cancels end_call during protected playback", async () => {
  const call = connect({ tools: (phone) => [endCall(phone)], protectedMs: 5_000 });
  call.session.observer?.assistantAudio("bye", testAudio(1_000));
  call.callFunction("end_call");
  await settle();
  call.session.observer?.responseDone(response());
  call.play(100);
  call.session.observer?.callerSpeechStarted();
  call.play(2_000);
  assertEquals([call.rig.summary("CA1"), call.sent("clear").length], [undefined, 0]);
});

Deno.test("Protected greeting is interrupted at its end by a caller who speaks over it", () => {
  const call = connect({ protectedMs: 1_000 });
  const { rig, session, socket } = call;
  session.observer?.assistantAudio("greeting", testAudio(3_000));
  rig.clock.advance(100);
  call.echoMarks();
  session.observer?.callerSpeechStarted();
  assertEquals([call.sent("clear").length, session.interruptions], [0, []]);
  for (let i = 0; i < 10; i++) {
    rig.clock.advance(100);
    call.echoMarks();
  }
  assertEquals(call.sent("clear").length, 1);
  assertEquals(session.interruptions.map(({ itemId, heardMs }) => [itemId, heardMs > 900]), [[
    "greeting",
    true,
  ]]);
  socket.receive(message("stop"));
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Speech over a protected greeting counts as unanswered", () => {
  const { rig, echoMarks, frame } = connect({ ...MENU, protectedMs: 5_000 });
  rig.session.observer?.assistantAudio("a1", testAudio(1_000));
  rig.clock.advance(200);
  echoMarks();
  rig.session.observer?.callerSpeechStarted();
  frame(1);
  rig.session.observer?.assistantAudio("a1", testAudio(1_000));
  frame(2);
  assertEquals(rig.replaceSession().firstBytes, [1, 2]);
});
