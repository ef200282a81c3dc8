import { assertEquals } from "@std/assert";
import { sayGoodbye } from "../../../src/call/conversation/goodbye.ts";
import { FIRST_AUDIO_TIMEOUT_MS } from "../../../src/call/conversation/playback_deadline.ts";
import { Playout } from "../../../src/playout/playout.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { response, StillSession } from "../../support/still_session.ts";

function setUp(openItem?: string) {
  const clock = new FakeClock();
  const nothing = () => {};
  const playout = new Playout(clock, {
    sendingStarted: nothing,
    playbackStarted: nothing,
    playbackProgressed: nothing,
    markLost: nothing,
  });
  const marks: string[] = [];
  playout.attach({ media: nothing, mark: (name) => marks.push(name), clear: nothing, congested: false });
  const session = new StillSession();
  const ended: boolean[] = [];
  const begin = () =>
    sayGoodbye({
      clock,
      session,
      speech: { playout, interrupt: () => playout.interrupt(openItem) },
      instructions: "bye",
      onEnd: (heard) => ended.push(heard),
    });
  return { clock, playout, marks, session, ended, begin };
}

Deno.test("Goodbye interrupts the assistant, including an item whose audio so far was heard", () => {
  const { clock, playout, marks, session, begin } = setUp("a");
  playout.enqueue("a", new Uint8Array(800));
  clock.advance(100);
  playout.markEchoed(marks[0] ?? "");
  begin();
  assertEquals(session.interruptions, [{ itemId: "a", heardMs: 100 }]);
  assertEquals([session.listening, session.cancellations], [false, 1]);
});

Deno.test("Goodbye ends once its last mark is echoed and leaves no timer", () => {
  const { clock, playout, marks, session, ended, begin } = setUp();
  begin();
  playout.enqueue("bye", new Uint8Array(800));
  session.requests[0]?.onDone?.(response());
  assertEquals(ended, []);
  playout.markEchoed(marks[0] ?? "");
  assertEquals([ended, clock.pending], [[true], 0]);
  clock.advance(FIRST_AUDIO_TIMEOUT_MS);
  assertEquals(ended, [true]);
});

Deno.test("Goodbye ends after 15 s, and never after it was stopped", () => {
  const { clock, ended, begin } = setUp();
  begin();
  clock.advance(FIRST_AUDIO_TIMEOUT_MS - 1);
  assertEquals(ended, []);
  clock.advance(1);
  assertEquals(ended, [false]);
  begin()();
  assertEquals(clock.pending, 0);
});

Deno.test("Goodbye interrupts a response that the model created before it", () => {
  const { playout, session, begin } = setUp();
  begin();
  playout.enqueue("answer", new Uint8Array(8_000));
  session.postpone();
  assertEquals(session.interruptions.map(({ itemId }) => itemId), ["answer"]);
  assertEquals([session.cancellations, playout.progress.unheardMs], [2, 0]);
});
