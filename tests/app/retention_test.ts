import { assertEquals } from "@std/assert";
import { startRetention } from "../../src/app/retention.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("startRetention() deletes old calls at the start and daily, also after a failure", async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLog({ level: "info", format: "pretty", write: (line) => lines.push(line) });
  const before: string[] = [];
  const stop = startRetention(
    30,
    (time) => {
      before.push(time.slice(0, 10));
      return before.length === 2 ? Promise.reject(new Error("disk full")) : Promise.resolve(["CA1"]);
    },
    clock,
    log,
  );
  for (let day = 0; day < 2; day++) {
    await Promise.resolve();
    clock.advance(86_400_000);
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(before, ["2025-12-02", "2025-12-03", "2025-12-04"]);
  assertEquals(lines.map((line) => /old calls \w+( \w+)?/.exec(line)?.[0]), [
    "old calls deleted calls",
    "old calls not deleted",
    "old calls deleted calls",
  ]);
  stop();
  assertEquals(clock.pending, 0);
});
