import { assertEquals } from "@std/assert";
import { Answers } from "../../src/call/answers.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { answer } from "../support/still_session.ts";

function setUp() {
  const clock = new FakeClock();
  const happened: string[] = [];
  const answers = new Answers(clock, createLog({ level: "error", format: "json", write: () => {} }), {
    askAgain: (instructions) => happened.push(instructions ? "finish" : "again"),
    failed: ({ code }) => happened.push(`failed ${code}`),
  });
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
    answers.take(answer({ status: "failed", spoke: false }));
    clock.advance(1_000);
    answers.take(answer({ status: "failed", reason: "server_error", spoke }));
    clock.advance(1_000);
    answers.take(answer());
  }
  assertEquals(happened, ["again", "again", "failed server_error"]);
});

Deno.test("Answers that were stopped ask for nothing, and report nothing", () => {
  const { clock, happened, answers } = setUp();
  answers.take(answer({ status: "failed", spoke: false }));
  answers.stop();
  answers.take(answer({ status: "failed", spoke: false }));
  clock.advance(2_000);
  assertEquals([happened, clock.pending], [[], 0]);
});
