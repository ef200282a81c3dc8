import { assertEquals } from "@std/assert";
import { CallEventStream } from "../../src/call/call_event_stream.ts";
import { CallUsage } from "../../src/call/call_usage.ts";
import { response } from "../support/still_session.ts";

Deno.test("CallUsage adds up tokens of all responses, failed ones included, and all costs", () => {
  const events = new CallEventStream();
  const usage = new CallUsage(events);
  const text = { input: 6, cached: 2, output: 1 };
  const audio = { input: 4, cached: 1, output: 4 };
  const tokens = { inputTokens: 10, outputTokens: 5, text, audio };
  events.emit({
    type: "response finished",
    response: response({ usage: tokens }),
    model: "m",
    costUsd: 0.25,
  });
  const failed = response({ status: "failed", usage: tokens });
  events.emit({ type: "response finished", response: failed, model: "m", costUsd: 0.125 });
  events.emit({ type: "caller transcribed", text: "Hello", costUsd: 0.5 });
  events.emit({ type: "carrier charged", charge: { usd: 1, minutes: 2 } });
  assertEquals([usage.inputTokens, usage.outputTokens], [20, 10]);
  assertEquals(usage.costs, { modelUsd: 0.375, transcriptionUsd: 0.5, summaryUsd: 0, carrierUsd: 1 });
  assertEquals([usage.costUsd, usage.carrierMinutes], [1.875, 2]);
  assertEquals(usage.tokens, {
    textIn: 12,
    textCached: 4,
    textOut: 2,
    audioIn: 8,
    audioCached: 2,
    audioOut: 8,
  });
});
