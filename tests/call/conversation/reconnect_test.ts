import { assertEquals } from "@std/assert";
import { createReconnectPolicy } from "../../../src/call/conversation/reconnect.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("Reconnect policy waits longer each time and gives up at the fourth loss within a minute", () => {
  const clock = new FakeClock();
  const waitAfterLoss = createReconnectPolicy(clock);
  const lose = () => waitAfterLoss("closed");
  assertEquals([lose(), lose(), lose(), lose()], [0, 1_000, 3_000, undefined]);
  clock.advance(59_999);
  assertEquals(lose(), undefined);
  clock.advance(60_000);
  assertEquals([lose(), lose()], [0, 1_000]);
});

Deno.test("Reconnect policy reconnects after recoverable failures only", () => {
  const tried = (code: string) => createReconnectPolicy(new FakeClock())(code) !== undefined;
  for (const code of ["closed", "session_expired", "overloaded", "connect", "not_ready"]) {
    assertEquals(tried(code), true, code);
  }
  for (
    const code of [
      "unauthorized",
      "insufficient_quota",
      "invalid_api_key",
      "invalid_model",
      "format_mismatch",
      "surprise",
    ]
  ) {
    assertEquals(tried(code), false, code);
  }
});
