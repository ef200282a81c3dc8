import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { callerFacts } from "../../src/tools/caller_facts.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { answer, type Behaviour, RawService, says } from "./raw_service.ts";

const ABOUT = {
  callSid: `CA${"1".repeat(32)}`,
  from: "+15550100",
  to: "+15559870000",
  assistant: "reception",
};

async function facts(behaviour: Behaviour, allowPrivate = true) {
  await using service = new RawService(behaviour);
  const source = { url: service.url("/caller?key=of-the-query").href, allowPrivate };
  const clock = new FakeClock();
  const { values, problem } = await callerFacts(source, ABOUT, { clock });
  assertEquals(clock.pending, 0);
  assert(!problem?.includes("of-the-query"), problem);
  return { values, problem, received: service.connections[0]?.received };
}

Deno.test("a source is told of the call, and its texts, numbers and truths are taken", async () => {
  const { values, problem, received } = await facts(
    says(answer({ body: '{"name":"Zoë","orders":3,"vip":false}' })),
  );
  assertEquals([values, problem], [{ name: "Zoë", orders: "3", vip: "false" }, undefined]);
  assertStringIncludes(received ?? "", "POST /caller?key=of-the-query HTTP/1.1");
  assertEquals(JSON.parse(received?.split("\r\n\r\n")[1] ?? ""), ABOUT);
});

Deno.test("what is no plain value, or too much, is left out", async () => {
  const body = JSON.stringify({ list: [1], object: {}, nothing: null, long: "x".repeat(3_000) });
  const { values, problem } = await facts(says(answer({ body })));
  assertEquals(values, { long: "x".repeat(2_000) });
  assertStringIncludes(problem ?? "", "3 values were left out");

  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`v${index}`, index]));
  const some = await facts(says(answer({ body: JSON.stringify(many) })));
  assertEquals(Object.keys(some.values).length, 50);
  assertStringIncludes(some.problem ?? "", "10 values were left out");
});

Deno.test("a name like __proto__ is a name like any other", async () => {
  const { values } = await facts(says(answer({ body: '{"__proto__":"x","constructor":"y"}' })));
  assertEquals(Object.entries(values), [["__proto__", "x"], ["constructor", "y"]]);
  assertEquals(Object.getPrototypeOf(values), Object.prototype);
});

Deno.test("whatever else it answers, there are no values, and a reason", async () => {
  const answers: [Behaviour, string][] = [
    [says(answer({ status: 500, body: "{}" })), "answered 500"],
    [says(answer({ body: '["a"]' })), "no JSON object"],
    [says(answer({ body: "" })), "no JSON object"],
    [says(answer({ body: "{" })), "broken JSON"],
    [says(answer({ type: "text/html", body: "<p>" })), "text/html"],
    [says(answer({ status: 302, headers: "location: http://169.254.169.254/\r\n" })), "redirects to"],
    [says("nonsense\r\n"), "not HTTP"],
    [says(), "ended in mid-answer"],
  ];
  for (const [behaviour, reason] of answers) {
    const { values, problem } = await facts(behaviour);
    assertEquals(values, {});
    assertStringIncludes(problem ?? "", reason);
  }
});

Deno.test("a private address is not asked unless that is allowed", async () => {
  const { values, problem, received } = await facts(says(answer({ body: '{"a":"b"}' })), false);
  assertEquals([values, received], [{}, undefined]);
  assertStringIncludes(problem ?? "", "no public address");
});

Deno.test("after two seconds the call goes on without", async () => {
  const clock = new FakeClock();
  await using service = new RawService(async (connection) => {
    await connection.request();
    clock.advance(1_999);
    await Promise.resolve();
    clock.advance(1);
    await connection.drained();
  });
  const found = await callerFacts({ url: service.url().href, allowPrivate: true }, ABOUT, { clock });
  assertEquals(found, { values: {}, problem: "no answer within 2 s" });
  await service.connections[0]?.ended;
  assertEquals(clock.pending, 0);
});
