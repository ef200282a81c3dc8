import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { dtmfTones } from "../../src/audio/dtmf.ts";
import { decodeMulaw } from "../../src/audio/g711.js";
import { level, signalToNoise } from "./signals.ts";
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
/** Samples per millisecond. */
const MS = 8;

/** The 90 ms of a key's tone between its fades. */
const steady = (key: string) => decodeMulaw(dtmfTones(key)).subarray(5 * MS, 95 * MS);

Deno.test("dtmfTones() contains the two frequencies of each key and no other", () => {
  for (const [key, pair] of Object.entries(Q23)) {
    for (const hertz of FREQUENCIES) {
      const heard = toneLevel(steady(key), hertz) - toneLevel(steady(key), pair[0]);
      assertEquals(heard > -20, pair.includes(hertz), `${key}: ${hertz} Hz at ${heard.toFixed(1)} dB`);
    }
  }
});

Deno.test("dtmfTones() has frequencies within 0.5 %, less than the 1.5 % of ITU-T Q.24", () => {
  for (const [key, pair] of Object.entries(Q23)) {
    for (const hertz of pair) {
      const near = [-0.01, -0.005, 0, 0.005, 0.01].map((off) => toneLevel(steady(key), hertz * (1 + off)));
      assertEquals(near.indexOf(Math.max(...near)), 2, `${key}: ${hertz} Hz`);
    }
  }
});

Deno.test("dtmfTones() has -7 dBm0 and -5 dBm0 and a signal-to-noise ratio above 34 dB", () => {
  const zero = level(milliwatt());
  const peak = (dbm0: number) => Math.SQRT2 * 10 ** ((zero + dbm0) / 20);
  for (const [key, [low, high]] of Object.entries(Q23)) {
    const samples = steady(key);
    assertAlmostEquals(toneLevel(samples, low) - zero, -7, 0.3, `${key}: row`);
    assertAlmostEquals(toneLevel(samples, high) - zero, -5, 0.3, `${key}: column`);
    const expected = Float64Array.from(samples, (_, i) => {
      const turn = 2 * Math.PI * (i + 5 * MS) / 8000;
      return peak(-7) * Math.sin(turn * low) + peak(-5) * Math.sin(turn * high);
    });
    // Q.23 requires 20 dB; µ-law allows about 37.
    assert(signalToNoise(expected, samples) > 34, `${key}: ${signalToNoise(expected, samples)} dB`);
  }
});

Deno.test("dtmfTones() has 100 ms of tone and 100 ms of silence per digit, and pauses for w and W", () => {
  const samples = decodeMulaw(dtmfTones("1w2W"));
  assertEquals(samples.length, (200 + 500 + 200 + 1_000) * MS);
  const loud = (from: number, to: number) => level(samples.subarray(from * MS, to * MS)) > 0;
  assertEquals([loud(0, 100), loud(100, 700), loud(700, 800), loud(800, 1_900)], [true, false, true, false]);
  assertEquals(dtmfTones("").length, 0);
});

Deno.test("dtmfTones() neither clips nor clicks", () => {
  for (const key of Object.keys(Q23)) {
    const samples = decodeMulaw(dtmfTones(key));
    assert(Math.max(...samples.map(Math.abs)) < 24_000, key);
    for (const edge of [samples.subarray(0, MS), samples.subarray(99 * MS, 100 * MS)]) {
      assert(Math.max(...edge.map(Math.abs)) < 3_500, key);
    }
  }
});

Deno.test("dtmfTones() throws for unknown keys and for more than 40 digits", () => {
  for (const bad of ["a", "E", " ", "-", "+", "ß", "☎", "\u0661"]) {
    assertThrows(() => dtmfTones(`12${bad}3`), TypeError, `Cannot play the digit "${bad}"`);
  }
  assertEquals(dtmfTones("1".repeat(40)).length, 40 * 200 * MS);
  assertThrows(() => dtmfTones("1".repeat(41)), TypeError, "Cannot play 41 digits");
});
