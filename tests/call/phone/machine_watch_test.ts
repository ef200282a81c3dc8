import { assertEquals, assertMatch } from "@std/assert";
import { parseObject } from "../../../src/json.ts";
import { CallsBench } from "../../support/calls.ts";
import { IDLE_TIMERS } from "../../support/service.ts";
import { answer } from "../../support/still_session.ts";

const AUDIO = (ms: number) => new Uint8Array(ms * 8);

/** A call that we placed, answered by somebody or something. */
function connect() {
  const bench = new CallsBench({}, { voicemail: { leave: "Please call back." } });
  const { session, socket } = bench.connect("CA1");
  const sent = (event: string) => socket.sent.filter((text) => parseObject(text)?.event === event).length;
  return {
    bench,
    session,
    sent,
    verdict: (who: "human" | "machine_start" | "machine_end_beep" | "fax") =>
      bench.calls.answeredBy("CA1", who),
  };
}

Deno.test("a suspected machine is not talked to: what is being said is cut, and what comes is not played", () => {
  const { bench, session, sent, verdict } = connect();
  using _ = bench;
  session.observer?.audio("hello", AUDIO(1_000));
  bench.clock.advance(100);
  verdict("machine_start");
  assertEquals([sent("clear"), session.heard.map(({ itemId }) => itemId), session.stopped], [
    1,
    ["hello"],
    1,
  ]);
  const before = sent("media");
  session.observer?.audio("more", AUDIO(500));
  bench.clock.advance(500);
  assertEquals(sent("media"), before);
  assertEquals([session.heard.at(-1), session.stopped], [{ itemId: "more", heardMs: 0 }, 2]);
});

Deno.test("a person who was taken for a machine is answered, and heard again", () => {
  const { bench, session, sent, verdict } = connect();
  using _ = bench;
  verdict("machine_start");
  verdict("human");
  assertEquals(session.asked, [{ instructions: undefined, answered: undefined, lapses: true }]);
  session.observer?.audio("hello", AUDIO(500));
  assertEquals([sent("media") > 0, session.heard], [true, []]);
});

Deno.test("a machine that asks who calls gets an answer", () => {
  const { bench, session, verdict } = connect();
  using _ = bench;
  verdict("machine_start");
  session.observer?.callerSaid("item", "Hi, please say your name and why you are calling.");
  assertEquals(session.asked.map(({ instructions }) => instructions), [undefined]);
});

Deno.test("the message is said after the beep, though the assistant was to be silent", () => {
  const { bench, session, sent, verdict } = connect();
  using _ = bench;
  verdict("machine_start");
  verdict("machine_end_beep");
  bench.clock.advance(1_000);
  assertMatch(session.asked[0]?.instructions ?? "", /Please call back\./);
  session.observer?.audio("message", AUDIO(500));
  assertEquals([sent("media") > 0, session.heard], [true, []]);
  session.asked[0]?.answered?.(answer({ spoke: false }));
  assertEquals(bench.summary("CA1")?.reason, "answering machine");
  assertEquals(bench.clock.pending, IDLE_TIMERS);
});

Deno.test("a fax is hung up on", () => {
  const { bench, session, verdict } = connect();
  using _ = bench;
  verdict("fax");
  assertEquals([bench.summary("CA1")?.reason, session.closed], ["answering machine", true]);
  assertEquals(bench.calls.ending("CA1")?.explained, true);
});

Deno.test("who has answered twice what they were told is a person, whatever Twilio says later", () => {
  for (const told of [true, false]) {
    const { bench, session, verdict } = connect();
    using _ = bench;
    session.observer?.answered(answer({ spoke: told }));
    session.observer?.speechStopped();
    session.observer?.speechStopped();
    verdict("machine_start");
    assertEquals(session.stopped, told ? 0 : 1);
  }
});

Deno.test("a call that is over waits for no machine", () => {
  const { bench, verdict } = connect();
  using _ = bench;
  verdict("machine_start");
  bench.calls.endAll("shutdown");
  assertEquals(bench.clock.pending, IDLE_TIMERS);
});
