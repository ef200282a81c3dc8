import { assertEquals } from "@std/assert";
import { connect } from "../support/call_rig.ts";

Deno.test("Call gives the model 1 s of silence when its stream is lost, to end the caller's turn", () => {
  const { session, socket, talk } = connect();
  talk(100);
  const before = session.frames.length;
  socket.drop();
  const bytes = session.frames.slice(before).flatMap((payload) => [...Uint8Array.fromBase64(payload)]);
  assertEquals([bytes.length, new Set(bytes)], [8_000, new Set([0xff])]);
});

Deno.test("Call sends a ping to the model when its own level detector hears the caller stop", () => {
  const { rig, session, talk, frame } = connect();
  const pause = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 20) {
      rig.clock.advance(20);
      frame(0xff);
    }
  };
  talk(400);
  pause(280);
  assertEquals(session.probes, 0);
  pause(20);
  assertEquals(session.probes, 1);
  pause(2_000);
  assertEquals(session.probes, 1);
});

Deno.test("Call gives the next session the audio that the lost one did not acknowledge, and reports what it repeated", () => {
  const { rig, session, talk, hangUp } = connect();
  talk(2_000);
  session.observer?.audioAcknowledged(1_500);
  const next = rig.replaceSession();
  // From 0.8 s before the acknowledged position.
  assertEquals(next.frames.length, (2_000 - 700) / 20);
  hangUp();
  assertEquals(rig.summary("CA1")?.repeated_ms, 1_300);
});
