import { assertEquals } from "@std/assert";
import { interleave, wavHeader } from "../../../src/audio/wav.ts";
import { WavStream } from "../../../src/console/live/wav_stream.js";

const LEFT = Int16Array.of(1, -2, 32_767, 4, 0x6164);
const RIGHT = Int16Array.of(-1, 2, -32_768, 0x6164, 0x6174);
const SAMPLES = [1, -1, -2, 2, 32_767, -32_768, 4, 0x6164, 0x6164, 0x6174];

Deno.test("the samples of a WAV without an end are the same however it is cut", () => {
  // Some samples have the letters of "data", which is a name only in the header.
  const wav = new Uint8Array([...wavHeader(2, 8_000, 0xffff_0000), ...interleave([LEFT, RIGHT])]);
  for (let size = 1; size <= wav.length; size++) {
    const stream = new WavStream();
    const got: number[] = [];
    for (let at = 0; at < wav.length; at += size) got.push(...stream.samples(wav.subarray(at, at + size)));
    assertEquals(got, SAMPLES, `in pieces of ${size}`);
  }
});

Deno.test("what comes of a sample that is not complete waits for the rest", () => {
  const stream = new WavStream();
  stream.samples(wavHeader(2, 8_000, 0xffff_0000));
  assertEquals([...stream.samples(Uint8Array.of(1, 0, 2))], []);
  assertEquals([...stream.samples(Uint8Array.of(0, 3))], [1, 2]);
});
