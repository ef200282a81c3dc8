import { assertEquals } from "@std/assert";
import { interleave, wavHeader } from "../../../src/audio/wav.ts";
import { WavStreamReader } from "../../../src/console/live/wav_stream_reader.js";

const LEFT = Int16Array.of(1, -2, 32_767, 4, 0x6164);
const RIGHT = Int16Array.of(-1, 2, -32_768, 0x6164, 0x6174);
const SAMPLES = [1, -1, -2, 2, 32_767, -32_768, 4, 0x6164, 0x6164, 0x6174];

Deno.test("WavStreamReader returns the same samples for chunks of any size", () => {
  // Some samples spell "data", which is a chunk name only in the header.
  const wav = new Uint8Array([...wavHeader(2, 8_000, 0xffff_0000), ...interleave([LEFT, RIGHT])]);
  for (let size = 1; size <= wav.length; size++) {
    const reader = new WavStreamReader();
    const samples: number[] = [];
    for (let at = 0; at < wav.length; at += size) samples.push(...reader.push(wav.subarray(at, at + size)));
    assertEquals(samples, SAMPLES, `in chunks of ${size}`);
  }
});

Deno.test("WavStreamReader keeps an incomplete sample until the rest arrives", () => {
  const reader = new WavStreamReader();
  reader.push(wavHeader(2, 8_000, 0xffff_0000));
  assertEquals([...reader.push(Uint8Array.of(1, 0, 2))], []);
  assertEquals([...reader.push(Uint8Array.of(0, 3))], [1, 2]);
});
