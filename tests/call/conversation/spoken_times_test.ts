import { assertEquals } from "@std/assert";
import { SpokenTimes } from "../../../src/call/conversation/spoken_times.ts";

/** Frames of 20 ms: when each arrives, its position and its timestamp (ms); undefined: another stream starts. */
function add(
  times: SpokenTimes,
  frames: readonly ([at: number, positionMs: number, timestamp: number] | undefined)[],
) {
  for (const frame of frames) {
    if (frame) times.add(frame[1], frame[2], 20, frame[0]);
    else times.streamStarted();
  }
}

Deno.test("SpokenTimes dates audio by the frame with the least delay", () => {
  const times = new SpokenTimes();
  add(times, [[1_090, 0, 0], [1_090, 20, 20], [1_090, 40, 40], [1_092, 60, 60], [1_500, 80, 80]]);
  assertEquals([0, 60, 80, 100].map((positionMs) => times.at(positionMs, 1_500)), [
    1_012,
    1_072,
    1_092,
    1_112,
  ]);
  assertEquals(times.at(100, 1_100), 1_100, "not in the future");
});

Deno.test("SpokenTimes skips silence inserted before late audio", () => {
  const times = new SpokenTimes();
  add(times, [[1_020, 0, 0], [3_000, 1_020, 20], [3_000, 1_040, 40]]);
  assertEquals([0, 1_020, 1_040].map((positionMs) => times.at(positionMs, 3_000)), [1_000, 1_020, 1_040]);
});

Deno.test("SpokenTimes dates each stream by its own timestamps", () => {
  const times = new SpokenTimes();
  add(times, [[1_020, 0, 5_000], undefined, [9_020, 20, 0], [9_040, 40, 20]]);
  assertEquals([0, 20, 40].map((positionMs) => times.at(positionMs, 9_100)), [1_000, 9_000, 9_020]);
});

Deno.test("SpokenTimes dates audio by its arrival when the timestamps jump", () => {
  const cases: readonly [name: string, timestamp: number][] = [["far ahead", 1e9], ["back", 0]];
  for (const [name, timestamp] of cases) {
    const times = new SpokenTimes();
    add(times, [[1_020, 0, 5_000], [1_040, 20, timestamp], [1_060, 40, timestamp + 20]]);
    assertEquals([0, 20, 40].map((positionMs) => times.at(positionMs, 2_000)), [1_000, 1_020, 1_040], name);
  }
});
