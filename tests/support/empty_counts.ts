import { CallCounts } from "../../src/calls/call_counts.ts";
import { createPseudonym } from "../../src/calls/pseudonym.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryFile } from "./memory_file.ts";

/** Call counts that no earlier process has kept. */
export function emptyCounts(clock = new FakeClock()): CallCounts {
  const log = createLog({ level: "error", format: "json", write() {} });
  return new CallCounts({
    file: new MemoryFile(),
    pseudonym: createPseudonym(new Uint8Array(32)),
    clock,
    log,
  });
}
