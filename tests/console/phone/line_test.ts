import { assert, assertEquals } from "@std/assert";
import { decodeMulaw } from "../../../src/audio/g711.ts";
import { FRAME, Line, Microphone } from "../../../src/console/phone/line.js";
import { Line as TwilioLine } from "../../../src/simulator/caller/line.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** The audio thread works in blocks of so many samples. */
const BLOCK = 128;

/** So many samples (µ-law) that are no silence, different each time. */
function speech(samples: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: samples }, (_, i) => (seed * 31 + i * 7) % 255);
}

/** A deterministic stream of numbers from 0 to 1. */
function chance(seed: number): () => number {
  return () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

Deno.test("Line plays and returns marks to the sample as the rehearsed line does, whatever comes when", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = chance(seed);
    const clock = new FakeClock();
    const expected: string[] = [], got: string[] = [];
    const twilio = new TwilioLine(clock, (name) => expected.push(name));
    const line = new Line(8_000, (name: string) => got.push(name));
    let marks = 0;
    for (let block = 0; block < 200; block++) {
      const what = random();
      if (what < 0.25) {
        const bytes = speech(Math.floor(random() * 900), block);
        assertEquals(line.media(bytes), twilio.media(bytes));
      }
      if (what > 0.15 && what < 0.5) {
        twilio.mark(`m${marks}`);
        line.mark(`m${marks++}`);
      }
      if (what > 0.97) {
        twilio.clear();
        line.clear();
      }
      assertEquals(got, expected, `seed ${seed}, block ${block}`);
      assertEquals(line.buffered / 8, twilio.bufferedMs);
      const played = new Float32Array(BLOCK);
      line.play(played);
      clock.advance(BLOCK / 8);
      assertEquals(Int16Array.from(played, (sample) => sample * 32_768), decodeMulaw(twilio.play(BLOCK)));
    }
    assertEquals(got, expected);
    assert(marks > 20);
  }
});

Deno.test("Line returns a mark when it is heard: after the filter, and the way to the loudspeaker", () => {
  const rate = 48_000;
  const got: string[] = [];
  const line = new Line(rate, (name: string) => got.push(name));
  line.latency = 0.05 * rate;
  line.media(speech(800, 1)); // 100 ms
  line.mark("a");
  let frames = 0;
  while (got.length === 0) {
    line.play(new Float32Array(BLOCK));
    frames += BLOCK;
  }
  const ms = frames / 48;
  assert(ms >= 150 && ms < 150 + 2.3 + BLOCK / 48, `${ms} ms`);
  line.mark("b");
  assertEquals(got, ["a", "b"], "nothing is buffered, and all was heard");
});

Deno.test("Line: a mark that comes while the last words are on their way waits for them, and clear waits for nothing", () => {
  const got: string[] = [];
  const line = new Line(8_000, (name: string) => got.push(name));
  line.latency = 400;
  line.media(speech(BLOCK, 1));
  line.play(new Float32Array(BLOCK));
  line.mark("a");
  assertEquals([line.buffered, got], [0, []]);
  line.media(speech(8_000, 2));
  line.mark("b");
  line.clear();
  assertEquals([line.buffered, got], [0, ["a", "b"]]);
  const played = new Float32Array(BLOCK);
  assertEquals([line.play(played), played], [0, new Float32Array(BLOCK)]);
});

Deno.test("Line: a clear is silence within 5 ms, at any rate", () => {
  for (const rate of [16_000, 44_100, 48_000, 96_000]) {
    const line = new Line(rate, () => {});
    line.media(new Uint8Array(8_000).fill(0x90));
    assert(line.play(new Float32Array(rate / 10)) > 0.5);
    line.clear();
    const after = new Float32Array(rate / 10);
    line.play(after);
    const last = after.findLastIndex((sample) => Math.abs(sample) > 1e-6);
    assert(last / rate < 0.005, `${rate}: ${last / rate * 1000} ms`);
  }
});

Deno.test("Line: more than ten minutes are discarded", () => {
  const line = new Line(8_000, () => {});
  assertEquals([line.media(new Uint8Array(4_800_000)), line.media(new Uint8Array(1))], [true, false]);
  assertEquals(line.media(new Uint8Array()), true);
});

Deno.test("Microphone: frames of 160 bytes, and how loud they were", () => {
  for (const rate of [8_000, 44_100, 48_000]) {
    const frames: [Uint8Array, number][] = [];
    const microphone = new Microphone(rate, (frame: Uint8Array, peak: number) => frames.push([frame, peak]));
    for (let at = 0; at < rate; at += BLOCK) {
      microphone.hear(
        Float32Array.from({ length: BLOCK }, (_, i) => 0.5 * Math.sin(2 * Math.PI * 500 * (at + i) / rate)),
      );
    }
    assertEquals(frames.length, Math.floor(Math.ceil(rate / BLOCK) * BLOCK / rate * 50));
    for (const [frame, peak] of frames) {
      assertEquals(frame.length, FRAME);
      assert(Math.abs(peak - 0.5) < 0.01, `${peak}`);
    }
    const [last] = frames.at(-1) ?? [];
    const loudest = Math.max(...decodeMulaw(last ?? new Uint8Array()));
    assert(Math.abs(loudest / 32_768 - 0.5) < 0.02, `${loudest}`);
    assertEquals(
      new Set(frames.map(([frame]) => frame.buffer)).size,
      frames.length,
      "each is the receiver's",
    );
  }
});

Deno.test("Microphone: what is too loud is as loud as can be", () => {
  const peaks: number[] = [];
  const microphone = new Microphone(8_000, (frame: Uint8Array, peak: number) => {
    peaks.push(peak);
    assertEquals(new Set(frame), new Set([0x80]));
  });
  microphone.hear(new Float32Array(FRAME).fill(3));
  assertEquals(peaks, [1]);
});
