import { assertEquals } from "@std/assert";
import { CallRig, connect, MENU } from "../support/call_rig.ts";

Deno.test("Prepared session and token last until Twilio has spoken, for any length of speech", () => {
  for (const spokenMs of [0, 20_000, 60_000]) {
    const rig = new CallRig();
    const token = rig.announce("CA1", spokenMs);
    rig.session.observer?.sessionReady();
    rig.clock.advance(spokenMs + 14_900);
    assertEquals(rig.session.closed, false, `${spokenMs} ms`);
    rig.stream("CA1", token);
    assertEquals([rig.rejected, rig.sessions.length, rig.calls.list()[0]?.state], [[], 1, "connected"]);
  }
});

Deno.test("Prepared session is closed 15 s after Twilio has spoken, and the call ends 15 s later", () => {
  const rig = new CallRig();
  rig.announce("CA1", 20_000);
  rig.clock.advance(35_000);
  assertEquals([rig.session.closed, rig.summary("CA1")], [true, undefined]);
  rig.clock.advance(15_000);
  assertEquals(rig.summary("CA1")?.end_reason, "never connected");
});

Deno.test("Session.setCallerPresent() follows the caller's streams", () => {
  const { rig, session, press } = connect(MENU);
  const present = [session.callerPresent];
  press("0");
  present.push(session.callerPresent);
  rig.comeBack();
  present.push(session.callerPresent, rig.replaceSession().callerPresent);
  const announced = new CallRig();
  announced.announce("CA2");
  assertEquals([...present, announced.session.callerPresent], [true, false, true, true, false]);
});
