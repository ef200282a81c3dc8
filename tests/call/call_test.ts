import { assertEquals } from "@std/assert";
import { Call } from "../../src/call/call.ts";
import { EndpointHealth } from "../../src/model/endpoint_health.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { MediaStream } from "../../src/twilio/media_stream.ts";
import { PLAIN_ASSISTANT } from "../support/call_rig.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeSocket, message, startMessage } from "../support/fake_socket.ts";
import { StillSession } from "../support/still_session.ts";

Deno.test("Call span has each answered turn, from the end of the caller's speech", () => {
  const clock = new FakeClock();
  const metrics = new Metrics(clock);
  const reported: unknown[] = [];
  let session: StillSession | undefined;
  const call = new Call({
    identity: {
      callSid: "CA1",
      direction: "inbound",
      from: "+15551230000",
      to: "+15559870000",
      assistant: "default",
      model: "m",
      startedAt: "2026-01-01T00:00:00.000Z",
    },
    assistant: PLAIN_ASSISTANT,
    openSession: (options, observer) => session = new StillSession(observer, options),
    models: { health: new EndpointHealth(clock) },
    mediaTimeoutMs: 60_000,
    streamGraceMs: 10_000,
    clock,
    log: createLog({ level: "error", format: "json", write: () => {} }),
    metrics,
    span: { addTurn: (...turn) => reported.push(turn), end: (...how) => reported.push(how) },
  });
  const socket = new FakeSocket();
  const gate = { admit: (stream: MediaStream) => call.attach(stream), rejected() {} };
  new MediaStream(socket, gate, clock, { startMs: 1_000, maxFrameBytes: 1_000, framesPerSecond: 100 });
  socket.receive(startMessage("CA1"));
  const stoppedAt = clock.now();
  session?.observer?.sessionReady();
  session?.observer?.callerSpeechStarted();
  session?.observer?.callerSpeechStopped();
  clock.advance(300);
  session?.observer?.assistantAudio("a", new Uint8Array(800));
  clock.advance(100);
  socket.receive(message("mark", { name: "parley-1" }));
  socket.receive(message("stop"));
  metrics.close();
  assertEquals(reported, [
    [stoppedAt, { modelMs: 300, sendMs: 0, playbackMs: 100 }],
    ["caller hung up", false],
  ]);
});
