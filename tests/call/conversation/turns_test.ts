import { assertEquals } from "@std/assert";
import { Turns } from "../../../src/call/conversation/turns.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import type { TurnHops } from "../../../src/telemetry/turn_hops.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function setUp() {
  const clock = new FakeClock();
  const timed: { at: number; hops: TurnHops }[] = [];
  const log = createLog({ level: "error", format: "json", write: () => {} });
  return { clock, timed, turns: new Turns(clock, log, (at, hops) => timed.push({ at, hops })) };
}

Deno.test("Turns times each hop from the one before it, by the first audio of the answer", () => {
  const { clock, timed, turns } = setUp();
  const at = clock.now();
  turns.handedOver();
  clock.advance(300);
  turns.firstAudio("a");
  clock.advance(20);
  turns.sending("a");
  turns.firstAudio("b");
  clock.advance(80);
  turns.hearing("a");
  turns.hearing("a");
  assertEquals(timed, [{ at, hops: { modelMs: 300, sentMs: 20, heardMs: 80 } }]);
});

Deno.test("Turns does not take an earlier answer that is still being heard for the turn's", () => {
  const { clock, timed, turns } = setUp();
  turns.handedOver();
  turns.hearing("before");
  clock.advance(100);
  turns.firstAudio("a");
  turns.hearing("before");
  turns.sending("a");
  turns.hearing("a");
  assertEquals(timed.map(({ hops }) => hops), [{ modelMs: 100, sentMs: 0, heardMs: 0 }]);
});

Deno.test("Turns does not time a turn the caller took back, but counts it", () => {
  const { timed, turns } = setUp();
  turns.handedOver();
  turns.taken();
  turns.firstAudio("a");
  turns.sending("a");
  turns.hearing("a");
  assertEquals([timed, turns.count], [[], 1]);
});
