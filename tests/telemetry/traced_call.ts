/// <reference lib="deno.worker" />
/** One call's spans, begun as the service begins them: in a worker without permissions, while a request is served. */

import { startCallSpan } from "../../src/telemetry/spans.ts";
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
  // While the call lasts, somebody sets the machine's clock back by an hour.
  clock.adjustment = -3_600_000;
  clock.advance(250);
  span.turn(stopped, { modelMs: 40, sentMs: 0.25, heardMs: 100 });
  span.event("barge-in", { heard_ms: 1375, note: "from +15551230000" });
  clock.advance(750);
  span.turn(clock.now() - 60, { modelMs: 60 });
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
