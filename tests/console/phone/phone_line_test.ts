import { assert, assertEquals } from "@std/assert";
import { decodeMulaw } from "../../../src/audio/g711.js";
import { LinePlayer, MicrophoneEncoder } from "../../../src/console/phone/phone_line.js";
import { randomFrom } from "../../support/random.ts";
import { PlaybackLine } from "../../../src/simulator/twilio/playback_line.js";

/** Samples per call of an audio worklet. */
const BLOCK = 128;
const FRAME_BYTES = 160;

/** µ-law that is not silence, different for each seed. */
function speech(samples: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: samples }, (_, i) => (seed * 31 + i * 7) % 255);
}

Deno.test("LinePlayer plays and returns marks like PlaybackLine, in any order of messages", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const next = randomFrom(seed);
    const expected: string[] = [], marks: string[] = [];
    const line = new PlaybackLine((name) => expected.push(name));
    const player = new LinePlayer(8_000, (name) => marks.push(name));
    let markCount = 0;
    for (let block = 0; block < 200; block++) {
      const choice = next();
      if (choice < 0.25) {
        const bytes = speech(Math.floor(next() * 900), block);
        assertEquals(player.media(bytes), line.media(bytes));
      }
      if (choice > 0.15 && choice < 0.5) {
        line.mark(`m${markCount}`);
        player.mark(`m${markCount++}`);
      }
      if (choice > 0.97) {
        line.clear();
        player.clear();
      }
      assertEquals(marks, expected, `seed ${seed}, block ${block}`);
      assertEquals(player.bufferedMs, line.buffered / 8);
      const played = new Float32Array(BLOCK);
      player.play(played);
      // Comparing text is ten times as fast as comparing arrays.
      assertEquals(played.map((sample) => sample * 32_768).join(), decodeMulaw(line.play(BLOCK)).join());
    }
    assertEquals(marks, expected);
    assert(markCount > 20);
  }
});

Deno.test("LinePlayer returns a mark after the delay of its filter and of the loudspeaker", () => {
  const rate = 48_000;
  const marks: string[] = [];
  const player = new LinePlayer(rate, (name) => marks.push(name));
  player.setOutputLatency(0.05);
  player.media(speech(800, 1)); // 100 ms
  player.mark("a");
  let samples = 0;
  while (marks.length === 0) {
    player.play(new Float32Array(BLOCK));
    samples += BLOCK;
  }
  const ms = samples / 48;
  assert(ms >= 150 && ms < 150 + 2.3 + BLOCK / 48, `${ms} ms`);
  player.mark("b");
  assertEquals(marks, ["a", "b"], "everything was heard");
});

Deno.test("LinePlayer delays a mark by the loudspeaker's latency, and returns all marks immediately at a clear", () => {
  const marks: string[] = [];
  const player = new LinePlayer(8_000, (name) => marks.push(name));
  player.setOutputLatency(0.05);
  player.media(speech(BLOCK, 1));
  player.play(new Float32Array(BLOCK));
  player.mark("a");
  assertEquals([player.bufferedMs, marks], [0, []]);
  player.media(speech(8_000, 2));
  player.mark("b");
  player.clear();
  assertEquals([player.bufferedMs, marks], [0, ["a", "b"]]);
  const played = new Float32Array(BLOCK);
  assertEquals([player.play(played), played], [0, new Float32Array(BLOCK)]);
});

Deno.test("LinePlayer is silent within 5 ms of a clear, at any rate", () => {
  for (const rate of [16_000, 44_100, 48_000, 96_000]) {
    const player = new LinePlayer(rate, () => {});
    player.media(new Uint8Array(8_000).fill(0x90));
    assert(player.play(new Float32Array(rate / 10)) > 0.5);
    player.clear();
    const after = new Float32Array(rate / 10);
    player.play(after);
    const last = after.findLastIndex((sample) => Math.abs(sample) > 1e-6);
    assert(last / rate < 0.005, `${rate}: ${last / rate * 1000} ms`);
  }
});

Deno.test("LinePlayer discards audio beyond ten minutes", () => {
  const player = new LinePlayer(8_000, () => {});
  assertEquals([player.media(new Uint8Array(4_800_000)), player.media(new Uint8Array(1))], [true, false]);
  assertEquals(player.media(new Uint8Array()), true);
});

Deno.test("MicrophoneEncoder emits frames of 160 bytes with their peak", () => {
  for (const rate of [8_000, 44_100, 48_000]) {
    const frames: [Uint8Array, number][] = [];
    const microphone = new MicrophoneEncoder(rate, (frame, peak) => frames.push([frame, peak]));
    const blocks = Math.ceil(rate / BLOCK);
    for (let at = 0; at < blocks * BLOCK; at += BLOCK) {
      microphone.push(
        Float32Array.from({ length: BLOCK }, (_, i) => 0.5 * Math.sin(2 * Math.PI * 500 * (at + i) / rate)),
      );
    }
    // The filter holds back about 2 ms.
    assertEquals(frames.length, Math.floor((blocks * BLOCK / rate - (rate === 8_000 ? 0 : 0.003)) * 50));
    for (const [frame, peak] of frames) {
      assertEquals(frame.length, FRAME_BYTES);
      assert(Math.abs(peak - 0.5) < 0.01, `${peak}`);
    }
    const [last] = frames.at(-1) ?? [];
    const loudest = Math.max(...decodeMulaw(last ?? new Uint8Array()));
    assert(Math.abs(loudest / 32_768 - 0.5) < 0.02, `${loudest}`);
    assertEquals(new Set(frames.map(([frame]) => frame.buffer)).size, frames.length, "frames share a buffer");
  }
});

Deno.test("MicrophoneEncoder clips samples above full scale", () => {
  const peaks: number[] = [];
  const microphone = new MicrophoneEncoder(8_000, (frame, peak) => {
    peaks.push(peak);
    assertEquals(new Set(frame), new Set([0x80]));
  });
  microphone.push(new Float32Array(FRAME_BYTES).fill(3));
  assertEquals(peaks, [1]);
});
