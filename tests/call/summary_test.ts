import { assertEquals } from "@std/assert";
import { Answers } from "../../src/call/answers.ts";
import { CallerAudio } from "../../src/call/caller_audio.ts";
import { summarise } from "../../src/call/summary.ts";
import { Turns } from "../../src/call/turns.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("a call that never came about is a failure in its span, one that was hung up is not", () => {
  const clock = new FakeClock();
  const log = createLog({ level: "error", format: "json", write: () => {} });
  const metrics = new Metrics(clock);
  const failed = (["model failed", "never connected", "caller hung up", "time limit"] as const).map(
    (reason) => {
      const ended: unknown[] = [];
      const span = { turn() {}, event() {}, end: (...how: unknown[]) => ended.push(how) };
      summarise({ log, metrics, span }, {
        reason,
        ms: 0,
        stream: undefined,
        callerAudio: new CallerAudio(clock),
        turns: new Turns(clock, log, () => {}),
        answers: new Answers(clock, log, { askAgain() {}, failed() {} }),
        bargeIns: 0,
        marksLost: 0,
      });
      return ended;
    },
  );
  metrics.close();
  assertEquals(failed, [
    [["model failed", true]],
    [["never connected", true]],
    [["caller hung up", false]],
    [["time limit", false]],
  ]);
});
