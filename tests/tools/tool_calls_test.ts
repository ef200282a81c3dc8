import { assertEquals, assertMatch } from "@std/assert";
import { z } from "zod";
import { type Tool, tool, ToolError } from "../../src/tools/tool.ts";
import { ToolCalls, type ToolOutcome } from "../../src/tools/tool_calls.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** Lets promises that are settled run what waits for them. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

function setUp(tools: readonly Tool[]) {
  const clock = new FakeClock();
  const outputs: string[] = [];
  const ran: ToolOutcome[] = [];
  let settled = 0;
  const calls = new ToolCalls(tools, clock, {
    output: (callId, output) => outputs.push(`${callId} ${output}`),
    settled: () => settled++,
    ran: (outcome) => ran.push(outcome),
  });
  const called = (name: string, args: unknown = {}, callId = "c1") =>
    calls.called({ callId, name, arguments: typeof args === "string" ? args : JSON.stringify(args) });
  return { calls, called, clock, outputs, ran, settled: () => settled };
}

const add = tool({
  name: "add",
  description: "Adds",
  parameters: z.object({ a: z.number(), b: z.number() }),
}, ({ a, b }) => ({ sum: a + b }));

/** A tool that is done when the test says so. */
function slow(name: string, quiet = false) {
  const done = Promise.withResolvers<unknown>();
  const signals: AbortSignal[] = [];
  const made = tool(
    { name, description: "", parameters: z.object({}), timeoutMs: 3_000, quiet },
    (_, signal) => {
      signals.push(signal);
      return done.promise;
    },
  );
  return { made, signals, ...done };
}

Deno.test("ToolCalls declares its tools by the schema that checks their arguments", () => {
  const { calls } = setUp([add]);
  assertEquals(calls.declarations, [{
    name: "add",
    description: "Adds",
    parameters: {
      type: "object",
      properties: { a: { type: "number" }, b: { type: "number" } },
      required: ["a", "b"],
    },
  }]);
});

Deno.test("ToolCalls gives the model one output for whatever it asked", async () => {
  const broken = tool({ name: "broken", description: "", parameters: z.object({}) }, () => {
    throw new Error("password 1234 refused");
  });
  const refusing = tool({ name: "refusing", description: "", parameters: z.object({}) }, () => {
    throw new ToolError("Not on Sundays");
  });
  const endless = tool(
    { name: "endless", description: "", parameters: z.object({}) },
    () => "x".repeat(40_000),
  );
  const nothing = tool({ name: "nothing", description: "", parameters: z.object({}) }, () => undefined);
  const { called, outputs } = setUp([add, broken, refusing, endless, nothing]);
  const cases: [string, unknown, RegExp][] = [
    ["add", { a: 1, b: 2 }, /^c1 \{"sum":3\}$/],
    ["add", { a: "1" }, /"error":"The arguments do not fit: a: .*; b: /],
    ["add", "{not json", /"error":"The arguments are not a JSON object"/],
    ["add", "[1, 2]", /"error":"The arguments are not a JSON object"/],
    ["subtract", {}, /"error":"There is no tool \\"subtract\\""/],
    ["__proto__", {}, /"error":"There is no tool/],
    ["broken", {}, /^c1 \{"error":"The tool failed\. [^1]*"\}$/],
    ["refusing", "", /"error":"Not on Sundays"/],
    ["endless", {}, /"error":"The result is too long"/],
    ["nothing", {}, /^c1 null$/],
  ];
  for (const [name, args, expected] of cases) {
    outputs.length = 0;
    called(name, args);
    await settle();
    assertEquals(outputs.length, 1, name);
    assertMatch(outputs[0] ?? "", expected);
  }
});

Deno.test("ToolCalls gives up a tool after its time, and leaves no timer", async () => {
  const { made, signals, resolve } = slow("slow");
  const { called, clock, outputs, ran } = setUp([made]);
  called("slow");
  clock.advance(2_999);
  await settle();
  assertEquals(outputs, []);
  clock.advance(1);
  await settle();
  assertMatch(outputs[0] ?? "", /It took longer than 3 s/);
  assertEquals([signals[0]?.aborted, ran[0]?.ok, ran[0]?.ms, clock.pending], [true, false, 3_000, 0]);
  resolve("late");
  await settle();
  assertEquals(outputs.length, 1);
});

Deno.test("ToolCalls is settled once: when the answer has ended and all that it called is done", async () => {
  const first = slow("first");
  const second = slow("second");
  const { calls, called, settled, outputs } = setUp([first.made, second.made]);
  called("first", {}, "c1");
  first.resolve(1);
  await settle();
  assertEquals([outputs, settled()], [["c1 1"], 0], "there may be more calls in this answer");
  called("second", {}, "c2");
  calls.answered();
  assertEquals([calls.running, settled()], [1, 0]);
  second.resolve(2);
  await settle();
  assertEquals([outputs, settled()], [["c1 1", "c2 2"], 1]);
  calls.answered();
  assertEquals(settled(), 1, "an answer without calls settles nothing");
});

Deno.test("ToolCalls has nothing spoken of quiet tools, unless they fail", async () => {
  const good = slow("good", true);
  const bad = slow("bad", true);
  const { calls, called, settled } = setUp([good.made, bad.made]);
  called("good");
  good.resolve("ok");
  calls.answered();
  await settle();
  assertEquals(settled(), 0);
  called("bad");
  bad.reject(new ToolError("no"));
  calls.answered();
  await settle();
  assertEquals(settled(), 1);
});

Deno.test("ToolCalls that are stopped are aborted, and nothing is told of them", async () => {
  const { made, signals, resolve } = slow("slow");
  const { calls, called, clock, outputs, settled, ran } = setUp([made]);
  called("slow");
  calls.stop();
  assertEquals([signals[0]?.aborted, calls.running], [true, 0]);
  resolve("late");
  calls.answered();
  await settle();
  assertEquals([outputs, ran, settled(), clock.pending], [[], [], 0, 0]);
});

Deno.test("ToolCalls that are stopped have nothing more spoken of what was done before", async () => {
  const { calls, called, settled } = setUp([add]);
  called("add", { a: 1, b: 2 });
  await settle();
  calls.stop();
  calls.answered();
  assertEquals(settled(), 0);
});

Deno.test("ToolCalls logs no name and tells no list of problems that a stranger can make as long as they like", async () => {
  const many = tool(
    { name: "many", description: "", parameters: z.record(z.string(), z.number()) },
    () => "ok",
  );
  const { called, outputs, ran } = setUp([many]);
  called("x".repeat(50_000));
  called("many", Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`field${i}`, "no number"])));
  await settle();
  assertEquals(ran.map(({ name }) => name), ["unknown", "many"]);
  assertEquals(
    [...outputs, ...ran.map(({ problem = "" }) => problem)].filter(({ length }) => length > 1_100),
    [],
  );
});
