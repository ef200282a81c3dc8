import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CallsBench } from "../support/calls.ts";
import { message } from "../support/fake_socket.ts";
import { IDLE_TIMERS } from "../support/service.ts";
import { answer } from "../support/still_session.ts";

const AUDIO = (ms: number) => new Uint8Array(ms * 8);

Deno.test("a stream has 30 s to show its token", () => {
  using bench = new CallsBench();
  const { clock, calls } = bench;
  const token = bench.announce("CA1");
  clock.advance(29_999);
  assertEquals(bench.stream("CA1", token).closed, undefined);
  const late = bench.announce("CA2");
  clock.advance(30_000);
  assertEquals(bench.stream("CA2", late).closed, { code: 1008, reason: "no valid token" });
  assertEquals([calls.count, bench.sessions.length, bench.turnedAway.length], [1, 3, 1]);
});

Deno.test("a call that says goodbye has its stream still: another one is turned away", () => {
  using bench = new CallsBench();
  const { socket } = bench.connect("CA1");
  const again = bench.announce("CA1");
  bench.calls.sayGoodbyes();
  assertEquals(bench.stream("CA1", again).closed?.reason, "call has a stream");
  assertEquals(socket.closed, undefined);
});

Deno.test("a goodbye is asked for once, and watchers are told that it has begun", () => {
  using bench = new CallsBench({}, { maxMs: 40_000 });
  const { socket, session } = bench.connect("CA1");
  const states: string[] = [];
  bench.calls.watch(({ call }) => states.push(call.state));
  bench.clock.advance(40_000);
  bench.calls.sayGoodbyes();
  assertEquals([session.asked.length, states], [1, ["ending"]]);
  session.asked[0]?.answered?.(answer());
  assertEquals([socket.closed?.code, bench.summary("CA1")?.reason], [1000, "time limit"]);
});

Deno.test("an answer that fails while the goodbye is waited for is not asked for again", () => {
  for (const failsFirst of [true, false]) {
    using bench = new CallsBench();
    const { session } = bench.connect("CA1");
    if (failsFirst) session.observer?.answered(answer({ status: "failed", spoke: false }));
    bench.calls.sayGoodbyes();
    if (!failsFirst) session.observer?.answered(answer({ status: "failed", spoke: false }));
    bench.clock.advance(5_000);
    assertEquals(session.asked.length, 1);
  }
});

Deno.test("where nobody can say goodbye, the call ends at once, and counts as cut", () => {
  using bench = new CallsBench();
  bench.announce("CA1");
  const lost = bench.announce("CA2");
  bench.clock.advance(10_000);
  const token = bench.announce("CA3");
  bench.stream("CA3", token);
  for (const { observer } of bench.sessions.slice(0, 2)) observer?.ready();
  // The second one's session is not adopted in time, and dialled again when the stream is there.
  bench.clock.advance(5_000);
  bench.stream("CA2", lost);
  assertEquals(bench.sessions.length, 4);
  bench.calls.sayGoodbyes();
  assertEquals([bench.calls.count, bench.calls.cut], [0, 3]);
  assert(bench.sessions.every(({ asked, closed }) => asked.length === 0 && closed));
});

Deno.test("only what the service itself ended, and nobody was told of, counts as cut", () => {
  using bench = new CallsBench({ mediaTimeoutMs: 20_000 });
  const told = bench.connect("CA1");
  bench.calls.sayGoodbyes();
  told.session.asked[0]?.answered?.(answer());
  assertEquals(bench.summary("CA1")?.reason, "drained");
  bench.connect("CA2");
  bench.clock.advance(20_000);
  assertEquals(bench.summary("CA2")?.reason, "no media");
  bench.connect("CA3").socket.receive(message("stop"));
  assertEquals(bench.calls.cut, 0);
  bench.connect("CA4");
  bench.calls.endAll("shutdown");
  assertEquals(bench.calls.cut, 1);
});

Deno.test("Twilio asks of the calls closed here how to go on, and of no other", () => {
  using bench = new CallsBench();
  const { calls } = bench;
  bench.connect("CA1").socket.receive(message("stop"));
  assertEquals([calls.unasked, calls.ending("CA1")], [0, { reason: "caller hung up", explained: true }]);
  bench.announce("CA2");
  calls.endAll("shutdown");
  assertEquals(calls.unasked, 0, "it never had a stream");
  bench.connect("CA3");
  calls.endAll("shutdown");
  assertEquals([calls.unasked, calls.ending("CA3")?.reason, calls.unasked], [1, "shutdown", 0]);
});

Deno.test("a thousand ended calls are remembered, and no more", () => {
  using bench = new CallsBench();
  const { calls } = bench;
  bench.connect("CA0");
  calls.endAll("shutdown");
  const end = (callSid: string) => {
    bench.announce(callSid);
    calls.endAll("shutdown");
  };
  for (let i = 1; i < 1_000; i++) end(`CA${i}`);
  assertEquals(calls.unasked, 1);
  end("CA1000");
  assertEquals(
    [calls.unasked, calls.ending("CA0")],
    [0, undefined],
    "nobody is waited for that is forgotten",
  );
  assert(calls.ending("CA1"));
});

Deno.test("calls are counted by state, with what waits in them", () => {
  using bench = new CallsBench();
  const ending = bench.connect("CA1");
  bench.calls.sayGoodbyes();
  const { session, socket } = bench.connect("CA2");
  bench.announce("CA3");
  session.observer?.audio("a", AUDIO(500));
  session.buffered = 7;
  ending.session.buffered = 10;
  socket.bufferedAmount = 3;
  // 200 ms are on their way.
  assertEquals(bench.calls.gauges(), {
    calls: { announced: 1, connected: 1, transferring: 0, ending: 1 },
    bytes: { playout: 300 * 8, twilio: 3, model: 17 },
  });
});

Deno.test("a call that is over leaves no timer, whatever it was about to do", () => {
  const cases: [name: string, happen: (bench: CallsBench) => void][] = [
    ["limited", () => {}],
    ["warned", ({ clock }) => clock.advance(40_000)],
    ["saying goodbye", ({ calls }) => calls.sayGoodbyes()],
    ["speaking", ({ sessions }) => sessions[0]?.observer?.audio("a", AUDIO(2_000))],
    ["asking again", ({ sessions }) => sessions[0]?.observer?.answered(answer({ status: "failed" }))],
  ];
  for (const [name, happen] of cases) {
    using bench = new CallsBench({}, { maxMs: 60_000 });
    const { socket, session } = bench.connect("CA1");
    happen(bench);
    assertEquals(session.notes.length, name === "warned" ? 1 : 0);
    socket.receive(message("stop"));
    assertEquals(bench.clock.pending, IDLE_TIMERS, name);
  }
});

Deno.test("a call's summary says how long the stream lasted, and what went wrong on it", async () => {
  using bench = new CallsBench();
  const token = bench.announce("CA1");
  bench.sessions[0]?.observer?.ready();
  bench.clock.advance(2_000);
  const socket = bench.stream("CA1", token);
  const observer = bench.sessions[0]?.observer;
  observer?.audio("a", AUDIO(300));
  observer?.speechStarted();
  observer?.audio("b", AUDIO(100));
  observer?.answered(answer());
  bench.clock.advance(3_000);
  observer?.speechStarted();
  socket.receive("nonsense");
  socket.receive("nonsense");
  socket.receive(message("stop"));
  const { duration_s, barge_ins, marks_lost, skipped } = bench.summary("CA1") ?? {};
  assertEquals([duration_s, barge_ins, marks_lost, skipped], [3, 1, 1, "not JSON: 2"]);
  bench.announce("CA2");
  bench.calls.endAll("shutdown");
  const metrics = await bench.metrics.read();
  for (
    const line of [
      'parley_calls_ended_total{reason="caller hung up"} 1',
      'parley_calls_ended_total{reason="shutdown"} 1',
      "parley_call_duration_seconds_sum 3\n",
      "parley_call_duration_seconds_count 1\n",
      'parley_media_frames_skipped_total{reason="not JSON"} 2',
    ]
  ) assertStringIncludes(metrics, line);
});

Deno.test("watchers are told of each change, until they look away", () => {
  using bench = new CallsBench();
  const changes: unknown[] = [];
  const lookAway = bench.calls.watch(({ type, call }) => changes.push([type, call.callSid, call.reason]));
  const { socket } = bench.connect("CA1");
  assertEquals(bench.calls.list(), [{
    callSid: "CA1",
    assistant: "default",
    from: "+15551230000",
    to: "+15559870000",
    state: "connected",
    startedAt: "2026-01-01T00:00:01.000Z",
    turns: 0,
    costUsd: 0,
  }]);
  socket.receive(message("stop"));
  assertEquals(changes, [
    ["announced", "CA1", undefined],
    ["connected", "CA1", undefined],
    ["ended", "CA1", "caller hung up"],
  ]);
  lookAway();
  bench.announce("CA2");
  assertEquals(changes.length, 3);
});

Deno.test("a call ends once, whatever its model still says", () => {
  using bench = new CallsBench();
  const { socket, session } = bench.connect("CA1");
  socket.receive(message("stop"));
  session.observer?.failed({ code: "gone", message: "late" });
  bench.calls.sayGoodbyes();
  assertEquals(bench.lines.filter(({ event }) => event === "call ended").length, 1);
  assertEquals(bench.calls.ending("CA1")?.reason, "caller hung up");
});

Deno.test("a session that takes over knows nothing of what the one before it was saying", () => {
  using bench = new CallsBench();
  const token = bench.announce("CA1");
  bench.sessions[0]?.observer?.audio("a", AUDIO(100));
  bench.clock.advance(15_000);
  bench.stream("CA1", token);
  bench.sessions[1]?.observer?.ready();
  bench.sessions[1]?.observer?.speechStarted();
  assertEquals(bench.sessions[1]?.heard, []);
});

Deno.test("silence is no gap in a turn once the caller has stopped speaking", () => {
  for (const stopped of [true, false]) {
    using bench = new CallsBench();
    const { socket, session } = bench.connect("CA1");
    session.observer?.speechStarted();
    socket.receive(message("media", { timestamp: "0", payload: "////" }));
    if (stopped) session.observer?.speechStopped();
    bench.clock.advance(750);
    socket.receive(message("stop"));
    const { turns, filled_ms } = bench.summary("CA1") ?? {};
    assertEquals([turns, filled_ms], stopped ? [1, undefined] : [0, 1_000]);
  }
});

Deno.test("what happens in a call is counted", async () => {
  using bench = new CallsBench({}, { billedModel: "gpt-realtime-2.1" });
  const token = bench.announce("CA1");
  const observer = bench.sessions[0]?.observer;
  bench.clock.advance(250);
  observer?.ready();
  const socket = bench.stream("CA1", token);
  observer?.speechStopped();
  observer?.audio("a", AUDIO(300));
  socket.receive(message("mark", { name: "parley-1" }));
  const none = { input: 0, cached: 0, output: 0 };
  const audio = { input: 1_000, cached: 0, output: 500 };
  observer?.answered(answer({ usage: { inputTokens: 1_000, outputTokens: 500, text: none, audio } }));
  observer?.speechStarted();
  observer?.complained("odd_request");
  observer?.skipped();
  observer?.failed({ code: "session_expired", message: "over" });
  const metrics = await bench.metrics.read();
  for (
    const line of [
      "parley_model_session_ready_seconds_sum 0.25\n",
      "parley_barge_ins_total 1\n",
      'parley_model_errors_total{code="odd_request"} 1',
      'parley_model_errors_total{code="session_expired"} 1',
      "parley_model_events_malformed_total 1\n",
      'parley_turn_latency_seconds_count{hop="heard"} 1',
      'parley_cost_usd_total{model="gpt-realtime-2.1"} 0.064\n',
    ]
  ) assertStringIncludes(metrics, line);
});

Deno.test("a call that was ended while its stream was on its way does not begin anew", () => {
  using bench = new CallsBench();
  const token = bench.announce("CA1");
  bench.calls.endAll("shutdown");
  assertEquals(bench.stream("CA1", token).closed?.reason, "call is over");
  assertEquals([bench.calls.count, bench.sessions.length], [0, 1]);
});

Deno.test("a call we placed counts for whom we called, and not as one of those that call us", () => {
  using bench = new CallsBench({ rules: { denied: [], maxCalls: 1 } }, {
    billedModel: "gpt-realtime-2.1",
    limits: { perCallerDay: 0.05 },
  });
  const place = (callSid: string, to: string) =>
    bench.calls.announce({ callSid, from: "+15559870000", to, outbound: true }, bench.assistant);
  place("CA1", "+15551230000");
  const none = { input: 0, cached: 0, output: 0 };
  const audio = { input: 1_000, cached: 0, output: 500 };
  const usage = { inputTokens: 1_000, outputTokens: 500, text: none, audio };
  bench.sessions[0]?.observer?.answered(answer({ usage }));
  assertEquals(place("CA2", "+15551230000"), { refused: "spending limit" });
  assert("token" in place("CA3", "+15554560000"), "somebody else has another purse");
  assert("token" in place("CA4", "+15557890000"), "the limit is of calls that come in");
  const names = bench.sessions.map(({ options }) => options?.safetyIdentifier);
  assertEquals(new Set(names).size, 3);
  assert(
    names.every((name) => /^[0-9a-f]{64}$/.test(name ?? "")),
    "and no number is told to the model's server",
  );
});

Deno.test("Twilio's word that a call is over counts where no stream can tell", () => {
  using bench = new CallsBench();
  bench.announce("CA1");
  bench.calls.hungUp("CA1");
  assertEquals(bench.summary("CA1")?.reason, "caller hung up");
  const { session } = bench.connect("CA2");
  bench.calls.hungUp("CA2");
  assertEquals(bench.summary("CA2"), undefined);
  bench.calls.sayGoodbyes();
  bench.calls.hungUp("CA2");
  assertEquals(bench.summary("CA2"), undefined);
  session.asked[0]?.answered?.(answer({ spoke: false }));
  assertEquals(bench.summary("CA2")?.reason, "drained", "how it ended is not overtaken");
});
