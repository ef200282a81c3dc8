import { assertEquals, assertThrows } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { readWav, writeWav } from "../../src/audio/wav.ts";
import sox from "./sox.json" with { type: "json" };

const numbers = (list: string) => list.split(" ").map(Number);
const SAMPLES = numbers(sox.samples);
const PLAIN = decodeBase64(sox.wavs[0]?.file ?? "");

for (const { soxCommand, file, heard } of sox.wavs) {
  Deno.test(`readWav() reads the output of "${soxCommand}" like sox`, () => {
    const { sampleRate, channels } = readWav(decodeBase64(file), "x.wav");
    assertEquals(sampleRate, 11025);
    assertEquals(channels.map((channel) => [...channel]), [numbers(heard)]);
  });
}

Deno.test("readWav() returns two channels of a stereo file", () => {
  const { sampleRate, channels } = readWav(decodeBase64(sox.stereo), "x.wav");
  assertEquals(sampleRate, 48000);
  assertEquals(channels.map((channel) => [...channel]), [[0, -1, -1000, -32768], [1, 1000, 32767, 12345]]);
});

Deno.test("writeWav() writes the same bytes as sox", () => {
  assertEquals(writeWav([Int16Array.from(SAMPLES)], 11025), PLAIN);
  const left = SAMPLES.filter((_, i) => i % 2 === 0), right = SAMPLES.filter((_, i) => i % 2 === 1);
  assertEquals(writeWav([Int16Array.from(left), Int16Array.from(right)], 48000), decodeBase64(sox.stereo));
});

Deno.test("writeWav() throws for channels of different lengths, and for none", () => {
  assertThrows(() => writeWav([new Int16Array(2), new Int16Array(3)], 8000), RangeError, "not [2, 3]");
  assertThrows(() => writeWav([], 8000), RangeError, "not []");
});

/** The plain file with a chunk inserted before its audio, and corrected sizes. */
function withChunk(id: string, body: number[]): Uint8Array {
  const padded = body.length % 2 ? [...body, 0] : body;
  const chunk = [...new TextEncoder().encode(id), body.length, 0, 0, 0, ...padded];
  const bytes = Uint8Array.from([...PLAIN.subarray(0, 36), ...chunk, ...PLAIN.subarray(36)]);
  new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true);
  return bytes;
}

Deno.test("readWav() skips unknown chunks of even and odd size", () => {
  for (const body of [[], [1, 2, 3], [1, 2, 3, 4]]) {
    assertEquals([...readWav(withChunk("LIST", body), "x.wav").channels[0] ?? []], SAMPLES);
  }
});

Deno.test("readWav() reads a file within a larger buffer", () => {
  const larger = new Uint8Array(PLAIN.length + 10);
  larger.set(PLAIN, 7);
  const { channels } = readWav(larger.subarray(7, 7 + PLAIN.length), "x.wav");
  assertEquals([...channels[0] ?? []], SAMPLES);
});

/** The plain file with some bytes replaced. */
function changed(at: number, ...bytes: number[]): Uint8Array {
  const copy = PLAIN.slice();
  copy.set(bytes, at);
  return copy;
}

const BAD: [what: string, bytes: Uint8Array, says: string][] = [
  ["nothing", new Uint8Array(), "the file is empty"],
  ["text", new TextEncoder().encode("hello, this is not a recording"), "it is not a WAV file"],
  ["a truncated header", PLAIN.slice(0, 10), "it is not a WAV file"],
  ["a truncated format", PLAIN.slice(0, 30), `its "fmt " chunk claims 16 bytes and has 10`],
  ["no audio chunk", PLAIN.slice(0, 36), `it has no "data" chunk`],
  ["truncated audio", PLAIN.slice(0, 50), `its "data" chunk claims 16 bytes and has 6`],
  [
    "a header written before the length was known",
    changed(40, 255, 255, 255, 255),
    "claims 4294967295 bytes and has 16",
  ],
  ["a size that is too large", changed(4, 255, 255), "its header claims 65543 bytes and the file has 60"],
  ["no samples", changed(40, 0, 0), `its "data" chunk has 0 bytes`],
  ["half a sample", changed(40, 15), "15 bytes is not a whole number of 2-byte frames"],
  ["audio before its format", changed(12, 0x4c, 0x49, 0x53, 0x54), `it has no "fmt " chunk`],
  ["six channels", changed(22, 6), "it has 6 channels"],
  ["12 bits", changed(34, 12), "it has samples of 12 bits"],
  ["no rate", changed(24, 0, 0), "its sample rate is 0 Hz; convert it to a rate from 4000 to 192000 Hz"],
  ["a rate of 3,999 Hz", changed(24, 0x9f, 0x0f), "its sample rate is 3999 Hz"],
  ["a rate of 192,001 Hz", changed(24, 0x01, 0xee, 0x02), "its sample rate is 192001 Hz"],
  ["a compressed file", decodeBase64(sox.adpcm), "it has Microsoft ADPCM of 4 bits"],
];

for (const [what, bytes, says] of BAD) {
  Deno.test(`readWav() names the file and the problem of ${what}`, () => {
    const error = assertThrows(() => readWav(bytes, "their call.wav"), TypeError, says);
    assertEquals(error.message.startsWith('Cannot read "their call.wav": '), true);
  });
}
