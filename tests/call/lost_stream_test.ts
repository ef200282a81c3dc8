import { assertEquals, assertMatch } from "@std/assert";
import type { MediaStreamObserver } from "../../src/twilio/media_stream.ts";
import { connect, MENU, slowTool, testAudio } from "../support/call_rig.ts";
import { FakeSocket, message } from "../support/fake_socket.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

type TestCall = ReturnType<typeof connect>;

/** Audio sent to Twilio (ms). */
function sentMs({ sent }: TestCall, socket: FakeSocket): number {
  return sent("media", socket).length === 0
    ? 0
    : sent("media", socket).map(({ media }) =>
      Uint8Array.fromBase64(String((media as { payload: string }).payload)).length / 8
    )
      .reduce((sum, ms) => sum + ms);
}

/** Twilio asks for the next stream and opens it. */
function comeBack({ rig }: TestCall): FakeSocket {
  return rig.stream("CA1", rig.calls.resume("CA1")?.token ?? "");
}

const stateOf = ({ rig }: TestCall) => rig.calls.list()[0]?.state;

Deno.test("Stream that is lost and returns within 10 s keeps its session and its answer", () => {
  const call = connect();
  const { rig, session, socket } = call;
  session.observer?.assistantAudio("a1", testAudio(3_000));
  call.play(1_000);
  socket.drop();
  assertEquals([stateOf(call), session.callerPresent], ["reconnecting", false]);
  // The model goes on meanwhile.
  session.observer?.assistantAudio("a1", testAudio(1_000));
  session.observer?.responseDone(response());
  rig.clock.advance(9_900);
  assertEquals(call.records, []);
  const back = comeBack(call);
  assertEquals([stateOf(call), session.callerPresent], ["connected", true]);
  call.play(4_000, back);
  const playedMs = sentMs(call, back);
  // 4 s in all, of which 1 s was heard and at most 0.5 s is repeated.
  assertEquals([playedMs >= 3_300 && playedMs <= 3_500, playedMs], [true, playedMs]);
  back.receive(message("stop"));
  assertEquals(rig.sessions.length, 1);
  assertEquals([session.interruptions, session.requests, session.notes], [[], [], []]);
  assertEquals(call.records.map(({ endReason }) => endReason), ["caller hung up"]);
});

Deno.test("/after-stream before our socket has closed detaches the old stream", () => {
  const call = connect();
  const { rig, session, socket } = call;
  call.talk(100);
  const token = rig.calls.resume("CA1")?.token ?? "";
  assertEquals([stateOf(call), socket.closed?.code], ["reconnecting", 1000]);
  const heard = session.frames.length;
  call.frame();
  socket.drop();
  assertEquals([session.frames.length, stateOf(call)], [heard, "reconnecting"]);
  rig.stream("CA1", token);
  assertEquals([stateOf(call), rig.rejected, rig.sessions.length], ["connected", [], 1]);
});

Deno.test("Second stream replaces one that was silent for 1 s, and none that receives audio", () => {
  const call = connect();
  const { rig, socket } = call;
  const tokens = [rig.announce("CA1"), rig.announce("CA1")];
  call.talk(100);
  rig.clock.advance(900);
  rig.stream("CA1", tokens[0] ?? "");
  assertEquals([rig.rejected, socket.closed], [["call has a stream"], undefined]);
  rig.clock.advance(100);
  rig.stream("CA1", tokens[1] ?? "");
  assertEquals([rig.rejected.length, socket.closed?.code, stateOf(call)], [1, 1000, "connected"]);
});

Deno.test("Late frame, key and end of a replaced stream reach nobody", () => {
  const call = connect(MENU);
  const { rig, session } = call;
  const late: MediaStreamObserver[] = [];
  const admit = rig.calls.admit.bind(rig.calls);
  rig.calls.admit = (...stream) => {
    const admitted = admit(...stream);
    if (!("refused" in admitted)) late.push(admitted);
    return admitted;
  };
  call.socket.drop();
  comeBack(call);
  rig.clock.advance(1_000);
  const back = rig.stream("CA1", rig.announce("CA1"));
  const heard = session.frames.length;
  for (const observer of late.slice(0, 1)) {
    observer.media("////", 0);
    observer.dtmf("0");
    observer.streamEnded("stop");
    observer.streamEnded("closed");
  }
  assertEquals([late.length, session.frames.length, back.closed], [2, heard, undefined]);
  assertEquals([stateOf(call), rig.calls.destination("CA1")], ["connected", undefined]);
});

Deno.test("Grace that expires ends the call once as stream lost", () => {
  const call = connect();
  const { rig, session, socket } = call;
  socket.drop();
  rig.clock.advance(9_999);
  assertEquals(call.records, []);
  rig.clock.advance(1);
  assertEquals([call.records.map(({ endReason }) => endReason), session.closed], [["stream lost"], true]);
  assertEquals(rig.calls.afterStreamRequested("CA1")?.callerInformed, false);
});

Deno.test("Caller who hung up in the grace ends the call at once", () => {
  const call = connect();
  call.socket.drop();
  call.rig.calls.callerHungUp("CA1");
  assertEquals(call.records.map(({ endReason }) => endReason), ["caller hung up"]);
  assertEquals(call.rig.calls.resume("CA1"), undefined);
});

Deno.test("Fourth loss within a minute ends the call, and one a minute later does not", () => {
  for (const [pauseMs, ends] of [[19_000, true], [20_000, false]] as const) {
    const call = connect();
    let { socket } = call;
    for (let loss = 1; loss <= 3; loss++) {
      socket.drop();
      socket = comeBack(call);
      call.rig.clock.advance(pauseMs);
    }
    assertEquals(call.records, []);
    socket.drop();
    assertEquals(call.records.map(({ endReason }) => endReason), ends ? ["stream lost"] : []);
    assertEquals(call.rig.calls.resume("CA1") === undefined, ends, "no further part");
  }
});

Deno.test("Stream that Twilio cannot open is requested again, three times", () => {
  const call = connect();
  const { rig } = call;
  rig.announce("CA2");
  const pauses = [1, 2, 3].map(() => rig.calls.resume("CA2")?.pauseSeconds);
  assertEquals(pauses, [1, 2, 3], "an outage of a second does not use up all attempts");
  assertEquals(rig.calls.resume("CA2"), undefined);
  assertEquals(rig.summary("CA2")?.end_reason, "never connected");
  call.socket.drop();
  const next = [1, 2, 3].map(() => rig.calls.resume("CA1")?.pauseSeconds);
  assertEquals(next, [0, 1, 2], "the stream that was lost had been opened");
  assertEquals(rig.calls.resume("CA1"), undefined);
});

Deno.test("Tool result of the stream grace is spoken when the caller is back", async () => {
  const { tool, resolve } = slowTool();
  const call = connect({ tools: () => [tool] });
  const { session, socket } = call;
  call.callFunction("slow");
  session.observer?.responseDone(response({ hasAudio: false }));
  socket.drop();
  resolve("done");
  await settle();
  assertEquals(session.functionResults, [{ callId: "slow", output: '"done"' }]);
  session.observer?.assistantAudio("result", testAudio(500));
  session.observer?.responseDone(response());
  const back = comeBack(call);
  call.play(600, back);
  assertEquals([sentMs(call, back), session.cancellations], [500, 0]);
});

Deno.test("Goodbye due in the stream grace is spoken when the caller is back", () => {
  const call = connect({ maxCallMs: 30_000 });
  const { rig, session, socket } = call;
  rig.clock.advance(25_000);
  socket.drop();
  rig.clock.advance(6_000);
  assertEquals(session.requests, []);
  const back = comeBack(call);
  assertMatch(session.instructions[0] ?? "", /reached its time limit/);
  session.observer?.assistantAudio("bye", testAudio(200));
  session.requests[0]?.onDone?.(response());
  call.play(400, back);
  assertEquals(call.records.map(({ endReason }) => endReason), ["time limit"]);
});

/** A call whose stream is lost when 0.5 of 2 s of the time limit's goodbye were heard. */
function loseGoodbye() {
  const call = connect({ maxCallMs: 10_000 });
  const { rig, session, socket } = call;
  rig.clock.advance(10_000);
  session.observer?.assistantAudio("bye", testAudio(2_000));
  session.requests[0]?.onDone?.(response());
  call.play(500);
  socket.drop();
  return call;
}

Deno.test("Goodbye that a lost stream interrupts is heard to its end", () => {
  const call = loseGoodbye();
  const { rig } = call;
  rig.clock.advance(8_000);
  const back = comeBack(call);
  call.play(1_600, back);
  assertEquals(call.records, []);
  call.play(500, back);
  assertEquals(call.records.map(({ endReason }) => endReason), ["time limit"]);
});

Deno.test("Drain ends a call without a stream at once, and waits for Twilio's request", () => {
  const call = connect();
  const { rig, session } = call;
  call.socket.drop();
  rig.calls.admission.drain();
  rig.calls.sayGoodbyes();
  assertEquals([call.records[0]?.endReason, session.requests], ["drained", []]);
  assertEquals([rig.calls.awaitingAfterStream, rig.calls.resume("CA1")], [1, undefined]);
});

Deno.test("Answer is requested at the caller's return when session and stream were lost together", () => {
  const call = connect();
  const { rig, session, socket } = call;
  session.observer?.assistantAudio("a1", testAudio(2_000));
  call.play(500);
  socket.drop();
  rig.dropSession();
  rig.clock.advance(3_000);
  const back = comeBack(call);
  call.play(1_800, back);
  assertEquals(sentMs(call, back) >= 1_500, true);
  assertEquals(rig.sessions.length, 2);
});

Deno.test("Menu key and hang-up of a lost stream's call work after its return", () => {
  const call = connect(MENU);
  call.socket.drop();
  const back = comeBack(call);
  back.receive(message("dtmf", { digit: "0" }));
  assertEquals([stateOf(call), call.rig.calls.destination("CA1")?.name], ["transferring", "sales"]);
  call.rig.calls.endAll("shutdown");
  assertEquals(call.rig.calls.awaitingAfterStream, 0, "Twilio has asked after the stream already");
});

Deno.test("Grace of 0 s ends the call with its stream", () => {
  const call = connect({}, { streamGraceMs: 0 });
  call.socket.drop();
  assertEquals(call.records.map(({ endReason }) => endReason), ["stream lost"]);
});

Deno.test("Caller whose stream is lost while they speak gets an answer", () => {
  const call = connect();
  const { rig, session, socket } = call;
  call.talk(200);
  session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  call.talk(300);
  const heard = session.frames.length;
  socket.drop();
  const silence = session.frames.slice(heard).map((payload) => Uint8Array.fromBase64(payload));
  assertEquals(silence.reduce((ms, { length }) => ms + length / 8, 0), 1_000);
  assertEquals(silence.every((audio) => audio.every((sample) => sample === 0xff)), true);
  session.observer?.callerSpeechStopped({ itemId: "u1", audioMs: 500 });
  session.observer?.assistantAudio("a1", testAudio(300));
  const back = comeBack(call);
  call.play(500, back);
  assertEquals([sentMs(call, back), rig.calls.find("CA1")?.record.callerTurns], [300, 1]);
});

Deno.test("Call ends with the goodbye's reason when the caller does not come back", () => {
  const call = loseGoodbye();
  const { rig } = call;
  rig.clock.advance(10_000);
  assertEquals(call.records.map(({ endReason }) => endReason), ["time limit"]);
});
