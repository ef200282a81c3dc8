import { assertEquals } from "@std/assert";
import { type CallTotals, reportCallEnd } from "../../src/call/call_telemetry.ts";
import type { EndReason } from "../../src/call/end_reason.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";

const TOTALS: CallTotals = {
  reason: "caller hung up",
  ms: 0,
  connected: false,
  skipped: [],
  callerTurns: 0,
  bargeIns: 0,
  inputTokens: 0,
  outputTokens: 0,
  callerAudio: { frames: 0, filledMs: 0, droppedMs: 0, repeatedMs: 0 },
  marksLost: 0,
};

/** Reports the end of a call; returns its log line and how its span ended. */
function report(totals: CallTotals) {
  const metrics = new Metrics(new FakeClock());
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
  const ended: unknown[] = [];
  const span = { addTurn() {}, addEvent() {}, end: (...how: unknown[]) => ended.push(how) };
  reportCallEnd({ log, metrics, span }, totals);
  metrics.close();
  return { line: JSON.parse(lines.at(-1) ?? ""), ended };
}

Deno.test("Call span has an error status only when the model failed or no stream started", () => {
  const cases: [reason: EndReason, failed: boolean][] = [
    ["model failed", true],
    ["never connected", true],
    ["caller hung up", false],
    ["time limit", false],
  ];
  for (const [reason, failed] of cases) {
    assertEquals(report({ ...TOTALS, reason }).ended, [[reason, failed]]);
  }
});

Deno.test("Call log line has turns, tokens and audio counts", () => {
  const { line: { time: _, level: __, ...line } } = report({
    ...TOTALS,
    ms: 12_345,
    connected: true,
    skipped: [["not JSON", 2], ["binary", 1]],
    callerTurns: 3,
    bargeIns: 2,
    inputTokens: 10,
    outputTokens: 5,
    callerAudio: { frames: 501, filledMs: 20, droppedMs: 40, repeatedMs: 800 },
    marksLost: 1,
  });
  assertEquals(line, {
    event: "call ended",
    end_reason: "caller hung up",
    duration_s: 12.3,
    caller_turns: 3,
    barge_ins: 2,
    input_tokens: 10,
    output_tokens: 5,
    frames: 501,
    filled_ms: 20,
    dropped_ms: 40,
    repeated_ms: 800,
    marks_lost: 1,
    skipped: "not JSON: 2, binary: 1",
  });
});
