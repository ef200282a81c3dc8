import { assertEquals } from "@std/assert";
import { Call } from "../../src/call/call.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { MediaStream } from "../../src/twilio/media_stream.ts";
import { PLAIN_ASSISTANT } from "../support/calls.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeSocket, message, startMessage } from "../support/fake_socket.ts";
import { StillSession } from "../support/still_session.ts";

Deno.test("a call's span has each turn that was heard, from the moment the caller had stopped", () => {
  const clock = new FakeClock();
  const metrics = new Metrics(clock);
  const told: unknown[] = [];
  let session: StillSession | undefined;
  const call = new Call({
    callSid: "CA1",
    assistant: PLAIN_ASSISTANT,
    openSession: (options, observer) => session = new StillSession(observer, options),
    mediaTimeoutMs: 60_000,
    clock,
    log: createLog({ level: "error", format: "json", write: () => {} }),
    metrics,
    span: { turn: (...turn) => told.push(turn), event() {}, end: (...how) => told.push(how) },
    changed() {},
    ended() {},
  });
  const socket = new FakeSocket();
  const gate = {
    admit: (stream: MediaStream) => {
      call.attach(stream);
      return call;
    },
    turnedAway() {},
  };
  new MediaStream(socket, gate, clock, { startMs: 1_000, maxFrameBytes: 1_000, framesPerSecond: 100 });
  socket.receive(startMessage("CA1"));
  const stopped = clock.now();
  session?.observer?.speechStopped();
  clock.advance(300);
  session?.observer?.audio("a", new Uint8Array(800));
  clock.advance(100);
  socket.receive(message("mark", { name: "parley-1" }));
  socket.receive(message("stop"));
  metrics.close();
  assertEquals(told, [
    [stopped, { modelMs: 300, sentMs: 0, heardMs: 100 }],
    ["caller hung up", false],
  ]);
});
