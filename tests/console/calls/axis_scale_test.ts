import { assertEquals } from "@std/assert";
import { clockText, ticks, timeStep, valueAxis } from "../../../src/console/calls/axis_scale.js";

Deno.test("timeStep() returns the smallest step with the distance asked for", () => {
  for (
    const [msPerPixel, step] of [[1, 100], [4, 500], [15, 1_000], [60, 5_000], [160, 15_000], [
      1_600,
      120_000,
    ]]
  ) {
    assertEquals(timeStep(msPerPixel ?? 0, 64), step, `${msPerPixel}`);
  }
  assertEquals(timeStep(100_000, 64), 3_600_000, "longer than all steps");
});

Deno.test("ticks() returns multiples of the step, both ends included", () => {
  assertEquals(ticks(0, 1_000, 500), [0, 500, 1_000]);
  assertEquals(ticks(1, 999, 500), [500]);
  assertEquals(ticks(501, 999, 500), []);
  assertEquals(ticks(0, 0.3, 0.1).length, 4, "a step that is not a binary fraction");
});

Deno.test("clockText() has as many decimals as the ticks need, and rounds down", () => {
  assertEquals(clockText(65_900), "1:05");
  assertEquals(clockText(65_900, 100), "1:05.9");
  assertEquals(clockText(59_999, 200), "0:59.9");
  assertEquals(clockText(300, 100), "0:00.3");
  assertEquals(clockText(3_600_000, 60_000), "60:00");
  assertEquals(clockText(-5), "0:00");
});

Deno.test("valueAxis() ends at a round value at or above the highest", () => {
  for (
    const [max, top, step] of [[11, 15, 5], [100, 100, 50], [101, 150, 50], [0.9, 1, 0.5], [3, 3, 1], [
      0,
      1,
      0.5,
    ]]
  ) {
    assertEquals(valueAxis(max ?? 0), { top, step }, `${max}`);
  }
  assertEquals(valueAxis(2, 4, 1), { top: 2, step: 1 }, "counts have no halves");
  assertEquals(valueAxis(0, 4, 1), { top: 1, step: 1 });
});
