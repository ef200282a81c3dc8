import { assertEquals } from "@std/assert";
import { SilenceWatch } from "../../../src/call/phone/silence_watch.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const AFTER = 12_000;

/** A caller who is on the line from now on. */
function setUp(prompts = 2) {
  const clock = new FakeClock();
  const begun = clock.now();
  const told: string[] = [];
  const watch = new SilenceWatch(clock, { afterMs: AFTER, prompts }, {
    prompt: (nth) => told.push(`prompt ${nth} at ${clock.now() - begun}`),
    giveUp: () => told.push(`gave up at ${clock.now() - begun}`),
  });
  watch.resume("away");
  return { clock, watch, told };
}

Deno.test("SilenceWatch asks so many times, then gives up, once, and leaves no timer", () => {
  for (
    const [prompts, expected] of [
      [0, ["gave up at 12000"]],
      [2, ["prompt 1 at 12000", "prompt 2 at 24000", "gave up at 36000"]],
    ] as const
  ) {
    const { clock, watch, told } = setUp(prompts);
    clock.advance(10 * AFTER);
    watch.digit();
    clock.advance(10 * AFTER);
    assertEquals([told, clock.pending], [[...expected], 0]);
  }
});

Deno.test("SilenceWatch waits for a caller who is not on the line yet, or no longer", () => {
  const clock = new FakeClock();
  let prompts = 0;
  const watch = new SilenceWatch(clock, { afterMs: AFTER, prompts: 9 }, {
    prompt: () => prompts++,
    giveUp: () => {},
  });
  clock.advance(AFTER);
  assertEquals([prompts, clock.pending], [0, 0]);
  watch.resume("away");
  clock.advance(AFTER - 1);
  watch.pause("away");
  clock.advance(10 * AFTER);
  assertEquals(prompts, 0);
  watch.resume("away");
  clock.advance(AFTER - 1);
  assertEquals(prompts, 0);
  clock.advance(1);
  assertEquals(prompts, 1);
});

Deno.test("SilenceWatch waits from the last word of either side", () => {
  const { clock, watch, told } = setUp();
  watch.assistantSpeaks();
  clock.advance(60_000);
  watch.assistantHeard();
  clock.advance(AFTER - 1);
  watch.callerSpeaks();
  clock.advance(60_000);
  watch.callerStopped();
  clock.advance(AFTER - 1);
  assertEquals(told, []);
  clock.advance(1);
  assertEquals(told, ["prompt 1 at 143999"]);
});

Deno.test("SilenceWatch begins the count anew when the caller speaks or presses a key, not for its own prompts", () => {
  const answers: [what: string, answer: (watch: SilenceWatch) => void, next: string][] = [
    ["speech", (watch) => {
      watch.callerSpeaks();
      watch.callerStopped();
    }, "prompt 1 at 27000"],
    ["a key", (watch) => watch.digit(), "prompt 1 at 27000"],
    ["nothing", () => {}, "prompt 2 at 27000"],
  ];
  for (const [what, answer, next] of answers) {
    const { clock, watch, told } = setUp();
    clock.advance(AFTER);
    watch.assistantSpeaks();
    clock.advance(3_000);
    watch.assistantHeard();
    answer(watch);
    clock.advance(AFTER);
    assertEquals(told, ["prompt 1 at 12000", next], what);
  }
});

Deno.test("SilenceWatch knows who speaks, whatever the order in which it is told", () => {
  type Step = "callerSpeaks" | "callerStopped" | "assistantSpeaks" | "assistantHeard";
  const cases: [steps: Step[], waits: boolean][] = [
    // A barge-in: what was cut is never heard, or was heard just before.
    [["assistantSpeaks", "callerSpeaks"], false],
    [["assistantSpeaks", "callerSpeaks", "assistantHeard"], false],
    [["assistantSpeaks", "callerSpeaks", "callerStopped"], true],
    [["assistantSpeaks", "callerSpeaks", "assistantHeard", "callerStopped"], true],
    // The assistant answers before the caller was told to have stopped.
    [["callerSpeaks", "assistantSpeaks", "callerStopped"], false],
    [["callerSpeaks", "assistantSpeaks", "callerStopped", "assistantHeard"], true],
    // The session was lost while the caller spoke: nobody says that they stopped.
    [["callerSpeaks", "assistantSpeaks", "assistantHeard"], true],
  ];
  for (const [steps, waits] of cases) {
    const { clock, watch, told } = setUp();
    for (const step of steps) watch[step]();
    clock.advance(AFTER);
    assertEquals(told.length > 0, waits, steps.join(", "));
  }
});

Deno.test("SilenceWatch pauses until each reason has gone, told of it once or twice", () => {
  const { clock, watch, told } = setUp();
  clock.advance(AFTER - 1);
  watch.pause("tools");
  watch.pause("tools");
  watch.pause("keypad");
  watch.digit();
  clock.advance(60_000);
  watch.resume("keypad");
  clock.advance(60_000);
  assertEquals([told, clock.pending], [[], 0]);
  watch.resume("tools");
  clock.advance(AFTER - 1);
  // Nothing was paused for these reasons: the wait goes on.
  watch.resume("tools");
  watch.resume("away");
  clock.advance(1);
  assertEquals(told, ["prompt 1 at 143999"]);
});

Deno.test("SilenceWatch follows who speaks while it pauses", () => {
  const { clock, watch, told } = setUp();
  watch.pause("tools");
  watch.assistantSpeaks();
  watch.resume("tools");
  clock.advance(60_000);
  assertEquals(told, []);
  watch.assistantHeard();
  clock.advance(AFTER);
  assertEquals(told.length, 1);
});

Deno.test("SilenceWatch is over when it is stopped, whatever comes after", () => {
  const { clock, watch, told } = setUp();
  watch.stop();
  watch.digit();
  watch.callerStopped();
  watch.assistantHeard();
  watch.pause("tools");
  watch.resume("tools");
  assertEquals(clock.pending, 0);
  clock.advance(10 * AFTER);
  assertEquals(told, []);
});
