import { assertEquals, assertMatch } from "@std/assert";
import { z } from "zod";
import { defineTool, type Tool, ToolError } from "../../src/tools/tool.ts";
import { type ToolOutcome, ToolRunner } from "../../src/tools/tool_runner.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { settle } from "../support/wait_until.ts";

function setUp(tools: readonly Tool[]) {
  const clock = new FakeClock();
  const outputs: string[] = [];
  const ran: ToolOutcome[] = [];
  let finished = 0;
  const runner = new ToolRunner(tools, clock, {
    toolResult: ({ callId }, output) => outputs.push(`${callId} ${output}`),
    toolsFinished: () => finished++,
    toolFinished: (outcome) => ran.push(outcome),
  });
  const start = (name: string, args: unknown = {}, callId = "c1") =>
    runner.start({ callId, name, arguments: typeof args === "string" ? args : JSON.stringify(args) });
  return { runner, start, clock, outputs, ran, finished: () => finished };
}

const add = defineTool({
  name: "add",
  description: "Adds",
  parameters: z.object({ a: z.number(), b: z.number() }),
}, ({ a, b }) => ({ sum: a + b }));

/** A tool that finishes when the test resolves it. */
function slow(name: string, skipResponse = false) {
  const done = Promise.withResolvers<unknown>();
  const signals: AbortSignal[] = [];
  const tool = defineTool(
    { name, description: "", parameters: z.object({}), timeoutMs: 3_000, skipResponse },
    (_, signal) => {
      signals.push(signal);
      return done.promise;
    },
  );
  return { tool, signals, ...done };
}

Deno.test("ToolRunner declares tools with the JSON Schema of their arguments", () => {
  const { runner } = setUp([add]);
  assertEquals(runner.declarations, [{
    name: "add",
    description: "Adds",
    parameters: {
      type: "object",
      properties: { a: { type: "number" }, b: { type: "number" } },
      required: ["a", "b"],
    },
  }]);
});

Deno.test("ToolRunner returns one result for every call", async () => {
  const broken = defineTool({ name: "broken", description: "", parameters: z.object({}) }, () => {
    throw new Error("password 1234 refused");
  });
  const refusing = defineTool({ name: "refusing", description: "", parameters: z.object({}) }, () => {
    throw new ToolError("Not on Sundays");
  });
  const endless = defineTool(
    { name: "endless", description: "", parameters: z.object({}) },
    () => "x".repeat(40_000),
  );
  const nothing = defineTool({ name: "nothing", description: "", parameters: z.object({}) }, () => undefined);
  const { start, outputs } = setUp([add, broken, refusing, endless, nothing]);
  const cases: [string, unknown, RegExp][] = [
    ["add", { a: 1, b: 2 }, /^c1 \{"sum":3\}$/],
    ["add", { a: "1" }, /"error":"The arguments are invalid: a: .*; b: /],
    ["add", "{not json", /"error":"The arguments are not a JSON object\. /],
    ["add", "[1, 2]", /"error":"The arguments are not a JSON object\. /],
    ["subtract", {}, /"error":"There is no tool \\"subtract\\"\. /],
    ["__proto__", {}, /"error":"There is no tool/],
    ["broken", {}, /^c1 \{"error":"The tool failed\. [^1]*"\}$/],
    ["refusing", "", /"error":"Not on Sundays"/],
    ["endless", {}, /"error":"The result is too long\. /],
    ["nothing", {}, /^c1 null$/],
  ];
  for (const [name, args, expected] of cases) {
    outputs.length = 0;
    start(name, args);
    await settle();
    assertEquals(outputs.length, 1, name);
    assertMatch(outputs[0] ?? "", expected);
  }
});

Deno.test("ToolRunner cancels a tool after its timeout and leaves no timer", async () => {
  const { tool, signals, resolve } = slow("slow");
  const { start, clock, outputs, ran } = setUp([tool]);
  start("slow");
  clock.advance(2_999);
  await settle();
  assertEquals(outputs, []);
  clock.advance(1);
  await settle();
  assertMatch(outputs[0] ?? "", /The tool took longer than 3 s/);
  assertEquals([signals[0]?.aborted, ran[0]?.ok, ran[0]?.ms, clock.pending], [true, false, 3_000, 0]);
  resolve("late");
  await settle();
  assertEquals(outputs.length, 1);
});

Deno.test("ToolRunner reports toolsFinished once, after the response and all its tools", async () => {
  const first = slow("first");
  const second = slow("second");
  const { runner, start, finished, outputs } = setUp([first.tool, second.tool]);
  start("first", {}, "c1");
  first.resolve(1);
  await settle();
  assertEquals([outputs, finished()], [["c1 1"], 0], "the response may call more tools");
  start("second", {}, "c2");
  runner.responseDone();
  assertEquals([runner.running, finished()], [1, 0]);
  second.resolve(2);
  await settle();
  assertEquals([outputs, finished()], [["c1 1", "c2 2"], 1]);
  runner.responseDone();
  assertEquals(finished(), 1, "a response without calls reports nothing");
});

Deno.test("ToolRunner reports toolsFinished for skipResponse tools only if they fail", async () => {
  const good = slow("good", true);
  const bad = slow("bad", true);
  const { runner, start, finished } = setUp([good.tool, bad.tool]);
  start("good");
  good.resolve("ok");
  runner.responseDone();
  await settle();
  assertEquals(finished(), 0);
  start("bad");
  bad.reject(new ToolError("no"));
  runner.responseDone();
  await settle();
  assertEquals(finished(), 1);
});

Deno.test("ToolRunner.stop() aborts running tools, which are reported as aborted and give no result", async () => {
  const { tool, signals, resolve } = slow("slow");
  const { runner, start, clock, outputs, finished, ran } = setUp([tool]);
  start("slow");
  runner.stop();
  assertEquals([signals[0]?.aborted, runner.running], [true, 0]);
  resolve("late");
  runner.responseDone();
  await settle();
  assertEquals([outputs, finished(), clock.pending], [[], 0, 0]);
  assertEquals(ran, [{ name: "slow", ok: false, ms: 0, problem: "aborted", callId: "c1", arguments: "{}" }]);
});

Deno.test("ToolRunner waits 60 s for an MCP call, and still accepts its result after that", () => {
  const { runner, clock, ran, finished } = setUp([]);
  const call = { id: "m1", server: "calendar", name: "book", inResponse: true };
  runner.mcpCallStarted(call);
  runner.responseDone();
  assertEquals([runner.running, finished()], [1, 0]);
  clock.advance(60_000);
  assertEquals([runner.running, runner.runningMcpCalls, finished()], [0, [], 1]);
  runner.sessionLost();
  runner.mcpCallStarted(call);
  clock.advance(60_000);
  clock.advance(5_000);
  runner.mcpCallEnded(call, "ok");
  runner.responseDone();
  runner.mcpCallEnded(call, "ok");
  const late = { name: "calendar: book", ok: false, ms: 60_000, problem: "no result within 60 s" };
  assertEquals(ran.map(({ problem, ms }) => [problem, ms]), [
    [late.problem, late.ms],
    [late.problem, late.ms],
    [undefined, 65_000],
  ]);
  assertEquals([ran[0], finished(), clock.pending], [late, 2, 0]);
});

Deno.test("ToolRunner.stop() suppresses toolsFinished for earlier results", async () => {
  const { runner, start, finished } = setUp([add]);
  start("add", { a: 1, b: 2 });
  await settle();
  runner.stop();
  runner.responseDone();
  assertEquals(finished(), 0);
});

Deno.test("ToolRunner truncates tool names and argument problems from the model", async () => {
  const many = defineTool(
    { name: "many", description: "", parameters: z.record(z.string(), z.number()) },
    () => "ok",
  );
  const { start, outputs, ran } = setUp([many]);
  start("x".repeat(50_000));
  start("many", Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`field${i}`, "no number"])));
  await settle();
  assertEquals(ran.map(({ name }) => name), ["unknown", "many"]);
  assertEquals(
    [...outputs, ...ran.map(({ problem = "" }) => problem)].filter(({ length }) => length > 1_100),
    [],
  );
});
