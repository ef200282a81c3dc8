import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readWav, type WavSink, WavWriter, writeWav } from "../../src/audio/mod.ts";
import { sines } from "./sound.ts";

const LEFT = sines([300], 8000, 0.1, 9000), RIGHT = sines([440], 8000, 0.1, 9000);
const STEREO = { channels: 2, sampleRate: 8000 };

/** A file in memory that takes few bytes at once. */
class StingySink implements WavSink {
  readonly bytes: number[] = [];
  #at = 0;

  write(bytes: Uint8Array): Promise<number> {
    const count = Math.min(7, bytes.length);
    for (let i = 0; i < count; i++) this.bytes[this.#at++] = bytes[i] ?? 0;
    return Promise.resolve(count);
  }

  seek(offset: number, _whence: 0): Promise<number> {
    this.#at = offset;
    return Promise.resolve(offset);
  }
}

async function writeInPieces(sink: WavSink): Promise<WavWriter> {
  const writer = await WavWriter.begin(sink, STEREO);
  for (let at = 0; at < LEFT.length; at += 160) {
    await writer.write([LEFT.subarray(at, at + 160), RIGHT.subarray(at, at + 160)]);
    await writer.write([new Int16Array(), new Int16Array()]);
  }
  return writer;
}

Deno.test("a file written as it came is the file written at once", async () => {
  const path = await Deno.makeTempFile({ suffix: ".wav" });
  try {
    using file = await Deno.open(path, { write: true });
    const writer = await writeInPieces(file);
    await writer.end();
    assertEquals(await Deno.readFile(path), writeWav([LEFT, RIGHT], 8000));
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("goes on where a sink stopped taking", async () => {
  const sink = new StingySink();
  const writer = await writeInPieces(sink);
  await writer.end();
  assertEquals(Uint8Array.from(sink.bytes), writeWav([LEFT, RIGHT], 8000));
});

Deno.test("a file without its end says that as much follows as can be", async () => {
  const sink = new StingySink();
  await writeInPieces(sink);
  const bytes = Uint8Array.from(sink.bytes);
  const view = new DataView(bytes.buffer);
  assertEquals(view.getUint32(4, true), 0xffffffff);
  assertEquals(view.getUint32(40, true), 0xffffffff - 36);
  assertEquals(bytes.subarray(44), writeWav([LEFT, RIGHT], 8000).subarray(44));
  assertThrows(() => readWav(bytes, "crashed.wav"), TypeError, "never corrected");
});

Deno.test("refuses other channels than the header has", async () => {
  const writer = await WavWriter.begin(new StingySink(), STEREO);
  await assertRejects(() => writer.write([LEFT]), RangeError, "2 channels were expected, not 1");
  await assertRejects(() => writer.write([LEFT, RIGHT.subarray(1)]), RangeError, "not [800, 799]");
});
