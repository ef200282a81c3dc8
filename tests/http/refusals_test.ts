import { assertEquals, assertStringIncludes } from "@std/assert";
import { Refusals } from "../../src/http/refusals.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("Refusals counts every refusal and logs at most one line per reason every 10 s", async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "json", write: (line) => lines.push(line) });
  const metrics = new Metrics(clock);
  const refusals = new Refusals(clock, log, metrics);
  for (let i = 0; i < 20_000; i++) refusals.count("request", "signature");
  refusals.count("stream", "signature");
  refusals.count("call", "full", { call: "CA1" });
  clock.advance(10_000);
  refusals.count("request", "signature");
  const logged = lines.map((line) => JSON.parse(line)).map((
    { event, reason, suppressed },
  ) => [event, reason, suppressed]);
  assertEquals(logged, [
    ["request refused", "signature", undefined],
    ["stream refused", "signature", undefined],
    ["call refused", "full", undefined],
    ["request refused", "signature", 19_999],
  ]);
  assertEquals(JSON.parse(lines[2] ?? "").call, "CA1");
  assertStringIncludes(
    await metrics.scrape(),
    'parley_refusals_total{kind="request",reason="signature"} 20001',
  );
  metrics.close();
});
