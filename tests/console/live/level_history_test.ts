import { assertEquals } from "@std/assert";
import { LevelHistory } from "../../../src/console/live/level_history.js";

/** The single peaks from one index (included) to another (excluded). */
function each(history: LevelHistory, from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => history.highest(from + i, from + i + 1));
}

Deno.test("LevelHistory stores peaks by time, with silence in gaps", () => {
  const history = new LevelHistory(8);
  history.put(100, [1, 2]);
  history.put(180, [3]);
  assertEquals([each(history, 0, 12), history.end], [[0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 0, 0], 10]);
  assertEquals([history.highest(5, 7), history.highest(5, 10), history.highest(-3, 5)], [2, 3, 0]);
});

Deno.test("LevelHistory drops the oldest peaks, and ignores late ones older than its capacity", () => {
  const history = new LevelHistory(4);
  history.put(0, [1, 2, 3, 4, 5, 6]);
  assertEquals(each(history, 0, 7), [0, 0, 3, 4, 5, 6, 0]);
  history.put(0, [9, 9, 7]);
  assertEquals([each(history, 0, 7), history.end], [[0, 0, 7, 4, 5, 6, 0], 6]);
});

Deno.test("LevelHistory is empty before a peak after a long gap", () => {
  const history = new LevelHistory(4);
  history.put(0, [1, 2, 3, 4]);
  history.put(2_000_000, [5]);
  assertEquals(each(history, 99_997, 100_002), [0, 0, 0, 5, 0]);
});
