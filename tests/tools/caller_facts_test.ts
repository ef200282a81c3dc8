import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fetchCallerFacts } from "../../src/tools/caller_facts.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { type Behaviour, httpResponse, RawHttpServer, respondWith } from "../support/raw_http_server.ts";

const CALL = {
  callSid: `CA${"1".repeat(32)}`,
  from: "+15550100",
  to: "+15559870000",
  assistant: "reception",
};

/** Fetches the facts from a service. Asserts that no timer remains and no problem shows the URL. */
async function facts(behaviour: Behaviour, allowPrivate = true) {
  await using service = new RawHttpServer(behaviour);
  const source = { url: service.url("/caller?key=of-the-query").href, allowPrivate };
  const clock = new FakeClock();
  const { values, problem } = await fetchCallerFacts(source, CALL, clock);
  assertEquals(clock.pending, 0);
  assert(!problem?.includes("of-the-query"), problem);
  return { values, problem, received: service.connections[0]?.received };
}

Deno.test("fetchCallerFacts() posts the call and returns strings, numbers and booleans", async () => {
  const { values, problem, received } = await facts(
    respondWith(httpResponse({ body: '{"name":"Zoë","orders":3,"vip":false}' })),
  );
  assertEquals([values, problem], [{ name: "Zoë", orders: "3", vip: "false" }, undefined]);
  assertStringIncludes(received ?? "", "POST /caller?key=of-the-query HTTP/1.1");
  assertEquals(JSON.parse(received?.split("\r\n\r\n")[1] ?? ""), CALL);
});

Deno.test("fetchCallerFacts() ignores other values and more than 50", async () => {
  const body = JSON.stringify({ list: [1], object: {}, nothing: null, long: "x".repeat(3_000) });
  const { values, problem } = await facts(respondWith(httpResponse({ body })));
  assertEquals(values, { long: "x".repeat(2_000) });
  assertStringIncludes(problem ?? "", "3 values were ignored");

  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`v${index}`, index]));
  const limited = await facts(respondWith(httpResponse({ body: JSON.stringify(many) })));
  assertEquals(Object.keys(limited.values).length, 50);
  assertStringIncludes(limited.problem ?? "", "10 values were ignored");
});

Deno.test("fetchCallerFacts() accepts the name __proto__", async () => {
  const { values } = await facts(respondWith(httpResponse({ body: '{"__proto__":"x","constructor":"y"}' })));
  assertEquals(Object.entries(values), [["__proto__", "x"], ["constructor", "y"]]);
  assertEquals(Object.getPrototypeOf(values), Object.prototype);
});

Deno.test("fetchCallerFacts() returns no values and a problem for an unusable response", async () => {
  const cases: [Behaviour, string][] = [
    [respondWith(httpResponse({ status: 500, body: "{}" })), "responded 500"],
    [respondWith(httpResponse({ body: '["a"]' })), "not a JSON object"],
    [respondWith(httpResponse({ body: "" })), "not a JSON object"],
    [respondWith(httpResponse({ body: "{" })), "invalid JSON"],
    [respondWith(httpResponse({ type: "text/html", body: "<p>" })), "text/html"],
    [
      respondWith(httpResponse({ status: 302, headers: "location: http://169.254.169.254/\r\n" })),
      "redirects to",
    ],
    [respondWith("nonsense\r\n"), "not HTTP"],
    [respondWith(), "connection ended before the response did"],
  ];
  for (const [behaviour, reason] of cases) {
    const { values, problem } = await facts(behaviour);
    assertEquals(values, {});
    assertStringIncludes(problem ?? "", reason);
  }
});

Deno.test("fetchCallerFacts() rejects a private address unless allowed", async () => {
  const { values, problem, received } = await facts(respondWith(httpResponse({ body: '{"a":"b"}' })), false);
  assertEquals([values, received], [{}, undefined]);
  assertStringIncludes(problem ?? "", "not a public address");
});

Deno.test("fetchCallerFacts() gives up after 2 s", async () => {
  const clock = new FakeClock();
  await using service = new RawHttpServer(async (connection) => {
    await connection.request();
    clock.advance(1_999);
    await Promise.resolve();
    clock.advance(1);
    await connection.drained();
  });
  const facts = await fetchCallerFacts({ url: service.url().href, allowPrivate: true }, CALL, clock);
  assertEquals(facts, { values: {}, problem: "no response within 2 s" });
  await service.connections[0]?.ended;
  assertEquals(clock.pending, 0);
});
