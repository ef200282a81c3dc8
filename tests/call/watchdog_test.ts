import { assertEquals } from "@std/assert";
import { Watchdog } from "../../src/call/watchdog.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("Watchdog barks once, after the last touch", () => {
  const clock = new FakeClock();
  const barks: number[] = [];
  const dog = new Watchdog(clock, 1_000, () => barks.push(clock.now()));
  const begin = clock.now();
  dog.touch();
  for (let i = 0; i < 10; i++) {
    clock.advance(700);
    dog.touch();
  }
  clock.advance(5_000);
  assertEquals(barks, [begin + 8_000]);
  assertEquals(clock.pending, 0);
});

Deno.test("Watchdog is quiet when stopped", () => {
  const clock = new FakeClock();
  const dog = new Watchdog(clock, 1_000, () => {
    throw new Error("barked");
  });
  dog.touch();
  dog.stop();
  clock.advance(5_000);
  assertEquals(clock.pending, 0);
});
