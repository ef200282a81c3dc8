import { assert, assertEquals } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { convertRate } from "../../src/audio/convert_rate.ts";
import { MIX_AT_8000 } from "./known_wavs.ts";
import { level, signalToNoise, sines } from "./sound.ts";

/** Samples left out at each end: there the recording begins and ends. */
const EDGE = 200;

const RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000];

Deno.test("converts as sox's best converter does", () => {
  const sox = new Int16Array(decodeBase64(MIX_AT_8000).buffer);
  const ours = convertRate(sines([300, 1000, 3000], 44100, 0.1, 8000), 44100, 8000);
  assertEquals(ours.length, sox.length);
  const snr = signalToNoise(sox, ours, EDGE);
  assert(snr > 75, `${snr} dB`);
});

for (const rate of RATES) {
  Deno.test(`keeps every tone of a telephone at ${rate} Hz where and as loud as it was`, () => {
    for (const hz of [300, 1000, 3400]) {
      const wanted = sines([hz], 8000, 0.25, 20000);
      const got = convertRate(sines([hz], rate, 0.25, 20000), rate, 8000);
      const snr = signalToNoise(wanted.subarray(0, got.length), got, EDGE);
      assert(snr > 75, `${hz} Hz: ${snr} dB`);
    }
  });
}

for (const rate of RATES.slice(1)) {
  Deno.test(`lets nothing above 4 kHz fold down from ${rate} Hz`, () => {
    for (const hz of [4050, 4600, 5400].filter((hz) => hz < rate / 2)) {
      const loud = sines([hz], rate, 0.25, 20000);
      const heard = level(convertRate(loud, rate, 8000), EDGE) - level(loud);
      assert(heard < -75, `${hz} Hz: ${heard} dB`);
    }
  });
}

Deno.test("raises the rate without images", () => {
  const wanted = sines([1000, 3000], 24000, 0.25, 10000);
  const got = convertRate(sines([1000, 3000], 8000, 0.25, 10000), 8000, 24000);
  const snr = signalToNoise(wanted, got, EDGE);
  assert(snr > 75, `${snr} dB`);
});

Deno.test("saturates where the filter overshoots, and never wraps", () => {
  const square = Int16Array.from({ length: 4800 }, (_, i) => i % 480 < 240 ? 32767 : -32768);
  const got = convertRate(square, 48000, 8000);
  assert(
    got.every((sample, i) =>
      i % 80 < 2 || i % 80 > 77 || [38, 39, 40, 41].includes(i % 80) || (sample > 0) === (i % 80 < 40)
    ),
  );
});

Deno.test("keeps a recording's length in time, and its own copy", () => {
  assertEquals(convertRate(new Int16Array(22050), 22050, 8000).length, 8000);
  assertEquals(convertRate(new Int16Array(0), 44100, 8000).length, 0);
  const same = Int16Array.of(1, 2);
  const copy = convertRate(same, 8000, 8000);
  copy[0] = 9;
  assertEquals([...same], [1, 2]);
});
