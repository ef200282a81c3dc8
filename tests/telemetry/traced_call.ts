/// <reference lib="deno.worker" />
/** Creates call spans like the service: in a worker without permissions, during a request. */

import { startCallSpan } from "../../src/telemetry/call_span.ts";
import { FakeClock } from "../support/fake_clock.ts";

class AdjustedClock extends FakeClock {
  adjustment = 0;

  override wallTime(): number {
    return super.wallTime() + this.adjustment;
  }
}

function call(): void {
  const clock = new AdjustedClock();
  const span = startCallSpan(clock, {
    call: "CA1",
    from: "+15551230000",
    announced: true,
    nothing: undefined,
  });
  clock.advance(2_000);
  const stopped = clock.now();
  // During the call, the system clock is set back by an hour.
  clock.adjustment = -3_600_000;
  clock.advance(250);
  span.addTurn(stopped, { modelMs: 40, sendMs: 0.25, playbackMs: 100 });
  clock.advance(750);
  span.addTurn(clock.now() - 60, { modelMs: 60 });
  span.end("model failed", true);
}

const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
  call();
  startCallSpan(new FakeClock(), { call: "CA2" }).end("caller hung up", false);
  return new Response();
});
const response = await fetch(`http://127.0.0.1:${server.addr.port}/incoming-call`, { method: "POST" });
await response.body?.cancel();
await server.shutdown();
self.postMessage("done");
