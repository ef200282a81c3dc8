import { assert, assertEquals } from "@std/assert";
import { columnGrid, columnPeaks, outlinePath } from "../../../src/console/calls/recording_waveform.js";

Deno.test("columnPeaks() returns the highest level of each column", () => {
  const levels = [0, 10, 20, 30, 40, 50, 60, 70];
  assertEquals([...columnPeaks(levels, 20, 0, 160, 4)], [10, 30, 50, 70]);
  assertEquals([...columnPeaks(levels, 20, 40, 120, 2)], [30, 50], "the requested part only");
});

Deno.test("columnPeaks() loses no peak between columns of any width", () => {
  const levels = new Array(1_000).fill(1);
  levels[617] = 255;
  for (const count of [1, 7, 300, 999, 1_000]) {
    assert(columnPeaks(levels, 20, 0, 20_000, count).includes(255), `${count} columns`);
  }
});

Deno.test("columnPeaks() repeats a level in narrower columns, and is 0 outside the recording", () => {
  assertEquals([...columnPeaks([100, 200], 20, 0, 40, 4)], [100, 100, 200, 200]);
  assertEquals([...columnPeaks([100], 20, -20, 60, 4)], [0, 100, 0, 0]);
});

Deno.test("outlinePath() follows the top and returns along the bottom", () => {
  assertEquals(outlinePath([255, 0], 10, 2, 50, 20), "M11 30L13 49.5L13 50.5L11 70Z");
  assertEquals(outlinePath([51], 0, 2, 50, 20), "M1 46L1 54Z");
  assertEquals(outlinePath([], 0, 2, 50, 20), "");
});

Deno.test("columnGrid() starts at multiples of the column length and covers the view", () => {
  assertEquals(columnGrid(1_000, 2_000, 7, 100), { fromMs: 900, toMs: 2_100, count: 12 });
  assertEquals(
    columnGrid(1_030, 2_030, 7, 100),
    { fromMs: 900, toMs: 2_200, count: 13 },
    "at least one level",
  );
  const one = columnGrid(0, 60_000, 310, 100);
  const other = columnGrid(1_234, 61_234, 310, 100);
  for (const { fromMs, toMs, count } of [one, other]) {
    assertEquals((toMs - fromMs) / count, 300);
    assertEquals(Math.abs(fromMs % 300), 0);
  }
  assert(other.fromMs <= 1_234 && other.toMs >= 61_234);
});
