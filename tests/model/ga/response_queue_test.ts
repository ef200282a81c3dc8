import { assert, assertEquals } from "@std/assert";
import { ResponseQueue } from "../../../src/model/ga/response_queue.ts";
import type { SpeechRequest } from "../../../src/model/session.ts";

const BUSY = "conversation_already_has_active_response";

function setUp() {
  const sent: { eventId: string; request: SpeechRequest }[] = [];
  const queue = new ResponseQueue((eventId, request) => sent.push({ eventId, request }));
  queue.open();
  return { queue, sent, instructions: () => sent.map(({ request }) => request.instructions) };
}

Deno.test("ResponseQueue sends at once when the model is silent", () => {
  const { queue, instructions } = setUp();
  queue.request({ instructions: "a" });
  assertEquals(instructions(), ["a"]);
});

Deno.test("ResponseQueue sends one at a time, in order", () => {
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

Deno.test("ResponseQueue waits for a response the server made by itself", () => {
  const { queue, instructions } = setUp();
  queue.created("vad");
  queue.request({ instructions: "a" });
  assertEquals(instructions(), []);
  queue.done("vad");
  assertEquals(instructions(), ["a"]);
});

Deno.test("ResponseQueue asks again after losing the race against the server", () => {
  const { queue, sent, instructions } = setUp();
  queue.request({ instructions: "a" });
  queue.created("vad"); // was on its way already
  assert(queue.refused(sent[0]?.eventId, BUSY));
  assertEquals(instructions(), ["a"]);
  queue.done("vad");
  assertEquals(instructions(), ["a", "a"]);
  assert(sent[0]?.eventId !== sent[1]?.eventId);
});

Deno.test("ResponseQueue asks again when the refusal overtakes response.created", () => {
  const { queue, sent, instructions } = setUp();
  queue.request({ instructions: "a" });
  assert(queue.refused(sent[0]?.eventId, BUSY));
  assertEquals(instructions(), ["a"], "the other response is still active at the server");
  queue.created("vad");
  queue.done("vad");
  assertEquals(instructions(), ["a", "a"]);
});

Deno.test("ResponseQueue drops a request the server will never take", () => {
  const { queue, sent, instructions } = setUp();
  queue.request({ instructions: "a" });
  queue.request({ instructions: "b" });
  assert(!queue.refused(sent[0]?.eventId, "invalid_value"));
  assertEquals(instructions(), ["a", "b"]);
});

Deno.test("ResponseQueue leaves errors of other events alone", () => {
  const { queue, instructions } = setUp();
  queue.request({ instructions: "a" });
  assert(!queue.refused(undefined, BUSY));
  assert(!queue.refused("other", BUSY));
  queue.request({ instructions: "b" });
  assertEquals(instructions(), ["a"]);
});

Deno.test("ResponseQueue tells whose response is done, and what the server made by itself is nobody's", () => {
  const { queue } = setUp();
  const request = { instructions: "a" };
  queue.created("vad");
  queue.request(request);
  assertEquals(queue.done("vad"), undefined);
  queue.created("r1");
  assertEquals(queue.done("r1"), request);
});

Deno.test("ResponseQueue takes a late end of another response for that one's", () => {
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

Deno.test("ResponseQueue keeps what lapses until the caller is silent, and nothing else", () => {
  const { queue, instructions } = setUp();
  queue.turnTaken();
  queue.request({ instructions: "result", lapses: true });
  queue.request({ instructions: "goodbye" });
  assertEquals(instructions(), ["goodbye"]);
  queue.created("r1");
  queue.done("r1");
  assertEquals(instructions(), ["goodbye"]);
  queue.turnEnded();
  assertEquals(instructions(), ["goodbye", "result"]);
});

Deno.test("ResponseQueue gives up what lapses when the turn that ended since is answered first", () => {
  const { queue, sent, instructions } = setUp();
  queue.turnTaken();
  queue.request({ instructions: "result", lapses: true });
  queue.turnEnded();
  assert(queue.refused(sent[0]?.eventId, BUSY));
  queue.created("vad");
  queue.done("vad");
  assertEquals(instructions(), ["result"]);
});

Deno.test("ResponseQueue gives up what lapses and could not be asked for before that turn's answer", () => {
  const { queue, instructions } = setUp();
  queue.created("r1");
  queue.request({ instructions: "result", lapses: true });
  queue.request({ instructions: "goodbye" });
  queue.turnTaken();
  queue.turnEnded();
  queue.created("vad");
  queue.done("r1");
  queue.done("vad");
  assertEquals(instructions(), ["goodbye"]);
});

Deno.test("ResponseQueue asks again for what lapses when no turn has ended since", () => {
  const { queue, sent, instructions } = setUp();
  queue.request({ instructions: "result", lapses: true });
  assert(queue.refused(sent[0]?.eventId, BUSY));
  queue.created("vad");
  queue.done("vad");
  assertEquals(instructions(), ["result", "result"]);
});

Deno.test("ResponseQueue does not take its own response for that turn's answer", () => {
  const { queue, instructions } = setUp();
  queue.request({ instructions: "goodbye" });
  queue.request({ instructions: "result", lapses: true });
  queue.turnTaken();
  queue.turnEnded();
  queue.created("r1");
  queue.done("r1");
  assertEquals(instructions(), ["goodbye", "result"]);
});

Deno.test("ResponseQueue is busy from the first request to the end of the last response", () => {
  const { queue, sent } = setUp();
  const busy: boolean[] = [queue.busy];
  const then = (step: () => unknown) => {
    step();
    busy.push(queue.busy);
  };
  then(() => queue.request({}));
  then(() => queue.open());
  then(() => queue.created("r1"));
  then(() => queue.done("r1"));
  then(() => queue.created("r2"));
  then(() => queue.done("r2"));
  assertEquals([busy, sent.length], [[false, true, true, true, false, true, false], 1]);
});
