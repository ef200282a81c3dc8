/** The filter between a telephone line and a browser's sound device, by way of the shared resampler. */

import { assert, assertEquals } from "@std/assert";
import { soundDeviceFilter } from "../../src/audio/low_pass.js";
import { Resampler } from "../../src/audio/resampler.js";
import { randomFrom } from "../support/random.ts";
import { level, randomChunks, signalToNoise, sines } from "./signals.ts";

const LINE = 8_000;
/** Browsers run at 44.1 and 48 kHz mostly, headsets at 16, audio interfaces at 96 and 192. */
const RATES = [11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000];
const FULL = 32_000;

function record(samples: Int16Array, rate: number): Int16Array {
  const resampler = new Resampler(soundDeviceFilter(rate, LINE));
  return Int16Array.from([...resampler.process(samples), ...resampler.flush()]);
}

/** Plays the line's samples, then silence, in blocks of these lengths. */
function play(samples: Int16Array, rate: number, blocks: number[]): Int16Array {
  const resampler = new Resampler(soundDeviceFilter(LINE, rate));
  let at = 0;
  return Int16Array.from(blocks.flatMap((length) => {
    const out = new Int16Array(length);
    resampler.pullInto(out, () => samples[at++] ?? 0);
    return [...out];
  }));
}

for (const rate of RATES) {
  Deno.test(`soundDeviceFilter() keeps telephone speech within -70 dB between 8000 and ${rate} Hz`, () => {
    const { delayMs } = new Resampler(soundDeviceFilter(rate, LINE));
    assert(delayMs > 1 && delayMs < 3.5, `${delayMs} ms`);
    for (const hertz of [50, 300, 1_000, 3_400]) {
      const [line, device] = [sines([hertz], LINE, 1, FULL), sines([hertz], rate, 1, FULL)];
      const recorded = signalToNoise(line, record(device, rate), 40);
      assert(recorded > 70, `${hertz} Hz down: ${recorded} dB`);
      const played = signalToNoise(device, play(line, rate, [rate]), Math.round(rate / 200));
      assert(played > 70, `${hertz} Hz up: ${played} dB`);
    }
  });

  Deno.test(`soundDeviceFilter() removes what a telephone does not carry from ${rate} Hz`, () => {
    for (const hertz of [4_600, 5_000, 7_000, 12_000, 21_000].filter((hertz) => hertz < rate / 2)) {
      const tone = sines([hertz], rate, 0.5, FULL);
      const left = level(record(tone, rate), 40) - level(tone);
      assert(left < -75, `${hertz} Hz: ${left} dB`);
    }
  });

  Deno.test(`Resampler output does not depend on the block length at ${rate} Hz`, () => {
    const [line, device] = [sines([440], LINE, 0.1, FULL), sines([440], rate, 0.1, FULL)];
    const resampler = new Resampler(soundDeviceFilter(rate, LINE));
    const recorded = [...randomChunks(device, 300, randomFrom(rate))].flatMap((
      chunk,
    ) => [...resampler.process(chunk)]);
    assertEquals([...recorded, ...resampler.flush()], [...record(device, rate)]);
    assertEquals(play(line, rate, [1, 128, 0, 871]), play(line, rate, [1_000]));
  });

  Deno.test(`Resampler neither gains nor loses time over 10 s at ${rate} Hz`, () => {
    const input = new Int16Array(128);
    const down = new Resampler(soundDeviceFilter(rate, LINE));
    let recorded = 0, requested = 0;
    for (let i = 0; i < rate * 10; i += 128) recorded += down.process(input).length;
    const lead = down.delayMs * LINE / 1_000;
    assert(Math.abs(recorded + lead - Math.ceil(rate * 10 / 128) * 128 * LINE / rate) < 1, `${recorded}`);
    const up = new Resampler(soundDeviceFilter(LINE, rate));
    for (let i = 0; i < rate * 10; i += 128) up.pullInto(input, () => requested++ * 0);
    const played = Math.ceil(rate * 10 / 128) * 128 * LINE / rate;
    assert(Math.abs(requested - up.delayMs * LINE / 1_000 - played) < 1.01, `${requested} of ${played}`);
  });
}

Deno.test("Resampler.pullInto() requests each sample for the first output that needs it", () => {
  const resampler = new Resampler(soundDeviceFilter(LINE, 16_000));
  resampler.process(new Int16Array(resampler.delayMs * LINE / 1_000));
  const indices: number[] = [];
  resampler.pullInto(new Int16Array(8), (index) => indices.push(index) * 0);
  assertEquals(indices, [0, 2, 4, 6]);
});

Deno.test("Resampler changes nothing at equal rates", () => {
  const samples = sines([1_000], LINE, 0.1, FULL);
  const resampler = new Resampler(soundDeviceFilter(LINE, LINE));
  assertEquals([resampler.delayMs, ...resampler.process(samples)], [0, ...samples]);
  assertEquals(play(samples, LINE, [samples.length]), samples);
});
