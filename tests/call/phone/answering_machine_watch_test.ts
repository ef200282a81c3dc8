import { assertEquals, assertMatch } from "@std/assert";
import type { CallAssistant } from "../../../src/assistants/call_assistant.ts";
import { connect, testAudio } from "../../support/call_rig.ts";
import { IDLE_TIMERS } from "../../support/fake_clock.ts";
import { response } from "../../support/still_session.ts";

/** An outbound call with answering-machine detection. */
function connectOutbound(assistant: Partial<CallAssistant> = {}) {
  const call = connect({ voicemail: { leave: "Please call back." }, ...assistant });
  const verdict = (answeredBy: "human" | "machine_start" | "machine_end_beep" | "fax") =>
    call.rig.calls.reportAnsweredBy("CA1", answeredBy);
  return { ...call, verdict };
}

Deno.test("Suspected machine interrupts the assistant and mutes it", () => {
  const { rig, session, sent, verdict } = connectOutbound();
  session.observer?.assistantAudio("hello", testAudio(1_000));
  rig.clock.advance(100);
  verdict("machine_start");
  assertEquals([
    sent("clear").length,
    session.interruptions.map(({ itemId }) => itemId),
    session.cancellations,
  ], [
    1,
    ["hello"],
    1,
  ]);
  const before = sent("media").length;
  session.observer?.assistantAudio("more", testAudio(500));
  rig.clock.advance(500);
  assertEquals(sent("media").length, before);
  assertEquals([session.interruptions.at(-1), session.cancellations], [{ itemId: "more", heardMs: 0 }, 2]);
});

Deno.test("Person first reported as a machine gets a response, and the assistant is unmuted", () => {
  const { session, sent, verdict } = connectOutbound();
  verdict("machine_start");
  verdict("human");
  assertEquals(session.requests, [{ instructions: undefined, onDone: undefined, yieldsToCaller: true }]);
  session.observer?.assistantAudio("hello", testAudio(500));
  assertEquals([sent("media").length > 0, session.interruptions], [true, []]);
});

Deno.test("Call screening that requests the caller's name gets a response", () => {
  const { session, verdict } = connectOutbound();
  verdict("machine_start");
  session.observer?.callerTranscript("item", "Hi, please say your name and why you are calling.");
  assertEquals(session.requests.map(({ instructions }) => instructions), [undefined]);
});

Deno.test("Message is left after the beep although the assistant was muted", () => {
  const { rig, session, sent, verdict } = connectOutbound();
  verdict("machine_start");
  verdict("machine_end_beep");
  rig.clock.advance(1_000);
  assertMatch(session.requests[0]?.instructions ?? "", /Please call back\./);
  session.observer?.assistantAudio("message", testAudio(500));
  assertEquals([sent("media").length > 0, session.interruptions], [true, []]);
  session.requests[0]?.onDone?.(response({ hasAudio: false }));
  assertEquals(rig.summary("CA1")?.end_reason, "answering machine");
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});

Deno.test("Machine hears its message and no goodbye when the service stops before the beep", () => {
  const { rig, session, verdict } = connectOutbound();
  verdict("machine_start");
  rig.calls.sayGoodbyes();
  assertEquals([session.requests, rig.summary("CA1")], [[], undefined]);
  verdict("machine_end_beep");
  rig.clock.advance(1_000);
  assertEquals(session.requests.length, 1);
  assertMatch(session.requests[0]?.instructions ?? "", /Please call back\./);
  session.requests[0]?.onDone?.(response({ hasAudio: false }));
  assertEquals(rig.summary("CA1")?.end_reason, "answering machine");
});

Deno.test("Machine hears no goodbye when a limit is reached before the beep: the call ends", () => {
  const { rig, session, verdict } = connectOutbound({ maxCallMs: 10_000 });
  verdict("machine_start");
  rig.clock.advance(10_000);
  assertEquals([session.requests, rig.summary("CA1")?.end_reason], [[], "time limit"]);
  assertEquals(rig.calls.afterStreamRequested("CA1")?.callerInformed, true);
});

Deno.test("Person first reported as a machine hears the goodbye of a service that stops", () => {
  const { rig, session, sent, verdict } = connectOutbound();
  verdict("machine_start");
  rig.calls.sayGoodbyes();
  verdict("human");
  assertEquals(session.requests.length, 1);
  assertMatch(session.requests[0]?.instructions ?? "", /[Gg]oodbye|end/);
  session.observer?.assistantAudio("bye", testAudio(500));
  assertEquals(sent("media").length > 0, true);
});

Deno.test("Fax ends the call", () => {
  const { rig, session, verdict } = connectOutbound();
  verdict("fax");
  assertEquals([rig.summary("CA1")?.end_reason, session.closed], ["answering machine", true]);
  assertEquals(rig.calls.afterStreamRequested("CA1")?.callerInformed, true);
});

Deno.test("Two replies to the assistant identify a person, whatever Twilio reports later", () => {
  for (const hasAudio of [true, false]) {
    const { session, verdict } = connectOutbound();
    session.observer?.responseDone(response({ hasAudio }));
    session.observer?.callerSpeechStopped();
    session.observer?.callerSpeechStopped();
    verdict("machine_start");
    assertEquals(session.cancellations, hasAudio ? 0 : 1);
  }
});

Deno.test("Ended call leaves no answering-machine timer", () => {
  const { rig, verdict } = connectOutbound();
  verdict("machine_start");
  rig.calls.endAll("shutdown");
  assertEquals(rig.clock.pending, IDLE_TIMERS);
});
