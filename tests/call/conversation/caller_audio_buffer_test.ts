import { assertEquals } from "@std/assert";
import { CallerAudioBuffer } from "../../../src/call/conversation/caller_audio_buffer.ts";

/** A buffer of 100 ms with `frames` frames of 20 ms: "0", "1", … */
function filled(frames: number): CallerAudioBuffer {
  const buffer = new CallerAudioBuffer(100);
  for (let index = 0; index < frames; index++) buffer.push(`${index}`, 20);
  return buffer;
}

const read = (buffer: CallerAudioBuffer, fromMs: number) =>
  [...buffer.from(fromMs)].map(({ payload }) => payload);

Deno.test("CallerAudioBuffer reads from the first frame that ends after a position", () => {
  const buffer = filled(4);
  assertEquals(read(buffer, 0), ["0", "1", "2", "3"]);
  assertEquals(read(buffer, 20), ["1", "2", "3"]);
  assertEquals(read(buffer, 39.9), ["1", "2", "3"]);
  assertEquals(read(buffer, 80), []);
  assertEquals([...buffer.from(60)], [{ payload: "3", ms: 20, atMs: 60 }]);
});

Deno.test("CallerAudioBuffer drops its oldest frames beyond its limit and returns their length", () => {
  const buffer = filled(5);
  assertEquals(buffer.push("long", 50), 60);
  assertEquals([buffer.startMs, buffer.endMs], [60, 150]);
  assertEquals(buffer.push("longer than the limit", 101), 191);
  assertEquals([buffer.startMs, buffer.endMs], [251, 251]);
});

Deno.test("CallerAudioBuffer releases the frames that end before a position", () => {
  const buffer = filled(5);
  buffer.release(39);
  assertEquals(buffer.startMs, 20);
  buffer.release(40);
  assertEquals([buffer.startMs, buffer.endMs], [40, 100]);
  assertEquals(read(buffer, 0), ["2", "3", "4"]);
  buffer.release(1_000);
  assertEquals([buffer.startMs, buffer.endMs], [100, 100]);
  assertEquals(buffer.push("next", 20), 0);
  assertEquals([...buffer.from(0)], [{ payload: "next", ms: 20, atMs: 100 }]);
});

Deno.test("CallerAudioBuffer reads what is pushed and leaves out what is dropped while it is read", () => {
  const buffer = filled(3);
  const read: string[] = [];
  for (const { payload } of buffer.from(0)) {
    read.push(payload);
    if (payload === "1") buffer.push("3", 20);
    if (payload === "3") {
      for (let index = 4; index < 12; index++) buffer.push(`${index}`, 20);
    }
  }
  assertEquals(read, ["0", "1", "2", "3", "7", "8", "9", "10", "11"]);
});
