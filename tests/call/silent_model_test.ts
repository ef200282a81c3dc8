import { assertEquals } from "@std/assert";
import { connect, MENU } from "../support/call_rig.ts";
import { IDLE_TIMERS } from "../support/fake_clock.ts";

Deno.test("Call whose model does not answer plays the tone, tries another session, and ends after 10 s", () => {
  const { rig, say, sent, records } = connect(MENU);
  say("a1", "Hello.");
  rig.clock.advance(3_000);
  const before = sent("media").length;
  rig.session.hasPendingResponse = true;
  rig.session.observer?.turnCommitted("u1");
  rig.clock.advance(900);
  assertEquals(sent("media").length, before);
  rig.clock.advance(300);
  assertEquals(sent("media").length > before, true, "the tone after 1 s");
  rig.clock.advance(3_800);
  assertEquals(rig.sessions.length, 2);
  rig.session.hasPendingResponse = true;
  rig.session.observer?.sessionReady();
  rig.clock.advance(5_000);
  assertEquals([records[0]?.endReason, rig.clock.pending], ["model failed", IDLE_TIMERS]);
});

Deno.test("Call of a caller who says nothing keeps its session", () => {
  const { rig, say, records } = connect(MENU);
  say("a1", "Hello.");
  rig.clock.advance(30_000);
  assertEquals([rig.sessions.length, records.length], [1, 0]);
});
