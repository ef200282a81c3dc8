import { assertEquals, assertGreaterOrEqual, assertStringIncludes } from "@std/assert";
import { Drain, MAX_GOODBYE_MS, type RingingCalls } from "../../src/app/drain.ts";
import { CallRig, connect, MENU, SALES, testAudio } from "../support/call_rig.ts";
import { message } from "../support/fake_socket.ts";
import { configOf } from "../support/service.ts";
import { response } from "../support/still_session.ts";

/** A drain in progress; `state.duration` is its duration once it has ended (ms). */
function startDrain(
  rig: CallRig,
  drainMs: number,
  outbound: RingingCalls = { ringing: 0, cancelRinging: () => Promise.resolve() },
) {
  const { clock, calls } = rig;
  const drain = new Drain(calls, outbound, clock);
  const startedAt = clock.now();
  const state: { duration?: number } = {};
  const running = drain.run(drainMs).then(() => {
    state.duration = clock.now() - startedAt;
  });
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 20) {
      clock.advance(Math.min(left, 20));
      for (let i = 0; i < 5; i++) await Promise.resolve();
    }
  };
  return { drain, running, state, advance };
}

Deno.test("Drain waits for calls to end until drainMs, then makes assistants say goodbye", async () => {
  const rig = new CallRig();
  const first = rig.connect("CA1");
  const second = rig.connect("CA2");
  const { running, state, advance } = startDrain(rig, 60_000);
  assertEquals(rig.calls.admission.draining, true);
  await advance(59_980);
  first.socket.receive(message("stop"));
  assertEquals([second.session.requests.length, rig.calls.count], [0, 1]);
  await advance(20);
  assertEquals([first.session.requests.length, second.session.requests.length], [0, 1]);
  second.socket.receive(message("stop"));
  await advance(20);
  await running;
  assertEquals([state.duration, rig.calls.endedWithoutGoodbye], [60_020, 0]);
});

Deno.test("Drain waits until drainMs for callers who talk to a transfer's destination", async () => {
  for (const ends of [true, false]) {
    const rig = new CallRig({}, MENU);
    rig.connect("CA1");
    rig.calls.find("CA1")?.transfer("sales");
    rig.calls.dialled.startTransfer("CA1", SALES);
    rig.calls.transferAnswered("CA1");
    const { running, state, advance } = startDrain(rig, 60_000);
    await advance(30_000);
    assertEquals([rig.calls.count, state.duration], [0, undefined]);
    if (ends) rig.calls.dialled.end("CA1");
    await advance(ends ? 20 : 30_020);
    await running;
    assertEquals(state.duration, ends ? 30_020 : 60_020);
    rig.calls.close();
  }
});

Deno.test("Drain waits until a goodbye or voicemail message of 100 s has been heard", async () => {
  for (const leavesMessage of [false, true]) {
    const call = connect(leavesMessage ? { voicemail: { leave: "Call us back." } } : {});
    const { rig, session, observer } = call;
    if (leavesMessage) {
      rig.calls.reportAnsweredBy("CA1", "machine_end_beep");
      rig.clock.advance(1_000);
    }
    const { running, advance } = startDrain(rig, 0);
    await advance(14_000);
    observer?.assistantAudio("bye", testAudio(100_000));
    observer?.responseDone(response());
    session.requests.at(-1)?.onDone?.(response());
    for (let played = 0; played < 100_000; played += 100) {
      await advance(100);
      call.echoMarks();
    }
    await advance(3_000);
    await running;
    assertEquals(
      [rig.summary("CA1")?.end_reason, rig.calls.endedWithoutGoodbye],
      [leavesMessage ? "answering machine" : "drained", 0],
    );
  }
});

Deno.test("Drain cuts a call that has not ended MAX_GOODBYE_MS after its goodbye was due", async () => {
  const call = connect();
  const { rig, observer, socket } = call;
  const { running, advance } = startDrain(rig, 0);
  await advance(100);
  observer?.assistantAudio("bye", testAudio(200_000));
  for (let played = 0; played < MAX_GOODBYE_MS - 200; played += 100) {
    await advance(100);
    call.echoMarks();
  }
  assertEquals(rig.summary("CA1"), undefined);
  await advance(140);
  assertEquals([socket.closed?.code, rig.calls.endedWithoutGoodbye], [1000, 1]);
  await advance(3_000);
  await running;
});

Deno.test("The deployment files allow a drain its full duration, and the docs state it", async () => {
  const { DRAIN_SECONDS } = configOf();
  const goodbyeSeconds = MAX_GOODBYE_MS / 1_000;
  // In addition to the goodbyes: 3 s for /after-stream, 2 s to stop.
  const drainSeconds = DRAIN_SECONDS + goodbyeSeconds + 5;
  const files = [
    ["deploy/parley.service", /TimeoutStopSec=(\d+)/, 0],
    ["deploy/compose.yaml", /stop_grace_period: (\d+)s/, 0],
    ["deploy/kubernetes.yaml", /terminationGracePeriodSeconds: (\d+)/, 5],
  ] as const;
  for (const [path, pattern, preStopSeconds] of files) {
    const text = await Deno.readTextFile(path);
    assertGreaterOrEqual(Number(pattern.exec(text)?.[1]), drainSeconds + preStopSeconds, path);
    assertStringIncludes(text, `${goodbyeSeconds} s for goodbyes`, path);
  }
  const deployment = await Deno.readTextFile("docs/deployment.md");
  assertStringIncludes(
    deployment.replaceAll(/\s+/g, " "),
    `have not ended ${goodbyeSeconds} s later are cut`,
  );
});

Deno.test("Drain waits at most 3 s for /after-stream", async () => {
  for (const requested of [true, false]) {
    const rig = new CallRig();
    const { session } = rig.connect("CA1");
    const { running, state, advance } = startDrain(rig, 0);
    await advance(20);
    session.requests[0]?.onDone?.(response());
    await advance(2_980);
    assertEquals([rig.calls.count, state.duration], [0, undefined]);
    if (requested) rig.calls.afterStreamRequested("CA1");
    await advance(20);
    if (requested) assertEquals(state.duration, 3_020);
    await advance(20);
    await running;
  }
});

Deno.test("Drain does not wait for /after-stream of a call that ended long ago", async () => {
  const rig = new CallRig();
  rig.connect("CA1");
  rig.calls.endAll("shutdown");
  rig.clock.advance(3_000);
  const { running, state } = startDrain(rig, 60_000);
  await running;
  assertEquals(state.duration, 0);
});

Deno.test("Drain.cutShort() ends calls and the drain at any step", async () => {
  for (const ms of [20, 10_020]) {
    const rig = new CallRig();
    const { socket } = rig.connect("CA1");
    const { drain, running, state, advance } = startDrain(rig, 10_000);
    await advance(ms);
    drain.cutShort();
    assertEquals([socket.closed?.code, rig.calls.endedWithoutGoodbye, rig.calls.awaitingAfterStream], [
      1000,
      1,
      1,
    ]);
    await advance(20);
    await running;
    assertEquals(state.duration, ms + 20);
  }
});

Deno.test("Drain refuses a stream that starts after its call was cut off, and counts the call once", async () => {
  const rig = new CallRig();
  const token = rig.announce("CA1");
  rig.connect("CA2");
  const { running, advance } = startDrain(rig, 0);
  await advance(10_000);
  assertEquals(rig.stream("CA1", token).closed?.reason, "call is over");
  await advance(MAX_GOODBYE_MS);
  await running;
  assertEquals([rig.calls.count, rig.calls.endedWithoutGoodbye, rig.sessions.length], [0, 2, 2]);
});

Deno.test("Drain waits for ringing calls until drainMs, then cancels them", async () => {
  const rig = new CallRig();
  const outbound = {
    ringing: 1,
    cancelled: 0,
    cancelRinging: () => Promise.resolve(void outbound.cancelled++),
  };
  const { running, state, advance } = startDrain(rig, 10_000, outbound);
  await advance(9_980);
  assertEquals([state.duration, outbound.cancelled], [undefined, 0]);
  await advance(40);
  await running;
  assertEquals([state.duration, outbound.cancelled], [10_020, 1]);
});

Deno.test("Drain ends when the ringing call ends", async () => {
  const rig = new CallRig();
  const outbound = { ringing: 1, cancelRinging: () => Promise.resolve() };
  const { running, state, advance } = startDrain(rig, 60_000, outbound);
  await advance(5_000);
  outbound.ringing = 0;
  await advance(20);
  await running;
  assertEquals(state.duration, 5_020);
});
