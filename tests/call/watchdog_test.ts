import { assertEquals } from "@std/assert";
import { Watchdog } from "../../src/call/watchdog.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("Watchdog fires once after the last touch", () => {
  const clock = new FakeClock();
  const timeouts: number[] = [];
  const watchdog = new Watchdog(clock, 1_000, () => timeouts.push(clock.now()));
  const startedAt = clock.now();
  watchdog.touch();
  for (let i = 0; i < 10; i++) {
    clock.advance(700);
    watchdog.touch();
  }
  clock.advance(5_000);
  assertEquals(timeouts, [startedAt + 8_000]);
  assertEquals(clock.pending, 0);
});

Deno.test("Watchdog does not fire when stopped", () => {
  const clock = new FakeClock();
  const watchdog = new Watchdog(clock, 1_000, () => {
    throw new Error("fired");
  });
  watchdog.touch();
  watchdog.stop();
  clock.advance(5_000);
  assertEquals(clock.pending, 0);
});
