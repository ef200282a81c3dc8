import { assertEquals } from "@std/assert";
import { connect, MENU, testAudio } from "../support/call_rig.ts";

Deno.test("Item is truncated once when the call moves on before its interrupted response has ended", () => {
  const { rig, session, observer, play, press } = connect(MENU);
  observer?.assistantAudio("a1", testAudio(3_000));
  play(1_000);
  observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  assertEquals(session.interruptions.map(({ itemId }) => itemId), ["a1"]);
  const heardMs = session.interruptions[0]?.heardMs;
  // The server has not ended its response yet.
  press("0");
  assertEquals(session.interruptions.length, 1);
  const [turn] = rig.calls.find("CA1")?.record.turns.filter(({ speaker }) => speaker === "assistant") ?? [];
  assertEquals([turn?.heardMs, turn?.totalMs, turn?.interrupted], [heardMs, 3_000, true]);
});
