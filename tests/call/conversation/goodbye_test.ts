import { assertEquals } from "@std/assert";
import { Goodbye, GOODBYE_MS } from "../../../src/call/conversation/goodbye.ts";
import { Playout } from "../../../src/playout/playout.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { answer, StillSession } from "../../support/still_session.ts";

function setUp(openItem?: string) {
  const clock = new FakeClock();
  const nothing = () => {};
  const playout = new Playout(clock, {
    sending: nothing,
    hearing: nothing,
    heardOn: nothing,
    markLost: nothing,
  });
  const marks: string[] = [];
  playout.attach({ media: nothing, mark: (name) => marks.push(name), clear: nothing, congested: false });
  const session = new StillSession();
  const over: boolean[] = [];
  const begin = () =>
    new Goodbye({
      clock,
      session,
      cut: () => playout.interrupt(openItem),
      whenHeard: (then) => playout.whenHeard(then),
      instructions: "bye",
      over: (heard) => over.push(heard),
    });
  return { clock, playout, marks, session, over, begin };
}

Deno.test("Goodbye ends what the assistant says, also of an answer of which all that came was heard", () => {
  const { clock, playout, marks, session, begin } = setUp("a");
  playout.enqueue("a", new Uint8Array(800));
  clock.advance(100);
  playout.markEchoed(marks[0] ?? "");
  begin();
  assertEquals(session.heard, [{ itemId: "a", heardMs: 100 }]);
  assertEquals([session.listening, session.stopped], [false, 1]);
});

Deno.test("Goodbye is over once, when its last mark is back, and leaves no timer", () => {
  const { clock, playout, marks, session, over, begin } = setUp();
  begin();
  playout.enqueue("bye", new Uint8Array(800));
  session.asked[0]?.answered?.(answer());
  assertEquals(over, []);
  playout.markEchoed(marks[0] ?? "");
  assertEquals([over, clock.pending], [[true], 0]);
  clock.advance(GOODBYE_MS);
  assertEquals(over, [true]);
});

Deno.test("Goodbye is not waited for beyond its time, and not at all when it is stopped", () => {
  const { clock, over, begin } = setUp();
  begin();
  clock.advance(GOODBYE_MS - 1);
  assertEquals(over, []);
  clock.advance(1);
  assertEquals(over, [false]);
  begin().stop();
  assertEquals(clock.pending, 0);
});
