import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { dtmfTones } from "../../src/audio/dtmf.ts";
import { decodeMulaw } from "../../src/audio/mod.ts";
import { level, signalToNoise } from "./sound.ts";
import { milliwatt, toneLevel } from "./tones.ts";

/** ITU-T Q.23, table 1: Hz of each key. */
const Q23: Record<string, [low: number, high: number]> = {
  "1": [697, 1209],
  "2": [697, 1336],
  "3": [697, 1477],
  "A": [697, 1633],
  "4": [770, 1209],
  "5": [770, 1336],
  "6": [770, 1477],
  "B": [770, 1633],
  "7": [852, 1209],
  "8": [852, 1336],
  "9": [852, 1477],
  "C": [852, 1633],
  "*": [941, 1209],
  "0": [941, 1336],
  "#": [941, 1477],
  "D": [941, 1633],
};
const FREQUENCIES = [...new Set(Object.values(Q23).flat())];
/** Samples in a millisecond. */
const MS = 8;

/** The key's sound while it is steady: 90 ms of it. */
const steady = (key: string) => decodeMulaw(dtmfTones(key)).subarray(5 * MS, 95 * MS);

Deno.test("dtmfTones() has each key's two frequencies, and no other", () => {
  for (const [key, pair] of Object.entries(Q23)) {
    for (const hertz of FREQUENCIES) {
      const heard = toneLevel(steady(key), hertz) - toneLevel(steady(key), pair[0]);
      assertEquals(heard > -20, pair.includes(hertz), `${key}: ${hertz} Hz at ${heard.toFixed(1)} dB`);
    }
  }
});

Deno.test("dtmfTones() keeps its frequencies far within the 1.5 % that every receiver of Q.24 allows", () => {
  for (const [key, pair] of Object.entries(Q23)) {
    for (const hertz of pair) {
      const near = [-0.01, -0.005, 0, 0.005, 0.01].map((off) => toneLevel(steady(key), hertz * (1 + off)));
      assertEquals(near.indexOf(Math.max(...near)), 2, `${key}: ${hertz} Hz`);
    }
  }
});

Deno.test("dtmfTones() sends -7 dBm0 and -5 dBm0, the high one louder, and hardly anything else", () => {
  const zero = level(milliwatt());
  const peak = (dbm0: number) => Math.SQRT2 * 10 ** ((zero + dbm0) / 20);
  for (const [key, [low, high]] of Object.entries(Q23)) {
    const samples = steady(key);
    assertAlmostEquals(toneLevel(samples, low) - zero, -7, 0.3, `${key}: row`);
    assertAlmostEquals(toneLevel(samples, high) - zero, -5, 0.3, `${key}: column`);
    const wanted = Float64Array.from(samples, (_, i) => {
      const turn = 2 * Math.PI * (i + 5 * MS) / 8000;
      return peak(-7) * Math.sin(turn * low) + peak(-5) * Math.sin(turn * high);
    });
    // Q.23 wants 20 dB; µ-law leaves about 37.
    assert(signalToNoise(wanted, samples) > 34, `${key}: ${signalToNoise(wanted, samples)} dB`);
  }
});

Deno.test("dtmfTones() is 100 ms of tone and 100 ms of silence for each digit; w and W are pauses", () => {
  const samples = decodeMulaw(dtmfTones("1w2W"));
  assertEquals(samples.length, (200 + 500 + 200 + 1_000) * MS);
  const loud = (from: number, to: number) => level(samples.subarray(from * MS, to * MS)) > 0;
  assertEquals([loud(0, 100), loud(100, 700), loud(700, 800), loud(800, 1_900)], [true, false, true, false]);
  assertEquals(dtmfTones("").length, 0);
});

Deno.test("dtmfTones() neither clips nor clicks: tones rise from nothing and fall to it", () => {
  for (const key of Object.keys(Q23)) {
    const samples = decodeMulaw(dtmfTones(key));
    assert(Math.max(...samples.map(Math.abs)) < 24_000, key);
    for (const edge of [samples.subarray(0, MS), samples.subarray(99 * MS, 100 * MS)]) {
      assert(Math.max(...edge.map(Math.abs)) < 3_500, key);
    }
  }
});

Deno.test("dtmfTones() refuses what no keypad has, and more than 40 digits", () => {
  for (const bad of ["a", "E", " ", "-", "+", "ß", "☎", "\u0661"]) {
    assertThrows(() => dtmfTones(`12${bad}3`), TypeError, `Cannot play the digit "${bad}"`);
  }
  assertEquals(dtmfTones("1".repeat(40)).length, 40 * 200 * MS);
  assertThrows(() => dtmfTones("1".repeat(41)), TypeError, "Cannot play 41 digits");
});
