import { assert, assertEquals } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { convertRate } from "../../src/audio/convert_rate.ts";
import sox from "./sox.json" with { type: "json" };
import { level, signalToNoise, sines } from "./signals.ts";

/** Samples ignored at each end, where the filter rings. */
const EDGE = 200;

const RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000];

Deno.test("convertRate() matches sox's best converter within 75 dB", () => {
  const expected = new Int16Array(decodeBase64(sox.mixAt8000).buffer);
  const ours = convertRate(sines([300, 1000, 3000], 44100, 0.1, 8000), 44100, 8000);
  assertEquals(ours.length, expected.length);
  const snr = signalToNoise(expected, ours, EDGE);
  assert(snr > 75, `${snr} dB`);
});

for (const rate of RATES) {
  Deno.test(`convertRate() from ${rate} Hz keeps telephone tones in time and level`, () => {
    for (const hz of [300, 1000, 3400]) {
      const expected = sines([hz], 8000, 0.25, 20000);
      const actual = convertRate(sines([hz], rate, 0.25, 20000), rate, 8000);
      const snr = signalToNoise(expected.subarray(0, actual.length), actual, EDGE);
      assert(snr > 75, `${hz} Hz: ${snr} dB`);
    }
  });
}

for (const rate of RATES.slice(1)) {
  Deno.test(`convertRate() from ${rate} Hz aliases nothing above 4 kHz`, () => {
    for (const hz of [4050, 4600, 5400].filter((hz) => hz < rate / 2)) {
      const loud = sines([hz], rate, 0.25, 20000);
      const heard = level(convertRate(loud, rate, 8000), EDGE) - level(loud);
      assert(heard < -75, `${hz} Hz: ${heard} dB`);
    }
  });
}

Deno.test("convertRate() to 24 kHz creates no images", () => {
  const expected = sines([1000, 3000], 24000, 0.25, 10000);
  const actual = convertRate(sines([1000, 3000], 8000, 0.25, 10000), 8000, 24000);
  const snr = signalToNoise(expected, actual, EDGE);
  assert(snr > 75, `${snr} dB`);
});

Deno.test("convertRate() saturates when the filter overshoots", () => {
  const square = Int16Array.from({ length: 4800 }, (_, i) => i % 480 < 240 ? 32767 : -32768);
  const actual = convertRate(square, 48000, 8000);
  assert(
    actual.every((sample, i) =>
      i % 80 < 2 || i % 80 > 77 || [38, 39, 40, 41].includes(i % 80) || (sample > 0) === (i % 80 < 40)
    ),
  );
});

Deno.test("convertRate() keeps the duration and returns a new array", () => {
  assertEquals(convertRate(new Int16Array(22050), 22050, 8000).length, 8000);
  assertEquals(convertRate(new Int16Array(0), 44100, 8000).length, 0);
  const same = Int16Array.of(1, 2);
  const copy = convertRate(same, 8000, 8000);
  copy[0] = 9;
  assertEquals([...same], [1, 2]);
});
