import { assertEquals } from "@std/assert";
import { summarise } from "../../src/call/summary.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";

const NONE = { textIn: 0, textCached: 0, textOut: 0, audioIn: 0, audioCached: 0, audioOut: 0 };

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
        streams: [],
        conversation: {
          said: [],
          callerAudio: { frames: 0, filledMs: 0, droppedMs: 0 },
          turns: 0,
          tokens: { input: 0, output: 0 },
          billed: NONE,
          bargeIns: 0,
          marksLost: 0,
        },
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

Deno.test("a call's line tells its turns, its tokens, and what became of its audio, each under its name", () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
  const metrics = new Metrics(clock);
  summarise({ log, metrics, span: { turn() {}, event() {}, end() {} } }, {
    reason: "caller hung up",
    ms: 12_345,
    streams: [
      { skipped: new Map([["not JSON", 2]]) },
      { skipped: new Map([["binary", 1]]) },
    ],
    conversation: {
      said: [],
      callerAudio: { frames: 501, filledMs: 20, droppedMs: 40 },
      turns: 3,
      tokens: { input: 10, output: 5 },
      billed: NONE,
      bargeIns: 2,
      marksLost: 1,
    },
  });
  metrics.close();
  const { time: _, level: __, ...line } = JSON.parse(lines.at(-1) ?? "");
  assertEquals(line, {
    event: "call ended",
    reason: "caller hung up",
    duration_s: 12.3,
    turns: 3,
    barge_ins: 2,
    input_tokens: 10,
    output_tokens: 5,
    frames: 501,
    filled_ms: 20,
    dropped_ms: 40,
    marks_lost: 1,
    skipped: "not JSON: 2, binary: 1",
  });
});
