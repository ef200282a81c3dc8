import { assertEquals } from "@std/assert";
import { Peaks } from "../../../src/console/live/peaks.js";

/** The peaks from one place to before another, each by itself. */
function each(peaks: Peaks, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => peaks.highest(from + i, from + i + 1));
}

Deno.test("peaks stand at their places in time, and what never came is silence", () => {
  const peaks = new Peaks(8);
  peaks.put(100, [1, 2]);
  peaks.put(180, [3]);
  assertEquals([each(peaks, 0, 12), peaks.end], [[0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 0, 0], 10]);
  assertEquals([peaks.highest(5, 7), peaks.highest(5, 10), peaks.highest(-3, 5)], [2, 3, 0]);
});

Deno.test("the oldest peaks make room, and a late one does not bring them back", () => {
  const peaks = new Peaks(4);
  peaks.put(0, [1, 2, 3, 4, 5, 6]);
  assertEquals(each(peaks, 0, 7), [0, 0, 3, 4, 5, 6, 0]);
  peaks.put(0, [9, 9, 7]);
  assertEquals([each(peaks, 0, 7), peaks.end], [[0, 0, 7, 4, 5, 6, 0], 6]);
});

Deno.test("after a long gap nothing is left of what was before", () => {
  const peaks = new Peaks(4);
  peaks.put(0, [1, 2, 3, 4]);
  peaks.put(2_000_000, [5]);
  assertEquals(each(peaks, 99_997, 100_002), [0, 0, 0, 5, 0]);
});
