import { assertEquals } from "@std/assert";
import { Drain } from "../../src/app/drain.ts";
import { CallsBench } from "../support/calls.ts";
import { message } from "../support/fake_socket.ts";
import { answer } from "../support/still_session.ts";

/** A drain that has begun, and when it was over (ms since it began). */
function begin(bench: CallsBench, drainMs: number) {
  const { clock, calls } = bench;
  const drain = new Drain(calls, clock);
  const begun = clock.now();
  const state: { over?: number } = {};
  const running = drain.run(drainMs).then(() => {
    state.over = clock.now() - begun;
  });
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 20) {
      clock.advance(Math.min(left, 20));
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
  };
  return { drain, running, state, pass };
}

Deno.test("Drain lets calls end by themselves for as long as it was told, then has them say goodbye", async () => {
  using bench = new CallsBench();
  const first = bench.connect("CA1");
  const second = bench.connect("CA2");
  const { running, state, pass } = begin(bench, 60_000);
  assertEquals(bench.calls.draining, true);
  await pass(59_980);
  first.socket.receive(message("stop"));
  assertEquals([second.session.asked.length, bench.calls.count], [0, 1]);
  await pass(20);
  assertEquals([first.session.asked.length, second.session.asked.length], [0, 1]);
  second.socket.receive(message("stop"));
  await pass(20);
  await running;
  assertEquals([state.over, bench.calls.cut], [60_020, 0]);
});

Deno.test("Drain waits for a goodbye as long as goodbyes may take", async () => {
  using bench = new CallsBench();
  const { session } = bench.connect("CA1");
  const { running, pass } = begin(bench, 0);
  await pass(14_980);
  session.asked[0]?.answered?.(answer());
  bench.calls.ending("CA1");
  await pass(40);
  await running;
  assertEquals([bench.summary("CA1")?.reason, bench.calls.cut], ["drained", 0]);
});

Deno.test("Drain stays for 3 s for what Twilio asks after the stream, and not longer than it takes", async () => {
  for (const asks of [true, false]) {
    using bench = new CallsBench();
    const { session } = bench.connect("CA1");
    const { running, state, pass } = begin(bench, 0);
    await pass(20);
    session.asked[0]?.answered?.(answer());
    await pass(2_980);
    assertEquals([bench.calls.count, state.over], [0, undefined]);
    if (asks) bench.calls.ending("CA1");
    await pass(20);
    if (asks) assertEquals(state.over, 3_020);
    await pass(20);
    await running;
  }
});

Deno.test("Drain that is hurried cuts what is left, at whatever step it is, and waits for nothing", async () => {
  for (const ms of [20, 10_020]) {
    using bench = new CallsBench();
    const { socket } = bench.connect("CA1");
    const { drain, running, state, pass } = begin(bench, 10_000);
    await pass(ms);
    drain.hurry();
    assertEquals([socket.closed?.code, bench.calls.cut, bench.calls.unasked], [1000, 1, 1]);
    await pass(20);
    await running;
    assertEquals(state.over, ms + 20);
  }
});

Deno.test("Drain turns away the stream of a call that was cut before it came, and counts the call once", async () => {
  using bench = new CallsBench();
  const token = bench.announce("CA1");
  bench.connect("CA2");
  const { running, pass } = begin(bench, 0);
  await pass(10_000);
  assertEquals(bench.stream("CA1", token).closed?.reason, "call is over");
  await pass(6_040);
  await pass(3_000);
  await running;
  assertEquals([bench.calls.count, bench.calls.cut, bench.sessions.length], [0, 2, 2]);
});
