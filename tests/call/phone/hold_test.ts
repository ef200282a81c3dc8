import { assertEquals } from "@std/assert";
import { CallEventStream, type CallStreamEvent } from "../../../src/call/call_event_stream.ts";
import { playHoldDuringTools } from "../../../src/call/phone/hold.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function setUp(say?: string) {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const happened: string[] = [];
  const note = (what: string) => happened.push(`${what} at ${clock.now() - startedAt}`);
  const events = new CallEventStream();
  playHoldDuringTools({
    afterMs: 1_500,
    say,
    model: {
      requestResponse: ({ instructions }) => note(instructions?.endsWith("One moment.") ? "phrase" : "?"),
    },
    speech: { playHold: (audio) => note(`${audio.length / 8} ms`), stopHold: () => note("stop") },
    events,
    clock,
  });
  return { clock, emit: (event: CallStreamEvent) => events.emit(event), happened };
}

Deno.test("Hold tone plays a tone from the end of the wait until the tools are idle", () => {
  for (const say of [undefined, ""]) {
    const { clock, emit, happened } = setUp(say);
    emit({ type: "tool started" });
    clock.advance(6_000);
    emit({ type: "tools idle" });
    assertEquals(happened, ["2000 ms at 1500", "2000 ms at 3500", "2000 ms at 5500", "stop at 6000"]);
    assertEquals(clock.pending, 0);
  }
});

Deno.test("Hold phrase is requested once, and again for the next tools", () => {
  const { clock, emit, happened } = setUp("One moment.");
  emit({ type: "tool started" });
  clock.advance(1_600);
  emit({ type: "assistant started speaking", itemId: "a" });
  clock.advance(1_000);
  emit({ type: "assistant audio played" });
  clock.advance(60_000);
  emit({ type: "tools idle" });
  emit({ type: "tool started" });
  clock.advance(1_500);
  assertEquals(happened, ["phrase at 1500", "phrase at 64100"]);
});

Deno.test("Hold tone does nothing for a fast tool and leaves no timer", () => {
  const { clock, emit, happened } = setUp();
  emit({ type: "tool started" });
  clock.advance(1_499);
  emit({ type: "tools idle" });
  assertEquals(clock.pending, 0);
  clock.advance(10_000);
  assertEquals(happened, []);
});

Deno.test("Hold tone waits from the first of several tools", () => {
  const { clock, emit, happened } = setUp("One moment.");
  emit({ type: "tool started" });
  clock.advance(1_000);
  emit({ type: "tool started" });
  clock.advance(500);
  emit({ type: "tool started" });
  clock.advance(5_000);
  assertEquals(happened, ["phrase at 1500"]);
});

Deno.test("Hold tone waits until the assistant's audio was played", () => {
  const { clock, emit, happened } = setUp();
  emit({ type: "assistant started speaking", itemId: "a" });
  emit({ type: "tool started" });
  clock.advance(5_000);
  emit({ type: "assistant audio played" });
  clock.advance(1_499);
  assertEquals(happened, []);
  clock.advance(1);
  assertEquals(happened, ["2000 ms at 6500"]);
});

Deno.test("Hold tone stops for speech of either side and resumes in the next silence", () => {
  const { clock, emit, happened } = setUp();
  emit({ type: "tool started" });
  clock.advance(2_000);
  emit({ type: "caller started speaking" });
  clock.advance(5_000);
  emit({ type: "caller stopped speaking" });
  clock.advance(1_000);
  emit({ type: "assistant started speaking", itemId: "a" });
  clock.advance(5_000);
  emit({ type: "assistant audio played" });
  clock.advance(1_600);
  emit({ type: "assistant started speaking", itemId: "a" });
  assertEquals(happened, ["2000 ms at 1500", "stop at 2000", "2000 ms at 14500", "stop at 14600"]);
  assertEquals(clock.pending, 0);
});

Deno.test("Hold tone stops no playback when its tone is not playing", () => {
  const { clock, emit, happened } = setUp();
  emit({ type: "tools idle" });
  emit({ type: "caller started speaking" });
  emit({ type: "assistant started speaking", itemId: "a" });
  emit({ type: "tool started" });
  emit({ type: "tools idle" });
  clock.advance(10_000);
  assertEquals(happened, []);
});
