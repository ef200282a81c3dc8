import { assertEquals } from "@std/assert";
import { Answers } from "../../../src/call/conversation/answers.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { answer } from "../../support/still_session.ts";

function setUp() {
  const clock = new FakeClock();
  const happened: string[] = [];
  const log = createLog({ level: "error", format: "json", write: () => {} });
  const answers = new Answers(
    clock,
    log,
    (instructions) => happened.push(instructions ? "finish" : "again"),
  );
  answers.start();
  return { clock, happened, answers };
}

Deno.test("Answers adds up what all of them cost", () => {
  const { answers } = setUp();
  answers.take(answer());
  answers.take(answer({ status: "failed" }));
  assertEquals(answers.tokens, { input: 20, output: 10 });
});

Deno.test("Answers asks again, after a second, for what failed or broke off, and for nothing else", () => {
  const cases: [
    status: "completed" | "cancelled" | "failed" | "incomplete",
    spoke: boolean,
    asked: string[],
  ][] = [
    ["completed", true, []],
    ["cancelled", true, []],
    ["failed", false, ["again"]],
    ["incomplete", true, ["finish"]],
  ];
  for (const [status, spoke, asked] of cases) {
    const { clock, happened, answers } = setUp();
    answers.take(answer({ status, spoke }));
    clock.advance(999);
    assertEquals(happened, []);
    clock.advance(1);
    assertEquals(happened, asked, status);
  }
});

Deno.test("Answers gives up when the second one fails silently; cut short twice is an answer", () => {
  const { clock, happened, answers } = setUp();
  for (const spoke of [true, false]) {
    assertEquals(answers.take(answer({ status: "failed", spoke: false })), undefined);
    clock.advance(1_000);
    const failure = answers.take(answer({ status: "failed", reason: "server_error", spoke }));
    assertEquals(failure?.code, spoke ? undefined : "server_error");
    clock.advance(1_000);
    answers.take(answer());
  }
  assertEquals(happened, ["again", "again"]);
});

Deno.test("Answers that were stopped ask for nothing, and report nothing", () => {
  const { clock, happened, answers } = setUp();
  answers.take(answer({ status: "failed", spoke: false }));
  assertEquals(answers.due, true);
  answers.stop();
  assertEquals(answers.due, false);
  assertEquals(answers.take(answer({ status: "failed", spoke: false })), undefined);
  clock.advance(2_000);
  assertEquals([happened, clock.pending], [[], 0]);
});
