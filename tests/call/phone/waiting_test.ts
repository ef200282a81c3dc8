import { assertEquals } from "@std/assert";
import { Waiting } from "../../../src/call/phone/waiting.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function setUp(say?: string) {
  const clock = new FakeClock();
  const begun = clock.now();
  const told: string[] = [];
  const at = () => `at ${clock.now() - begun}`;
  const waiting = new Waiting(clock, { afterMs: 1_500, say }, {
    say: (phrase) => told.push(`"${phrase}" ${at()}`),
    play: (audio) => told.push(`${audio.length / 8} ms ${at()}`),
    stop: () => told.push(`stop ${at()}`),
  });
  return { clock, waiting, told };
}

Deno.test("Waiting plays a tone from the end of the wait until the tools are done", () => {
  for (const say of [undefined, ""]) {
    const { clock, waiting, told } = setUp(say);
    waiting.started();
    clock.advance(6_000);
    waiting.done();
    assertEquals(told, ["2000 ms at 1500", "2000 ms at 3500", "2000 ms at 5500", "stop at 6000"]);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("Waiting says its phrase once, however long the tools take, and again for the next ones", () => {
  const { clock, waiting, told } = setUp("One moment.");
  waiting.started();
  clock.advance(1_600);
  waiting.assistantSpeaks();
  clock.advance(1_000);
  waiting.assistantHeard();
  clock.advance(60_000);
  waiting.done();
  waiting.started();
  clock.advance(1_500);
  assertEquals(told, ['"One moment." at 1500', '"One moment." at 64100']);
});

Deno.test("Waiting is silent about tools that are quick, and leaves no timer", () => {
  const { clock, waiting, told } = setUp();
  waiting.started();
  clock.advance(1_499);
  waiting.done();
  assertEquals(clock.pending, 0);
  clock.advance(10_000);
  assertEquals(told, []);
});

Deno.test("Waiting counts from the first of tools that run together", () => {
  const { clock, waiting, told } = setUp("One moment.");
  waiting.started();
  clock.advance(1_000);
  waiting.started();
  clock.advance(500);
  waiting.started();
  clock.advance(5_000);
  assertEquals(told, ['"One moment." at 1500']);
});

Deno.test("Waiting waits until what is being said was heard", () => {
  const { clock, waiting, told } = setUp();
  waiting.assistantSpeaks();
  waiting.started();
  clock.advance(5_000);
  waiting.assistantHeard();
  clock.advance(1_499);
  assertEquals(told, []);
  clock.advance(1);
  assertEquals(told, ["2000 ms at 6500"]);
});

Deno.test("Waiting ends the tone for whoever speaks, and takes it up again when they are silent", () => {
  const { clock, waiting, told } = setUp();
  waiting.started();
  clock.advance(2_000);
  waiting.callerSpeaks();
  clock.advance(5_000);
  waiting.callerStopped();
  clock.advance(1_000);
  waiting.assistantSpeaks();
  clock.advance(5_000);
  waiting.assistantHeard();
  clock.advance(1_600);
  waiting.assistantSpeaks();
  assertEquals(told, ["2000 ms at 1500", "stop at 2000", "2000 ms at 14500", "stop at 14600"]);
  assertEquals(clock.pending, 0);
});

Deno.test("Waiting stops nothing that it does not play", () => {
  const { clock, waiting, told } = setUp();
  waiting.done();
  waiting.callerSpeaks();
  waiting.assistantSpeaks();
  waiting.started();
  waiting.done();
  clock.advance(10_000);
  assertEquals(told, []);
});
