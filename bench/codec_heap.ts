/**
 * Checks that one hour in pcm16 mode leaks no memory: prints the heap every 6 minutes. Results: CODEC_RESULTS.md.
 *
 *     deno run --v8-flags=--expose-gc bench/codec_heap.ts
 *
 * The caller talks for the whole hour; the model speaks one item per minute, in deltas of 400 ms.
 */

import { encodeMulaw } from "../src/audio/g711.js";
import { createWireAudio } from "../src/model/wire_audio.ts";

const tone = (rate: number, ms: number) =>
  Int16Array.from({ length: rate * ms / 1000 }, (_, i) => Math.round(9000 * Math.sin(2800 * i / rate)));
const FRAME = encodeMulaw(tone(8000, 20)).toBase64();
const DELTA = new Uint8Array(tone(24000, 400).buffer).toBase64();

const collect: unknown = Reflect.get(globalThis, "gc");
if (typeof collect !== "function") {
  throw new Error("Cannot measure the heap: run with --v8-flags=--expose-gc");
}

const wire = createWireAudio("pcm16");
for (let minute = 0; minute <= 60; minute++) {
  for (let i = 0; i < 3000; i++) wire.encodeCallerAudio(FRAME);
  for (let i = 0; i < 150; i++) wire.decodeModelAudio(`item_${minute}`, DELTA);
  wire.flush(`item_${minute}`);
  if (minute % 6) continue;
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  console.log(`after ${minute} minutes: heap ${heapUsed >> 10} KiB, external ${external >> 10} KiB`);
}
