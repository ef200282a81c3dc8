import { assert, assertEquals } from "@std/assert";
import { ResponseQueue } from "../../../src/model/ga/response_queue.ts";
import type { ResponseRequest } from "../../../src/model/model_interface.ts";

const BUSY = "conversation_already_has_active_response";

function setUp(serverAnswers = true) {
  const sent: { eventId: string; request: ResponseRequest }[] = [];
  const queue = new ResponseQueue((eventId, request) => sent.push({ eventId, request }), serverAnswers);
  queue.open();
  return { queue, sent, instructions: () => sent.map(({ request }) => request.instructions) };
}

Deno.test("ResponseQueue sends a request immediately when no response is in progress", () => {
  const { queue, instructions } = setUp();
  queue.request({ instructions: "a" });
  assertEquals(instructions(), ["a"]);
});

Deno.test("ResponseQueue sends one request at a time, in order", () => {
  const { queue, instructions } = setUp();
  queue.request({ instructions: "a" });
  queue.request({ instructions: "b" });
  queue.request({ instructions: "c" });
  assertEquals(instructions(), ["a"]);
  queue.created("r1");
  assertEquals(instructions(), ["a"]);
  queue.done("r1");
  assertEquals(instructions(), ["a", "b"]);
  queue.created("r2");
  queue.done("r2");
  assertEquals(instructions(), ["a", "b", "c"]);
});

Deno.test("ResponseQueue waits for a response created by the server", () => {
  const { queue, instructions } = setUp();
  queue.created("vad");
  queue.request({ instructions: "a" });
  assertEquals(instructions(), []);
  queue.done("vad");
  assertEquals(instructions(), ["a"]);
});

Deno.test("ResponseQueue resends a request rejected because of a server-created response", () => {
  const { queue, sent, instructions } = setUp();
  queue.request({ instructions: "a" });
  queue.created("vad"); // was on its way already
  assert(queue.handleError(sent[0]?.eventId, BUSY));
  assertEquals(instructions(), ["a"]);
  queue.done("vad");
  assertEquals(instructions(), ["a", "a"]);
  assert(sent[0]?.eventId !== sent[1]?.eventId);
});

Deno.test("ResponseQueue resends a request rejected before response.created arrives", () => {
  const { queue, sent, instructions } = setUp();
  queue.request({ instructions: "a" });
  assert(queue.handleError(sent[0]?.eventId, BUSY));
  assertEquals(instructions(), ["a"], "the other response is still active at the server");
  queue.created("vad");
  queue.done("vad");
  assertEquals(instructions(), ["a", "a"]);
});

Deno.test("ResponseQueue drops a request rejected for another reason", () => {
  const { queue, sent, instructions } = setUp();
  queue.request({ instructions: "a" });
  queue.request({ instructions: "b" });
  assert(!queue.handleError(sent[0]?.eventId, "invalid_value"));
  assertEquals(instructions(), ["a", "b"]);
});

Deno.test("ResponseQueue ignores errors of other events", () => {
  const { queue, instructions } = setUp();
  queue.request({ instructions: "a" });
  assert(!queue.handleError(undefined, BUSY));
  assert(!queue.handleError("other", BUSY));
  queue.request({ instructions: "b" });
  assertEquals(instructions(), ["a"]);
});

Deno.test("ResponseQueue returns the request of a finished response, and none for a server-created one", () => {
  const { queue } = setUp();
  const request = { instructions: "a" };
  queue.created("vad");
  queue.request(request);
  assertEquals(queue.done("vad"), undefined);
  queue.created("r1");
  assertEquals(queue.done("r1"), request);
});

Deno.test("ResponseQueue ignores the end of an older response", () => {
  const { queue, instructions } = setUp();
  queue.created("vad");
  queue.done("older");
  queue.request({ instructions: "a" });
  assertEquals([queue.active, instructions()], ["vad", []]);
});

Deno.test("ResponseQueue sends nothing before the session is configured", () => {
  const sent: string[] = [];
  const queue = new ResponseQueue((eventId) => sent.push(eventId));
  queue.request({});
  assertEquals(sent.length, 0);
  queue.open();
  assertEquals(sent.length, 1);
});

Deno.test("ResponseQueue holds back only yieldsToCaller requests while the caller speaks", () => {
  const { queue, instructions } = setUp();
  queue.callerTurnStarted();
  queue.request({ instructions: "result", yieldsToCaller: true });
  queue.request({ instructions: "goodbye" });
  assertEquals(instructions(), ["goodbye"]);
  queue.created("r1");
  queue.done("r1");
  assertEquals(instructions(), ["goodbye"]);
  queue.callerTurnEnded();
  assertEquals(instructions(), ["goodbye", "result"]);
});

Deno.test("ResponseQueue drops a rejected yieldsToCaller request after a response to a later turn", () => {
  const { queue, sent, instructions } = setUp();
  queue.callerTurnStarted();
  queue.request({ instructions: "result", yieldsToCaller: true });
  queue.callerTurnEnded();
  assert(queue.handleError(sent[0]?.eventId, BUSY));
  queue.created("vad");
  queue.done("vad");
  assertEquals(instructions(), ["result"]);
});

Deno.test("ResponseQueue drops a waiting yieldsToCaller request after a response to a later turn", () => {
  const { queue, instructions } = setUp();
  queue.created("r1");
  queue.request({ instructions: "result", yieldsToCaller: true });
  queue.request({ instructions: "goodbye" });
  queue.callerTurnStarted();
  queue.callerTurnEnded();
  queue.created("vad");
  queue.done("r1");
  queue.done("vad");
  assertEquals(instructions(), ["goodbye"]);
});

Deno.test("ResponseQueue resends a yieldsToCaller request if no turn has ended since", () => {
  const { queue, sent, instructions } = setUp();
  queue.request({ instructions: "result", yieldsToCaller: true });
  assert(queue.handleError(sent[0]?.eventId, BUSY));
  queue.created("vad");
  queue.done("vad");
  assertEquals(instructions(), ["result", "result"]);
});

Deno.test("ResponseQueue does not mistake its own response for one to the caller's turn", () => {
  const { queue, instructions } = setUp();
  queue.request({ instructions: "goodbye" });
  queue.request({ instructions: "result", yieldsToCaller: true });
  queue.callerTurnStarted();
  queue.callerTurnEnded();
  queue.created("r1");
  queue.done("r1");
  assertEquals(instructions(), ["goodbye", "result"]);
});

Deno.test("ResponseQueue.hasPending is true from the first request to the end of the last response", () => {
  const { queue, sent } = setUp();
  const busy: boolean[] = [queue.hasPending];
  const then = (step: () => unknown) => {
    step();
    busy.push(queue.hasPending);
  };
  then(() => queue.request({}));
  then(() => queue.open());
  then(() => queue.created("r1"));
  then(() => queue.done("r1"));
  then(() => queue.created("r2"));
  then(() => queue.done("r2"));
  assertEquals([busy, sent.length], [[false, true, true, true, false, true, false], 1]);
});

Deno.test("ResponseQueue answers a turn and what waited for its end with one request", () => {
  const { queue, instructions } = setUp(false);
  queue.callerTurnStarted();
  queue.request({ instructions: "result", yieldsToCaller: true });
  queue.callerTurnEnded();
  queue.request({ instructions: "turn", yieldsToCaller: true });
  queue.turnCommitted();
  queue.created("r1");
  queue.done("r1");
  assertEquals(instructions(), ["turn"]);
});

Deno.test("ResponseQueue sends what waited for a turn's end when the turn is committed without a request", () => {
  const { queue, instructions } = setUp(false);
  queue.callerTurnStarted();
  queue.request({ instructions: "result", yieldsToCaller: true });
  queue.callerTurnEnded();
  assertEquals(instructions(), []);
  queue.turnCommitted();
  assertEquals(instructions(), ["result"]);
});
