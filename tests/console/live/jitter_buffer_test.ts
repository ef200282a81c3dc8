import { assert, assertEquals } from "@std/assert";
import { JitterBuffer } from "../../../src/console/live/jitter_buffer.js";

/** Samples in a number of milliseconds. */
const samples = (ms: number) => ms * 8;

/** Audio with a constant level on each side, of 32,768. */
function sound(ms: number, left: number, right: number): Int16Array {
  return Int16Array.from({ length: 2 * samples(ms) }, (_, i) => i % 2 === 0 ? left : right);
}

function read(buffer: JitterBuffer, ms: number): { left: Float32Array; right: Float32Array } {
  const left = new Float32Array(samples(ms)), right = new Float32Array(samples(ms));
  buffer.read(left, right);
  return { left, right };
}

Deno.test("JitterBuffer starts once enough is buffered, without a click and with the sides separate", () => {
  const buffer = new JitterBuffer();
  buffer.push(sound(200, 16_384, -8_192));
  assertEquals(new Set(read(buffer, 100).left), new Set([0]));
  buffer.push(sound(100, 16_384, -8_192));
  const { left, right } = read(buffer, 100);
  assert((left[0] ?? 1) < 0.02);
  assertEquals([left.at(-1), right.at(-1)], [0.5, -0.25]);
});

Deno.test("JitterBuffer fades out on an underrun, and resumes once enough is buffered", () => {
  const buffer = new JitterBuffer();
  buffer.push(sound(300, 16_384, 0));
  const { left } = read(buffer, 400);
  const [, last = 1] = left.subarray(samples(300) - 1);
  assert(last > 0.45 && last < 0.5, "a click");
  assertEquals(left.at(-1), 0);
  buffer.push(sound(200, 16_384, 0));
  assertEquals(new Set(read(buffer, 100).left), new Set([0]));
  buffer.push(sound(100, 16_384, 0));
  assertEquals(read(buffer, 100).left.at(-1), 0.5);
});

Deno.test("JitterBuffer skips to the newest audio when too much is buffered", () => {
  const buffer = new JitterBuffer();
  for (let i = 0; i < 5; i++) buffer.push(sound(300, 1_000 * i, 0));
  assertEquals(buffer.buffered, samples(300));
  assertEquals(read(buffer, 100).left.at(-1), 4_000 / 32_768);
});

Deno.test("JitterBuffer keeps the delay constant over many rounds of its ring", () => {
  const buffer = new JitterBuffer();
  for (let i = 0; i < 3_000; i++) {
    buffer.push(sound(100, i, -i));
    const { left, right } = read(buffer, 100);
    // Two chunks are buffered, the third is played.
    if (i < 5) continue;
    assertEquals([left.at(-1), right.at(-1)], [(i - 2) / 32_768, -(i - 2) / 32_768]);
  }
});
