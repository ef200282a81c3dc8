import { assert, assertEquals } from "@std/assert";
import { outline, parts, peaks } from "../../../src/console/calls/waveform.js";

Deno.test("a column has the highest level of its time", () => {
  const levels = [0, 10, 20, 30, 40, 50, 60, 70];
  assertEquals([...peaks(levels, 20, 0, 160, 4)], [10, 30, 50, 70]);
  assertEquals([...peaks(levels, 20, 40, 120, 2)], [30, 50], "only what is asked for");
});

Deno.test("no peak is lost between columns, whatever their width", () => {
  const levels = new Array(1_000).fill(1);
  levels[617] = 255;
  for (const count of [1, 7, 300, 999, 1_000]) {
    assert(peaks(levels, 20, 0, 20_000, count).includes(255), `${count} columns`);
  }
});

Deno.test("columns narrower than a level repeat it; outside the recording is silence", () => {
  assertEquals([...peaks([100, 200], 20, 0, 40, 4)], [100, 100, 200, 200]);
  assertEquals([...peaks([100], 20, -20, 60, 4)], [0, 100, 0, 0]);
});

Deno.test("an outline goes along the top and comes back along the bottom", () => {
  assertEquals(outline([255, 0], 10, 2, 50, 20), "M11 30L13 49.5L13 50.5L11 70Z");
  assertEquals(outline([51], 0, 2, 50, 20), "M1 46L1 54Z");
  assertEquals(outline([], 0, 2, 50, 20), "");
});

Deno.test("columns begin at the same places wherever one looks, and cover what is in view", () => {
  assertEquals(parts(1_000, 2_000, 7, 100), { fromMs: 900, toMs: 2_100, count: 12 });
  assertEquals(
    parts(1_030, 2_030, 7, 100),
    { fromMs: 900, toMs: 2_200, count: 13 },
    "never less than a level",
  );
  const one = parts(0, 60_000, 310, 100);
  const other = parts(1_234, 61_234, 310, 100);
  for (const { fromMs, toMs, count } of [one, other]) {
    assertEquals((toMs - fromMs) / count, 300);
    assertEquals(Math.abs(fromMs % 300), 0);
  }
  assert(other.fromMs <= 1_234 && other.toMs >= 61_234);
});
