import { assert, assertEquals } from "@std/assert";
import { randomFrom } from "../support/random.ts";
import { FrameNumberReader, isAudible, numberedFrame, numberedSpeech } from "./numbered_audio.ts";

Deno.test("FrameNumberReader finds every number in pieces of any size", () => {
  const random = randomFrom(1);
  const speech = numberedSpeech(65_000, 10_000);
  const reader = new FrameNumberReader();
  const found: number[] = [];
  for (let at = 0; at < speech.length;) {
    const size = 1 + Math.floor(random() * 400);
    found.push(...reader.feed(speech.subarray(at, at + size)));
    at += size;
  }
  assertEquals(found, Array.from({ length: 500 }, (_, i) => 65_000 + i));
});

Deno.test("FrameNumberReader finds nothing in silence, noise and cut frames", () => {
  const random = randomFrom(2);
  const noise = Uint8Array.from({ length: 160_000 }, () => Math.floor(random() * 256));
  // Noise of the two zeros is the worst case: one marker in 65,536 places.
  const zeros = Uint8Array.from({ length: 8_000 }, () => random() < 0.5 ? 0xff : 0x7f);
  for (const bytes of [new Uint8Array(8_000).fill(0xff), noise, numberedFrame(7, true).subarray(1), zeros]) {
    assertEquals(new FrameNumberReader().feed(bytes), []);
  }
});

Deno.test("Numbered frame is audible as speech, and not as silence", () => {
  for (const number of [0, 1, 0x7fff, 0xffff]) {
    assert(isAudible(numberedFrame(number, true)));
    assert(!isAudible(numberedFrame(number, false)));
  }
});
