import { assertEquals } from "@std/assert";
import { CallerTrack } from "../../src/recording/caller_track.ts";

const SILENCE = 0xff;

/** The next so many bytes. */
function take(side: CallerTrack, length: number): number[] {
  const into = new Uint8Array(length).fill(7);
  side.readInto(into);
  return [...into];
}

Deno.test("CallerTrack returns every frame at its position and silence in the gaps", () => {
  const side = new CallerTrack(100);
  side.write(102, Uint8Array.of(1, 2));
  side.write(106, Uint8Array.of(3, 4, 5));
  assertEquals(take(side, 3), [SILENCE, SILENCE, 1]);
  assertEquals(take(side, 4), [2, SILENCE, SILENCE, 3]);
  // More than there is.
  assertEquals(take(side, 4), [4, 5, SILENCE, SILENCE]);
  side.write(112, Uint8Array.of(6));
  assertEquals(take(side, 3), [SILENCE, 6, SILENCE]);
});

Deno.test("CallerTrack grows while nothing is read, and returns no audio twice", () => {
  const side = new CallerTrack(0);
  const frame = (n: number) => new Uint8Array(160).fill(n % 200);
  for (let n = 0; n < 500; n++) side.write(160 * n, frame(n));
  for (let n = 0; n < 500; n++) assertEquals(take(side, 160), [...frame(n)]);
  assertEquals(take(side, 160), Array(160).fill(SILENCE));
  side.write(160 * 501 + 40_000, frame(9));
  assertEquals(new Set(take(side, 40_000)), new Set([SILENCE]));
  assertEquals(take(side, 160), [...frame(9)]);
});
