import { assert, assertEquals } from "@std/assert";
import { Playout } from "../../src/playout/playout.ts";
import { LineTap } from "../../src/recording/line_tap.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FarEnd } from "../support/far_end.ts";

Deno.test("LineTap passes a pause of the playout to the recording as it was heard", () => {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const tap = new LineTap(clock, () => clock.now() - startedAt);
  const playout = new Playout(clock, {
    sendingStarted: () => {},
    playbackStarted: () => {},
    playbackProgressed: () => {},
    markLost: () => {},
  });
  const line = new FarEnd(clock, (name) => {
    tap.markEchoed(name);
    playout.markEchoed(name);
  });
  const recorded: number[] = [];
  tap.listen(({ assistant }) => recorded.push(...assistant));
  playout.attach(tap.attach(line));
  let timestamp = 0;
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 20, timestamp += 20) {
      clock.advance(20);
      tap.callerFrame(new Uint8Array(160).fill(0xff).toBase64(), timestamp);
    }
  };
  // Each 20 ms have their own byte.
  playout.enqueue("a", Uint8Array.from({ length: 2_000 * 8 }, (_, index) => Math.floor(index / 160)));
  pass(1_000);
  playout.pause();
  pass(600);
  const repeatedMs = playout.resume();
  pass(3_000);
  tap.end();
  playout.close();
  const heard = recorded.filter((byte) => byte !== 0xff);
  assertEquals(heard.length / 8, 2_000 + repeatedMs);
  const silence = recorded.indexOf(0xff, recorded.indexOf(1));
  assertEquals(silence / 8, 1_000, "the recording is silent from the pause on");
  const resumed = recorded.findIndex((byte, index) => index > silence && byte !== 0xff);
  assert(Math.abs((resumed - silence) / 8 - 600) <= 20, `silent for ${(resumed - silence) / 8} ms`);
});
