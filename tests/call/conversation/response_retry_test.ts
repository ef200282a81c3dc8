import { assertEquals } from "@std/assert";
import { CallEventStream } from "../../../src/call/call_event_stream.ts";
import { ResponseRetry } from "../../../src/call/conversation/response_retry.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { response } from "../../support/still_session.ts";

function setUp() {
  const clock = new FakeClock();
  const events = new CallEventStream();
  const requests: string[] = [];
  const yielding: boolean[] = [];
  const retry = new ResponseRetry(clock, {
    requestResponse: ({ instructions, yieldsToCaller = false }) => {
      requests.push(instructions ? "finish" : "again");
      yielding.push(yieldsToCaller);
    },
  }, events);
  retry.start();
  return { clock, events, requests, yielding, retry };
}

Deno.test("ResponseRetry requests a response again 1 s after it failed or ended incomplete", () => {
  const cases: [
    status: "completed" | "cancelled" | "failed" | "incomplete",
    hasAudio: boolean,
    expected: string[],
  ][] = [
    ["completed", true, []],
    ["cancelled", true, []],
    ["failed", false, ["again"]],
    ["incomplete", true, ["finish"]],
  ];
  for (const [status, hasAudio, expected] of cases) {
    const { clock, requests, retry } = setUp();
    retry.responseFinished(response({ status, hasAudio }));
    clock.advance(999);
    assertEquals(requests, []);
    clock.advance(1);
    assertEquals(requests, expected, status);
  }
});

Deno.test("ResponseRetry reports a failure when the second response fails without audio", () => {
  const { clock, requests, retry } = setUp();
  for (const hasAudio of [true, false]) {
    assertEquals(retry.responseFinished(response({ status: "failed", hasAudio: false })), undefined);
    clock.advance(1_000);
    const failure = retry.responseFinished(response({ status: "failed", reason: "server_error", hasAudio }));
    assertEquals(failure?.code, hasAudio ? undefined : "server_error");
    clock.advance(1_000);
    retry.responseFinished(response());
  }
  assertEquals(requests, ["again", "again"]);
});

Deno.test("ResponseRetry requests and reports nothing when stopped", () => {
  const { clock, requests, retry } = setUp();
  retry.responseFinished(response({ status: "failed", hasAudio: false }));
  assertEquals(retry.due, true);
  retry.stop();
  assertEquals(retry.due, false);
  assertEquals(retry.responseFinished(response({ status: "failed", hasAudio: false })), undefined);
  clock.advance(2_000);
  assertEquals([requests, clock.pending], [[], 0]);
});

Deno.test("ResponseRetry lapses when the caller has spoken again", () => {
  const { clock, events, requests, retry } = setUp();
  retry.responseFinished(response({ status: "failed", hasAudio: false }));
  clock.advance(300);
  events.emit({ type: "caller started speaking" });
  events.emit({ type: "caller stopped speaking" });
  events.emit({ type: "turn dismissed", why: "empty" });
  assertEquals(retry.due, true, "a cough is not answered");
  events.emit({ type: "turn confirmed", interrupts: false });
  assertEquals(retry.due, false);
  clock.advance(1_000);
  assertEquals([requests, clock.pending], [[], 0]);
});

Deno.test("ResponseRetry lapses when another response has succeeded", () => {
  const { clock, requests, retry } = setUp();
  retry.responseFinished(response({ status: "failed", hasAudio: false }));
  retry.responseFinished(response());
  clock.advance(1_000);
  assertEquals([requests, clock.pending], [[], 0]);
});

Deno.test("ResponseRetry yields to a caller who speaks when it is due", () => {
  const { clock, yielding, retry } = setUp();
  retry.responseFinished(response({ status: "failed", hasAudio: false }));
  clock.advance(1_000);
  assertEquals(yielding, [true]);
});

Deno.test("ResponseRetry waits longer each time after a rate limit, and gives up after 15 s", () => {
  const { clock, requests, retry } = setUp();
  const limited = response({ status: "failed", reason: "inference_rate_limit_exceeded", hasAudio: false });
  for (const [count, waitMs] of [1_000, 2_000, 4_000, 8_000].entries()) {
    assertEquals(retry.responseFinished(limited), undefined);
    clock.advance(waitMs - 1);
    assertEquals(requests.length, count);
    clock.advance(1);
    assertEquals(requests.length, count + 1);
  }
  assertEquals(retry.responseFinished(limited)?.code, "inference_rate_limit_exceeded");
});
