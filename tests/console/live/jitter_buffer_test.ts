import { assert, assertEquals } from "@std/assert";
import { JitterBuffer } from "../../../src/console/live/jitter_buffer.js";

/** Samples a moment of so many ms has. */
const samples = (ms: number) => ms * 8;

/** Sound of both sides at one level each, of 32768. */
function sound(ms: number, left: number, right: number): Int16Array {
  return Int16Array.from({ length: 2 * samples(ms) }, (_, i) => i % 2 === 0 ? left : right);
}

function take(buffer: JitterBuffer, ms: number): { left: Float32Array; right: Float32Array } {
  const left = new Float32Array(samples(ms)), right = new Float32Array(samples(ms));
  buffer.take(left, right);
  return { left, right };
}

Deno.test("it begins when enough is there, without a click, and keeps the sides apart", () => {
  const buffer = new JitterBuffer();
  buffer.put(sound(200, 16_384, -8_192));
  assertEquals(new Set(take(buffer, 100).left), new Set([0]));
  buffer.put(sound(100, 16_384, -8_192));
  const { left, right } = take(buffer, 100);
  assert((left[0] ?? 1) < 0.02);
  assertEquals([left.at(-1), right.at(-1)], [0.5, -0.25]);
});

Deno.test("when nothing is left it fades, and begins again when enough is there", () => {
  const buffer = new JitterBuffer();
  buffer.put(sound(300, 16_384, 0));
  const { left } = take(buffer, 400);
  const [, last = 1] = left.subarray(samples(300) - 1);
  assert(last > 0.45 && last < 0.5, "a click");
  assertEquals(left.at(-1), 0);
  buffer.put(sound(200, 16_384, 0));
  assertEquals(new Set(take(buffer, 100).left), new Set([0]));
  buffer.put(sound(100, 16_384, 0));
  assertEquals(take(buffer, 100).left.at(-1), 0.5);
});

Deno.test("who falls behind goes on at the newest", () => {
  const buffer = new JitterBuffer();
  for (let i = 0; i < 5; i++) buffer.put(sound(300, 1_000 * i, 0));
  assertEquals(buffer.waiting, samples(300));
  assertEquals(take(buffer, 100).left.at(-1), 4_000 / 32_768);
});

Deno.test("it stays in step, however often it goes round", () => {
  const buffer = new JitterBuffer();
  for (let i = 0; i < 3_000; i++) {
    buffer.put(sound(100, i, -i));
    const { left, right } = take(buffer, 100);
    // Two pieces wait, the third is played.
    if (i < 5) continue;
    assertEquals([left.at(-1), right.at(-1)], [(i - 2) / 32_768, -(i - 2) / 32_768]);
  }
});
