import { assertEquals } from "@std/assert";
import { installationKey } from "../../src/app/installation_key.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("installationKey() stores the key later when the disk could not at the start", async () => {
  const folder = await Deno.makeTempDir();
  const clock = new FakeClock();
  const log = createLog({ level: "error", format: "json", write: () => {} });
  // A folder where the file is written, in place of a full disk.
  const obstacle = `${folder}/installation.key.new`;
  await Deno.mkdir(obstacle);
  const first = installationKey(folder, clock, log);
  clock.advance(60_000);
  await Deno.remove(obstacle);
  clock.advance(60_000);
  const second = installationKey(folder, clock, log);
  assertEquals([second.key, clock.pending], [first.key, 0]);
  await Deno.remove(folder, { recursive: true });
});
