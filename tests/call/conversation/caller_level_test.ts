import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { encodeMulaw } from "../../../src/audio/g711.js";
import { CallerLevelMeter } from "../../../src/call/conversation/caller_level.ts";
import { noise, silence, speechLike } from "../../simulator/model/support.ts";

/** Feeds samples of 8 kHz in frames of 20 ms. */
function feed(level: CallerLevelMeter, ...parts: Int16Array[]): void {
  for (const samples of parts) {
    for (let at = 0; at < samples.length; at += 160) {
      const mulaw = encodeMulaw(samples.slice(at, at + 160));
      level.feed(mulaw.toBase64(), mulaw.length / 8);
    }
  }
}

/** Speech at -20 dBFS, changed by `gainDb`. */
function speech(ms: number, gainDb = 0): Int16Array {
  return speechLike(ms).map((sample) => sample * 10 ** (gainDb / 20));
}

const click = Int16Array.from({ length: 160 }, (_, index) => 30_000 * Math.cos(index));

Deno.test("CallerLevel reports a sound 12 dB below the caller's speech as quiet", () => {
  for (const gainDb of [-12, -6, 0, 6]) {
    const level = new CallerLevelMeter();
    feed(level, speech(3_000), silence(1_000), speech(400, gainDb));
    assertAlmostEquals(level.relativeDb, gainDb, 1.5);
    feed(level, silence(1_000));
    assertAlmostEquals(level.relativeDb, gainDb, 1.5, "also after its end");
  }
});

Deno.test("CallerLevel compares with the caller's usual level, which a few other sounds do not change", () => {
  const level = new CallerLevelMeter();
  feed(level, speech(10_000), silence(500));
  for (let sound = 0; sound < 5; sound++) feed(level, speech(300, -14), silence(500));
  feed(level, speech(400, -14));
  assertAlmostEquals(level.relativeDb, -14, 2);
});

Deno.test("CallerLevel follows a caller who moves away from the phone", () => {
  const level = new CallerLevelMeter();
  feed(level, speech(60_000), silence(500));
  for (let turn = 0; turn < 20; turn++) feed(level, speech(4_000, -10), silence(500));
  feed(level, speech(1_000, -10));
  assertAlmostEquals(level.relativeDb, 0, 1.5);
});

Deno.test("CallerLevel reports no sound as quiet before it has measured half a second of speech", () => {
  const level = new CallerLevelMeter();
  feed(level, speech(400), silence(500), speech(400, -14));
  assertEquals(level.relativeDb, 0);
});

Deno.test("CallerLevel reports edges 60 ms after the onset and 300 ms after the end of a sound", () => {
  const level = new CallerLevelMeter();
  const edges: [speaking: boolean, atMs: number][] = [];
  let fedMs = 0;
  level.onEdge((speaking) => edges.push([speaking, fedMs]));
  for (const part of [silence(500), noise(700, -20), silence(1_000)]) {
    for (let at = 0; at < part.length; at += 160) {
      fedMs += 20;
      feed(level, part.slice(at, at + 160));
    }
  }
  assertEquals(edges, [[true, 560], [false, 1_500]]);
});

Deno.test("CallerLevel counts the voice of an utterance without its pauses, from its onset", () => {
  const level = new CallerLevelMeter();
  feed(level, silence(200), noise(200, -20), silence(200), noise(300, -20));
  assertEquals([level.voicedMs, level.silentForMs], [500, 0]);
  feed(level, silence(400));
  assertEquals([level.speaking, level.voicedMs, level.silentForMs], [false, 500, 400]);
  feed(level, noise(80, -20));
  assertEquals([level.speaking, level.voicedMs, level.silentForMs], [true, 80, 0]);
});

Deno.test("CallerLevel ignores clicks, also before the next utterance", () => {
  const level = new CallerLevelMeter();
  feed(level, silence(500));
  assertEquals(level.silentForMs, Infinity);
  for (let n = 0; n < 10; n++) feed(level, click, silence(480));
  assertEquals([level.speaking, level.voicedMs], [false, 0]);
  feed(level, noise(200, -20));
  assertEquals(level.voicedMs, 200);
});

Deno.test("CallerLevel is silent in steady noise, and hears speech above it", () => {
  const level = new CallerLevelMeter();
  feed(level, noise(30_000, -45));
  assertEquals(level.speaking, false);
  feed(level, speech(1_000));
  assert(level.speaking);
});

Deno.test("CallerLevel measures frames of any length alike", () => {
  const samples = Int16Array.from([...speech(1_000), ...silence(600), ...speech(333, -6)]);
  const [whole, frames, odd] = [new CallerLevelMeter(), new CallerLevelMeter(), new CallerLevelMeter()];
  const mulaw = encodeMulaw(samples);
  whole.feed(mulaw.toBase64(), mulaw.length / 8);
  feed(frames, samples);
  for (let at = 0; at < mulaw.length; at += 37) {
    const part = mulaw.slice(at, at + 37);
    odd.feed(part.toBase64(), part.length / 8);
  }
  const values = (
    { speaking, voicedMs, relativeDb, silentForMs }: CallerLevelMeter,
  ) => [speaking, voicedMs, relativeDb, silentForMs];
  assertEquals(values(frames), values(whole));
  assertEquals(values(odd), values(whole));
  assert(whole.voicedMs > 0);
});
