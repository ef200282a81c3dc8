/** A slow link to Twilio, a model that floods, and a blocked event loop: what happens to the call's audio. */

import { assert, assertEquals } from "@std/assert";
import { field } from "../support/field.ts";
import { connect, testAudio } from "../support/call_rig.ts";
import { message } from "../support/fake_socket.ts";
import { response } from "../support/still_session.ts";

/** Unsent bytes at which a stream is congested. */
const CONGESTED = 65_537;

/** Milliseconds of audio sent to Twilio. */
function sentMs({ sent, socket }: ReturnType<typeof connect>, to = socket): number {
  return sent("media", to).reduce((sum, event) => {
    return sum + Uint8Array.fromBase64(String(field(event, "media", "payload"))).length / 8;
  }, 0);
}

Deno.test("Slow link to Twilio: the audio waits in Parley, and all of it is sent when the link recovers", () => {
  const call = connect();
  call.observer?.assistantAudio("a1", testAudio(3_000));
  call.play(500);
  const before = sentMs(call);
  call.socket.bufferedAmount = CONGESTED;
  call.play(5_000);
  assertEquals(sentMs(call), before, "nothing is added to what the socket holds");
  assertEquals(call.rig.calls.gauges().bytes.playout, (3_000 - before) * 8, "and nothing is dropped");
  call.socket.bufferedAmount = 0;
  call.play(3_500);
  assertEquals(sentMs(call), 3_000);
  assertEquals(call.records, []);
});

Deno.test("Link to Twilio without progress for 10 s is lost, and the call goes on over the next stream", () => {
  const call = connect();
  const { rig, session, socket } = call;
  call.play(100);
  call.observer?.assistantAudio("a1", testAudio(20_000));
  call.play(200);
  socket.bufferedAmount = CONGESTED;
  // What is sent next finds the socket full.
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  rig.clock.advance(9_900);
  assertEquals(rig.calls.list()[0]?.state, "connected");
  rig.clock.advance(200);
  assertEquals([rig.calls.list()[0]?.state, socket.readyState, session.closed], [
    "reconnecting",
    socket.CLOSED,
    false,
  ]);
  const back = rig.stream("CA1", rig.calls.resume("CA1")?.token ?? "");
  session.observer?.assistantAudio("a2", testAudio(500));
  call.play(700, back);
  assertEquals([rig.calls.list()[0]?.state, sentMs(call, back)], ["connected", 500]);
});

Deno.test("Model that floods: beyond 5 min unheard its response is cancelled, and the item ends at what was kept", () => {
  const call = connect();
  const { session } = call;
  for (let minute = 0; minute < 7; minute++) call.observer?.assistantAudio("a1", testAudio(60_000));
  const queuedMs = call.rig.calls.gauges().bytes.playout / 8;
  assert(queuedMs <= 300_000, `${queuedMs} ms in memory`);
  assert(session.cancellations >= 1, "the response is cancelled");
  const [cut] = session.interruptions;
  assertEquals([cut?.itemId, (cut?.heardMs ?? 0) >= 240_000 && (cut?.heardMs ?? 0) <= 300_000], ["a1", true]);
  call.observer?.responseDone(response({ status: "cancelled" }));
  assertEquals(call.records, [], "the call goes on");
});

Deno.test("Event loop blocked for 3 s: no frame of the caller is lost or doubled, and the lead is restored", () => {
  const call = connect();
  const { rig, session, socket } = call;
  let frames = 0;
  const frame = () => {
    const payload = new Uint8Array(160).fill(frames).toBase64();
    socket.receive(message("media", { track: "inbound", timestamp: String(20 * frames++), payload }));
  };
  for (let at = 0; at < 10; at++) {
    rig.clock.advance(20);
    frame();
  }
  call.observer?.assistantAudio("a1", testAudio(10_000));
  call.play(500);
  const lost = sentMs(call);
  rig.clock.stall(3_000);
  // The sockets deliver what waited, before the timers that are late.
  for (let at = 0; at < 150; at++) frame();
  rig.clock.advance(0);
  assertEquals(session.firstBytes, Array.from({ length: 160 }, (_, number) => number));
  assert(sentMs(call) - lost >= 150, "audio is sent at once");
  call.play(200);
  assertEquals([rig.sessions.length, rig.calls.list()[0]?.state, call.records], [1, "connected", []]);
});
