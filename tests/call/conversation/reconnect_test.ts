import { assertEquals } from "@std/assert";
import { Reconnect } from "../../../src/call/conversation/reconnect.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("Reconnect waits longer each time, and gives up at the fourth loss within a minute", () => {
  const clock = new FakeClock();
  const reconnect = new Reconnect(clock);
  const lose = () => reconnect.afterLoss("closed");
  assertEquals([lose(), lose(), lose(), lose()], [0, 1_000, 3_000, undefined]);
  clock.advance(59_999);
  assertEquals(lose(), undefined);
  clock.advance(60_000);
  assertEquals([lose(), lose()], [0, 1_000]);
});

Deno.test("Reconnect tries again what may go well, and nothing that never will", () => {
  const tried = (code: string) => new Reconnect(new FakeClock()).afterLoss(code) !== undefined;
  for (const code of ["closed", "session_expired", "overloaded", "dial", "not_ready"]) {
    assertEquals(tried(code), true, code);
  }
  for (
    const code of ["insufficient_quota", "invalid_api_key", "invalid_model", "format_mismatch", "surprise"]
  ) {
    assertEquals(tried(code), false, code);
  }
});
