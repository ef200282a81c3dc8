import { assertEquals } from "@std/assert";
import { clock, ticks, timeStep, valueAxis } from "../../../src/console/calls/scale.js";

Deno.test("ticks of time stand as far apart as asked, and no farther than they must", () => {
  for (
    const [msPerPixel, step] of [[1, 100], [4, 500], [15, 1_000], [60, 5_000], [160, 15_000], [
      1_600,
      120_000,
    ]]
  ) {
    assertEquals(timeStep(msPerPixel ?? 0, 64), step, `${msPerPixel}`);
  }
  assertEquals(timeStep(100_000, 64), 3_600_000, "longer than any step");
});

Deno.test("ticks are multiples of the step, both ends included", () => {
  assertEquals(ticks(0, 1_000, 500), [0, 500, 1_000]);
  assertEquals(ticks(1, 999, 500), [500]);
  assertEquals(ticks(501, 999, 500), []);
  assertEquals(ticks(0, 0.3, 0.1).length, 4, "a step that is no binary fraction");
});

Deno.test("a place in a call has as many decimals as its ticks need, and only what has passed", () => {
  assertEquals(clock(65_900), "1:05");
  assertEquals(clock(65_900, 100), "1:05.9");
  assertEquals(clock(59_999, 200), "0:59.9");
  assertEquals(clock(300, 100), "0:00.3");
  assertEquals(clock(3_600_000, 60_000), "60:00");
  assertEquals(clock(-5), "0:00");
});

Deno.test("an axis ends at a round value, not far over the highest", () => {
  for (
    const [max, top, step] of [[11, 15, 5], [100, 100, 50], [101, 150, 50], [0.9, 1, 0.5], [3, 3, 1], [
      0,
      1,
      0.5,
    ]]
  ) {
    assertEquals(valueAxis(max ?? 0), { top, step }, `${max}`);
  }
  assertEquals(valueAxis(2, 4, 1), { top: 2, step: 1 }, "what is counted has no halves");
  assertEquals(valueAxis(0, 4, 1), { top: 1, step: 1 });
});
