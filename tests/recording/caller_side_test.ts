import { assertEquals } from "@std/assert";
import { CallerSide } from "../../src/recording/caller_side.ts";

const SILENCE = 0xff;

/** The next so many bytes. */
function take(side: CallerSide, length: number): number[] {
  const into = new Uint8Array(length).fill(7);
  side.take(into);
  return [...into];
}

Deno.test("CallerSide has every frame at its place, and silence where there was none", () => {
  const side = new CallerSide(100);
  side.put(102, Uint8Array.of(1, 2));
  side.put(106, Uint8Array.of(3, 4, 5));
  assertEquals(take(side, 3), [SILENCE, SILENCE, 1]);
  assertEquals(take(side, 4), [2, SILENCE, SILENCE, 3]);
  // More than there is.
  assertEquals(take(side, 4), [4, 5, SILENCE, SILENCE]);
  side.put(112, Uint8Array.of(6));
  assertEquals(take(side, 3), [SILENCE, 6, SILENCE]);
});

Deno.test("CallerSide grows with what nobody takes, and what was taken does not come back", () => {
  const side = new CallerSide(0);
  const frame = (n: number) => new Uint8Array(160).fill(n % 200);
  for (let n = 0; n < 500; n++) side.put(160 * n, frame(n));
  for (let n = 0; n < 500; n++) assertEquals(take(side, 160), [...frame(n)]);
  assertEquals(take(side, 160), Array(160).fill(SILENCE));
  side.put(160 * 501 + 40_000, frame(9));
  assertEquals(new Set(take(side, 40_000)), new Set([SILENCE]));
  assertEquals(take(side, 160), [...frame(9)]);
});
