import { assertEquals } from "@std/assert";
import { CallEventStream, type CallStreamEvent } from "../../../src/call/call_event_stream.ts";
import { promptSilentCaller } from "../../../src/call/phone/silence_prompts.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const AFTER = 12_000;
type Emit = (event: CallStreamEvent) => void;

function setUp(prompts = 2, attached = true) {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const happened: string[] = [];
  const note = (what: string) => happened.push(`${what} at ${clock.now() - startedAt}`);
  const events = new CallEventStream();
  promptSilentCaller({
    afterMs: AFTER,
    prompts,
    model: { requestResponse: () => note("prompt") },
    ending: { sayGoodbye: () => note("gave up") },
    events,
    clock,
  });
  const emit: Emit = (event) => events.emit(event);
  if (attached) emit({ type: "stream attached" });
  return { clock, emit, happened };
}

Deno.test("promptSilentCaller() requests its prompts, ends the call once, and leaves no timer", () => {
  for (
    const [prompts, expected] of [
      [0, ["gave up at 12000"]],
      [2, ["prompt at 12000", "prompt at 24000", "gave up at 36000"]],
    ] as const
  ) {
    const { clock, emit, happened } = setUp(prompts);
    clock.advance(10 * AFTER);
    emit({ type: "key pressed" });
    clock.advance(10 * AFTER);
    assertEquals([happened, clock.pending], [[...expected], 0]);
  }
});

Deno.test("promptSilentCaller() pauses while no stream is attached", () => {
  const { clock, emit, happened } = setUp(9, false);
  clock.advance(AFTER);
  assertEquals([happened, clock.pending], [[], 0]);
  emit({ type: "stream attached" });
  clock.advance(AFTER - 1);
  emit({ type: "stream detached" });
  clock.advance(10 * AFTER);
  assertEquals(happened, []);
  emit({ type: "stream attached" });
  clock.advance(AFTER - 1);
  assertEquals(happened, []);
  clock.advance(1);
  assertEquals(happened.length, 1);
});

Deno.test("promptSilentCaller() waits from the last speech of either side", () => {
  const { clock, emit, happened } = setUp();
  emit({ type: "assistant started speaking", itemId: "a" });
  clock.advance(60_000);
  emit({ type: "assistant audio played" });
  clock.advance(AFTER - 1);
  emit({ type: "caller started speaking" });
  clock.advance(60_000);
  emit({ type: "caller stopped speaking" });
  clock.advance(AFTER - 1);
  assertEquals(happened, []);
  clock.advance(1);
  assertEquals(happened, ["prompt at 143999"]);
});

Deno.test("promptSilentCaller() resets its count for speech and keys of the caller, not for its prompts", () => {
  const answers: [what: string, act: (emit: Emit) => void, next: string][] = [
    ["speech", (emit) => {
      emit({ type: "caller started speaking" });
      emit({ type: "caller stopped speaking" });
    }, "prompt at 27000"],
    ["a key", (emit) => emit({ type: "key pressed" }), "prompt at 27000"],
    ["nothing", () => {}, "prompt at 27000"],
  ];
  for (const [what, act, next] of answers) {
    const { clock, emit, happened } = setUp();
    clock.advance(AFTER);
    emit({ type: "assistant started speaking", itemId: "a" });
    clock.advance(3_000);
    emit({ type: "assistant audio played" });
    act(emit);
    clock.advance(AFTER);
    assertEquals(happened, ["prompt at 12000", next], what);
  }
});

Deno.test("promptSilentCaller() tracks who speaks whatever the order of events", () => {
  const STEPS = {
    callerSpeaks: { type: "caller started speaking" },
    isTurn: { type: "turn confirmed", interrupts: true },
    callerStopped: { type: "caller stopped speaking" },
    assistantSpeaks: { type: "assistant started speaking", itemId: "a" },
    assistantHeard: { type: "assistant audio played" },
  } as const;
  type Step = keyof typeof STEPS;
  const cases: [steps: Step[], waits: boolean][] = [
    // Barge-in: the playback ends unheard, or ended just before.
    [["assistantSpeaks", "callerSpeaks", "isTurn"], false],
    [["assistantSpeaks", "callerSpeaks", "isTurn", "assistantHeard"], false],
    [["assistantSpeaks", "callerSpeaks", "isTurn", "callerStopped"], true],
    [["assistantSpeaks", "callerSpeaks", "callerStopped", "isTurn"], true],
    [["assistantSpeaks", "callerSpeaks", "isTurn", "assistantHeard", "callerStopped"], true],
    // A cough: the assistant goes on.
    [["assistantSpeaks", "callerSpeaks", "callerStopped"], false],
    [["assistantSpeaks", "callerSpeaks", "callerStopped", "assistantHeard"], true],
    // The assistant answers before the end of speech is reported.
    [["callerSpeaks", "assistantSpeaks", "callerStopped"], false],
    [["callerSpeaks", "assistantSpeaks", "callerStopped", "assistantHeard"], true],
    // The session was lost while the caller spoke: the end of speech is not reported.
    [["callerSpeaks", "assistantSpeaks", "assistantHeard"], true],
  ];
  for (const [steps, waits] of cases) {
    const { clock, emit, happened } = setUp();
    for (const step of steps) emit(STEPS[step]);
    clock.advance(AFTER);
    assertEquals(happened.length > 0, waits, steps.join(", "));
  }
});

Deno.test("promptSilentCaller() pauses until each reason has ended", () => {
  const { clock, emit, happened } = setUp();
  clock.advance(AFTER - 1);
  emit({ type: "tool started" });
  emit({ type: "tool started" });
  emit({ type: "secret entry started" });
  emit({ type: "key pressed" });
  clock.advance(60_000);
  emit({ type: "secret entry ended" });
  clock.advance(60_000);
  assertEquals([happened, clock.pending], [[], 0]);
  emit({ type: "tools idle" });
  clock.advance(AFTER - 1);
  // These reasons do not apply: the wait continues.
  emit({ type: "tools idle" });
  emit({ type: "stream attached" });
  clock.advance(1);
  assertEquals(happened, ["prompt at 143999"]);
});

Deno.test("promptSilentCaller() tracks who speaks during a pause", () => {
  const { clock, emit, happened } = setUp();
  emit({ type: "tool started" });
  emit({ type: "assistant started speaking", itemId: "a" });
  emit({ type: "tools idle" });
  clock.advance(60_000);
  assertEquals(happened, []);
  emit({ type: "assistant audio played" });
  clock.advance(AFTER);
  assertEquals(happened.length, 1);
});

Deno.test("promptSilentCaller() stays stopped after the call has ended", () => {
  const { clock, emit, happened } = setUp();
  emit({ type: "call ending", reason: "shutdown" });
  emit({ type: "key pressed" });
  emit({ type: "caller stopped speaking" });
  emit({ type: "assistant audio played" });
  emit({ type: "tool started" });
  emit({ type: "tools idle" });
  assertEquals(clock.pending, 0);
  clock.advance(10 * AFTER);
  assertEquals(happened, []);
});
