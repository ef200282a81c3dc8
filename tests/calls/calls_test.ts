import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CallRig, testAudio } from "../support/call_rig.ts";
import { IDLE_TIMERS } from "../support/fake_clock.ts";
import { message } from "../support/fake_socket.ts";
import { response } from "../support/still_session.ts";

Deno.test("Calls refuses a stream whose token is older than 30 s", () => {
  const rig = new CallRig();
  const { clock, calls } = rig;
  const token = rig.announce("CA1");
  clock.advance(29_999);
  assertEquals(rig.stream("CA1", token).closed, undefined);
  rig.session.observer?.sessionReady();
  const late = rig.announce("CA2");
  clock.advance(30_000);
  assertEquals(rig.stream("CA2", late).closed, { code: 1008, reason: "no valid token" });
  assertEquals([calls.count, rig.sessions.length, rig.rejected.length], [1, 3, 1]);
});

Deno.test("Calls admits a stream that was announced to another instance by the same rules as a webhook", () => {
  const tokenSecret = "shared secret";
  const other = new CallRig({ tokenSecret });
  const rig = new CallRig({ tokenSecret, rules: { denied: ["+1555*"], maxCalls: 1 } });
  const stream = (callSid: string, from: string) =>
    rig.stream(callSid, other.announce(callSid), from).closed?.reason;
  assertEquals(stream("CA1", "+15551230000"), "not admitted", "a denied caller");
  assertEquals(stream("CA2", "+14151230000"), undefined);
  assertEquals(stream("CA3", "+14151230001"), "not admitted", "beyond maxCalls");
  assertEquals(rig.calls.count, 1);
});

Deno.test("Calls refuses a second stream while the call says goodbye", () => {
  const rig = new CallRig();
  const { socket } = rig.connect("CA1");
  const again = rig.announce("CA1");
  rig.calls.sayGoodbyes();
  assertEquals(rig.stream("CA1", again).closed?.reason, "call has a stream");
  assertEquals(socket.closed, undefined);
});

Deno.test("Calls requests one goodbye per call and notifies watchers when it starts", () => {
  const rig = new CallRig({}, { maxCallMs: 40_000 });
  const { socket, session } = rig.connect("CA1");
  const states: string[] = [];
  rig.calls.watch(({ call }) => states.push(call.state));
  rig.clock.advance(40_000);
  rig.calls.sayGoodbyes();
  assertEquals([session.requests.length, states], [1, ["ending"]]);
  session.requests[0]?.onDone?.(response());
  assertEquals([socket.closed?.code, rig.summary("CA1")?.end_reason], [1000, "time limit"]);
});

Deno.test("Calls does not request a failed response again during the goodbye", () => {
  for (const failsFirst of [true, false]) {
    const rig = new CallRig();
    const { session } = rig.connect("CA1");
    if (failsFirst) session.observer?.responseDone(response({ status: "failed", hasAudio: false }));
    rig.calls.sayGoodbyes();
    if (!failsFirst) session.observer?.responseDone(response({ status: "failed", hasAudio: false }));
    rig.clock.advance(5_000);
    assertEquals(session.requests.length, 1);
  }
});

Deno.test("Calls ends calls without a ready session immediately and counts them as ended without a goodbye", () => {
  const rig = new CallRig();
  rig.announce("CA1");
  const lost = rig.announce("CA2");
  rig.clock.advance(10_000);
  const token = rig.announce("CA3");
  rig.stream("CA3", token);
  for (const { observer } of rig.sessions.slice(0, 2)) observer?.sessionReady();
  // The session of CA2 expires before its stream starts, so the stream connects another one.
  rig.clock.advance(5_000);
  rig.stream("CA2", lost);
  assertEquals(rig.sessions.length, 4);
  rig.calls.sayGoodbyes();
  assertEquals([rig.calls.count, rig.calls.endedWithoutGoodbye], [0, 3]);
  assert(rig.sessions.every(({ requests, closed }) => requests.length === 0 && closed));
});

Deno.test("Calls counts only calls ended by a shutdown without a goodbye as ended without a goodbye", () => {
  const rig = new CallRig({ mediaTimeoutMs: 20_000 });
  const drained = rig.connect("CA1");
  rig.calls.sayGoodbyes();
  drained.session.requests[0]?.onDone?.(response());
  assertEquals(rig.summary("CA1")?.end_reason, "drained");
  rig.connect("CA2");
  rig.clock.advance(20_000);
  assertEquals(rig.summary("CA2")?.end_reason, "no media");
  rig.connect("CA3").socket.receive(message("stop"));
  assertEquals(rig.calls.endedWithoutGoodbye, 0);
  rig.connect("CA4");
  rig.calls.endAll("shutdown");
  assertEquals(rig.calls.endedWithoutGoodbye, 1);
});

Deno.test("Calls awaits a request after the stream only for connected calls that it ended", () => {
  const rig = new CallRig();
  const { calls } = rig;
  rig.connect("CA1").socket.receive(message("stop"));
  assertEquals([calls.awaitingAfterStream, calls.afterStreamRequested("CA1")], [0, {
    reason: "caller hung up",
    callerInformed: true,
  }]);
  rig.announce("CA2");
  calls.endAll("shutdown");
  assertEquals(calls.awaitingAfterStream, 0, "it had no stream");
  rig.connect("CA3");
  calls.endAll("shutdown");
  assertEquals([
    calls.awaitingAfterStream,
    calls.afterStreamRequested("CA3")?.reason,
    calls.awaitingAfterStream,
  ], [
    1,
    "shutdown",
    0,
  ]);
});

Deno.test("Calls keeps 1,000 ended calls", () => {
  const rig = new CallRig();
  const { calls } = rig;
  rig.connect("CA0");
  calls.endAll("shutdown");
  const end = (callSid: string) => {
    rig.announce(callSid);
    calls.endAll("shutdown");
  };
  for (let i = 1; i < 1_000; i++) end(`CA${i}`);
  assertEquals(calls.awaitingAfterStream, 1);
  end("CA1000");
  assertEquals(
    [calls.awaitingAfterStream, calls.afterStreamRequested("CA0")],
    [0, undefined],
    "an evicted call is not awaited",
  );
  assert(calls.afterStreamRequested("CA1"));
});

Deno.test("Calls.gauges() counts calls by state and their queued bytes", () => {
  const rig = new CallRig();
  const ending = rig.connect("CA1");
  rig.calls.sayGoodbyes();
  const { session, socket } = rig.connect("CA2");
  rig.announce("CA3");
  rig.connect("CA4").socket.drop();
  session.observer?.assistantAudio("a", testAudio(500));
  session.bufferedBytes = 7;
  ending.session.bufferedBytes = 10;
  socket.bufferedAmount = 3;
  // 200 ms were sent.
  assertEquals(rig.calls.gauges(), {
    calls: { announced: 1, connected: 1, reconnecting: 1, transferring: 0, ending: 1 },
    bytes: { playout: 300 * 8, twilio: 3, model: 17 },
  });
});

Deno.test("Calls leaves no timer after a call, whatever it was doing", () => {
  const cases: [name: string, happen: (rig: CallRig) => void][] = [
    ["limited", () => {}],
    ["warned", ({ clock }) => clock.advance(40_000)],
    ["saying goodbye", ({ calls }) => calls.sayGoodbyes()],
    ["speaking", ({ sessions }) => sessions[0]?.observer?.assistantAudio("a", testAudio(2_000))],
    ["retrying", ({ sessions }) => sessions[0]?.observer?.responseDone(response({ status: "failed" }))],
  ];
  for (const [name, happen] of cases) {
    const rig = new CallRig({}, { maxCallMs: 60_000 });
    const { socket, session } = rig.connect("CA1");
    happen(rig);
    assertEquals(session.notes.length, name === "warned" ? 1 : 0);
    socket.receive(message("stop"));
    assertEquals(rig.clock.pending, IDLE_TIMERS, name);
  }
});

Deno.test("Calls logs the stream's duration and its errors at the end of a call", async () => {
  const rig = new CallRig();
  const token = rig.announce("CA1");
  rig.sessions[0]?.observer?.sessionReady();
  rig.clock.advance(2_000);
  const socket = rig.stream("CA1", token);
  const observer = rig.sessions[0]?.observer;
  observer?.assistantAudio("a", testAudio(300));
  observer?.callerSpeechStarted();
  observer?.assistantAudio("b", testAudio(100));
  observer?.responseDone(response());
  rig.clock.advance(3_000);
  observer?.callerSpeechStarted();
  socket.receive("nonsense");
  socket.receive("nonsense");
  socket.receive(message("stop"));
  const { duration_s, barge_ins, marks_lost, skipped } = rig.summary("CA1") ?? {};
  assertEquals([duration_s, barge_ins, marks_lost, skipped], [3, 1, 1, "not JSON: 2"]);
  rig.announce("CA2");
  rig.calls.endAll("shutdown");
  const metrics = await rig.metrics.scrape();
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

Deno.test("Calls notifies watchers of each change until they unsubscribe", () => {
  const rig = new CallRig();
  const changes: unknown[] = [];
  const unwatch = rig.calls.watch(({ type, call }) => changes.push([type, call.callSid, call.endReason]));
  const { socket } = rig.connect("CA1");
  assertEquals(rig.calls.list(), [{
    callSid: "CA1",
    direction: "inbound",
    from: "+15551230000",
    to: "+15559870000",
    assistant: "default",
    model: "stand-in",
    state: "connected",
    startedAt: "2026-01-01T00:00:01.000Z",
    seconds: 0,
    callerTurns: 0,
    bargeIns: 0,
    costUsd: 0,
    costs: { modelUsd: 0, transcriptionUsd: 0, summaryUsd: 0, carrierUsd: 0 },
    carrierMinutes: 1,
  }]);
  socket.receive(message("stop"));
  assertEquals(changes, [
    ["announced", "CA1", undefined],
    ["connected", "CA1", undefined],
    ["ended", "CA1", "caller hung up"],
  ]);
  unwatch();
  rig.announce("CA2");
  assertEquals(changes.length, 3);
});

Deno.test("Calls ends a call once, whatever the model still sends", () => {
  const rig = new CallRig();
  const { socket, session } = rig.connect("CA1");
  socket.receive(message("stop"));
  session.observer?.sessionFailed({ code: "gone", message: "late" });
  rig.calls.sayGoodbyes();
  assertEquals(rig.lines.filter(({ event }) => event === "call ended").length, 1);
  assertEquals(rig.calls.afterStreamRequested("CA1")?.reason, "caller hung up");
});

Deno.test("Calls interrupts nothing of an earlier session in a new one", () => {
  const rig = new CallRig();
  const token = rig.announce("CA1");
  rig.sessions[0]?.observer?.assistantAudio("a", testAudio(100));
  rig.clock.advance(15_000);
  rig.stream("CA1", token);
  rig.sessions[1]?.observer?.sessionReady();
  rig.sessions[1]?.observer?.callerSpeechStarted();
  assertEquals(rig.sessions[1]?.interruptions, []);
});

Deno.test("Calls fills gaps in the caller's audio only during a turn", () => {
  for (const stopped of [true, false]) {
    const rig = new CallRig();
    const { socket, session } = rig.connect("CA1");
    session.observer?.callerSpeechStarted();
    socket.receive(message("media", { timestamp: "0", payload: "////" }));
    if (stopped) session.observer?.callerSpeechStopped();
    rig.clock.advance(750);
    socket.receive(message("stop"));
    const { caller_turns, filled_ms } = rig.summary("CA1") ?? {};
    assertEquals([caller_turns, filled_ms], stopped ? [1, undefined] : [0, 1_000]);
  }
});

Deno.test("Calls reports a call's events to the metrics", async () => {
  const rig = new CallRig({}, { billedModel: "gpt-realtime-2.1" });
  const token = rig.announce("CA1");
  const observer = rig.sessions[0]?.observer;
  rig.clock.advance(250);
  observer?.sessionReady();
  const socket = rig.stream("CA1", token);
  observer?.callerSpeechStarted();
  observer?.callerSpeechStopped();
  observer?.assistantAudio("a", testAudio(300));
  socket.receive(message("mark", { name: "parley-1" }));
  const none = { input: 0, cached: 0, output: 0 };
  const audio = { input: 1_000, cached: 0, output: 500 };
  observer?.responseDone(response({ usage: { inputTokens: 1_000, outputTokens: 500, text: none, audio } }));
  observer?.callerSpeechStarted();
  observer?.modelError("odd_request");
  observer?.malformedEvent();
  observer?.sessionFailed({ code: "session_expired", message: "over" });
  const metrics = await rig.metrics.scrape();
  for (
    const line of [
      "parley_model_session_ready_seconds_sum 0.25\n",
      "parley_barge_ins_total 1\n",
      'parley_model_errors_total{code="odd_request"} 1',
      'parley_model_errors_total{code="session_expired"} 1',
      "parley_model_events_malformed_total 1\n",
      'parley_turn_latency_seconds_count{hop="playback"} 1',
      'parley_cost_usd_total{model="gpt-realtime-2.1"} 0.064\n',
    ]
  ) assertStringIncludes(metrics, line);
});

Deno.test("Calls refuses the stream of a call that already ended", () => {
  const rig = new CallRig();
  const token = rig.announce("CA1");
  rig.calls.endAll("shutdown");
  assertEquals(rig.stream("CA1", token).closed?.reason, "call is over");
  assertEquals([rig.calls.count, rig.sessions.length], [0, 1]);
});

Deno.test("Calls charges an outbound call to the called party and does not count it for admission", () => {
  const rig = new CallRig({ rules: { denied: [], maxCalls: 1 } }, {
    billedModel: "gpt-realtime-2.1",
    costLimits: { perCallerDay: 0.05 },
  });
  const place = (callSid: string, to: string) =>
    rig.calls.announce({ callSid, from: "+15559870000", to, outbound: true }, rig.assistant);
  place("CA1", "+15551230000");
  const none = { input: 0, cached: 0, output: 0 };
  const audio = { input: 1_000, cached: 0, output: 500 };
  const usage = { inputTokens: 1_000, outputTokens: 500, text: none, audio };
  rig.sessions[0]?.observer?.sessionReady();
  rig.sessions[0]?.observer?.responseDone(response({ usage }));
  assertEquals(place("CA2", "+15551230000"), { refused: "spending limit" });
  assert("token" in place("CA3", "+15554560000"), "another party has its own budget");
  assert("token" in place("CA4", "+15557890000"), "the limit applies to inbound calls");
  const names = rig.sessions.map(({ options }) => options?.safetyIdentifier);
  assertEquals(new Set(names).size, 3);
  assert(
    names.every((name) => /^[0-9a-f]{64}$/.test(name ?? "")),
    "the model's server gets no phone number",
  );
});

Deno.test("Calls ends a call on Twilio's status callback only if it has no stream", () => {
  const rig = new CallRig();
  rig.announce("CA1");
  rig.calls.callerHungUp("CA1");
  assertEquals(rig.summary("CA1")?.end_reason, "caller hung up");
  const { session } = rig.connect("CA2");
  rig.calls.callerHungUp("CA2");
  assertEquals(rig.summary("CA2"), undefined);
  rig.calls.sayGoodbyes();
  rig.calls.callerHungUp("CA2");
  assertEquals(rig.summary("CA2"), undefined);
  session.requests[0]?.onDone?.(response({ hasAudio: false }));
  assertEquals(rig.summary("CA2")?.end_reason, "drained", "the end reason is kept");
});
