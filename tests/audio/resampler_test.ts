import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { speechFilter } from "../../src/audio/low_pass.js";
import { Resampler } from "../../src/audio/resampler.js";
import { randomFrom } from "../support/random.ts";
import sox from "./sox.json" with { type: "json" };
import { level, randomChunks, signalToNoise, sines } from "./signals.ts";

const RATES = [8000, 16000, 24000];
const PAIRS = RATES.flatMap((from) => RATES.map((to) => ({ from, to })));
const CHANGES = PAIRS.filter(({ from, to }) => from !== to);

function convert(samples: Int16Array, from: number, to: number): Int16Array {
  const resampler = new Resampler(speechFilter(from, to));
  return Int16Array.from([...resampler.process(samples), ...resampler.flush()]);
}

for (const { from, to, samples } of sox.conversions) {
  Deno.test(`Resampler from ${from} to ${to} matches sox within 75 dB, without a shift`, () => {
    const expected = new Int16Array(decodeBase64(samples).buffer);
    const ours = convert(sines([300, 1000, 3000], from, 0.05, 8000), from, to);
    assertEquals(ours.length, expected.length);
    // Filters ring differently at the ends.
    const snr = signalToNoise(expected, ours, to * 0.015);
    assert(snr > 75, `${snr} dB`);
  });
}

for (const { from, to } of PAIRS) {
  Deno.test(`Resampler from ${from} to ${to} has the same output for any chunks`, () => {
    const next = randomFrom(from + to);
    const input = Int16Array.from({ length: 5003 }, () => 65536 * next() - 32768);
    const whole = convert(input, from, to);
    assertEquals(whole.length, Math.round(input.length * to / from));
    for (const longest of [1, 2, 3, 7, 160, 2500]) {
      const resampler = new Resampler(speechFilter(from, to));
      const actual: number[] = [];
      for (const chunk of randomChunks(input, longest, next)) {
        const most = Math.ceil(chunk.length * to / from);
        const due = resampler.outputLength(chunk.length);
        assert(due <= most, `${due} samples of ${most}`);
        const output = resampler.process(chunk);
        assertEquals(output.length, due);
        actual.push(...output);
      }
      actual.push(...resampler.flush());
      assertEquals(actual, [...whole]);
    }
  });

  Deno.test(`Resampler from ${from} to ${to} delays by delayMs, at most 4 ms, and restarts after flush`, () => {
    const resampler = new Resampler(speechFilter(from, to));
    assert(resampler.delayMs <= 4);
    const second = new Int16Array(from).fill(1000);
    const first = resampler.process(second);
    assertAlmostEquals(1000 * (to - first.length) / to, resampler.delayMs, 1000 / from);
    const tail = resampler.flush();
    assertEquals(first.length + tail.length, to);
    assertEquals(resampler.flush().length, 0);
    assertEquals([...resampler.process(second), ...resampler.flush()], [...first, ...tail]);
  });
}

/** Output at the tone's frequency, and the rest of the output, in dB relative to the tone. */
function response(from: number, to: number, hz: number): { gain: number; besides: number } {
  const tone = sines([hz], from, 0.25, 30000);
  const actual = convert(tone, from, to);
  const edge = to * 0.025; // whole periods remain between the edges
  let [s, c] = [0, 0];
  for (let i = edge; i < actual.length - edge; i++) {
    s += (actual[i] ?? 0) * Math.sin(2 * Math.PI * hz * i / to);
    c += (actual[i] ?? 0) * Math.cos(2 * Math.PI * hz * i / to);
  }
  [s, c] = [2 * s / (actual.length - 2 * edge), 2 * c / (actual.length - 2 * edge)];
  const rest = Array.from(actual, (sample, i) => {
    const phase = 2 * Math.PI * hz * i / to;
    return sample - s * Math.sin(phase) - c * Math.cos(phase);
  });
  return { gain: 20 * Math.log10(Math.hypot(s, c) / 30000), besides: level(rest, edge) - level(tone) };
}

for (const { from, to } of CHANGES) {
  const scale = Math.min(from, to) / 8000;
  Deno.test(`Resampler from ${from} to ${to} passes tones up to ${3400 * scale} Hz unchanged, without images`, () => {
    for (let hz = 100; hz <= 3400; hz += 100) {
      const { gain, besides } = response(from, to, hz * scale);
      assertAlmostEquals(gain, 0, 0.001, `${hz * scale} Hz`);
      assert(besides < -80, `${hz * scale} Hz has an image of ${besides} dB`);
    }
  });

  if (from < to) continue;
  Deno.test(`Resampler from ${from} to ${to} aliases no tone from ${4600 * scale} Hz on`, () => {
    for (let hz = 4600 * scale; hz < from / 2; hz += 100) {
      const tone = sines([hz], from, 0.25, 30000);
      const heard = level(convert(tone, from, to), to * 0.025) - level(tone);
      assert(heard < -80, `${hz} Hz: ${heard} dB`);
    }
  });
}

for (const to of [16000, 24000] as const) {
  Deno.test(`Resampler from 8000 to ${to} and back leaves speech unchanged`, () => {
    const speech = new Int16Array(decodeBase64(sox.speechAt8000).buffer);
    const back = convert(convert(speech, 8000, to), to, 8000);
    assertEquals(back.length, speech.length);
    const snr = signalToNoise(speech, back, 30);
    assert(snr > 75, `${snr} dB`);
    const inner = speech.subarray(30, -30);
    const changed = inner.filter((sample, i) => sample !== back[i + 30]).length;
    assert(changed < inner.length / 100, `${changed} of ${inner.length} samples changed`);
  });
}

Deno.test("Resampler saturates when the filter overshoots", () => {
  for (const { from, to } of CHANGES) {
    const square = Int16Array.from(
      { length: from / 10 },
      (_, i) => i % (from / 100) < from / 200 ? 32767 : -32768,
    );
    const actual = convert(square, from, to);
    assertEquals([Math.min(...actual), Math.max(...actual)], [-32768, 32767]);
    const [period, near] = [to / 100, to / 4000];
    for (const [i, sample] of actual.entries()) {
      const into = i % (period / 2);
      if (into < near || into > period / 2 - near) continue;
      assert((sample > 0) === (i % period < period / 2), `${sample} at ${i} from ${from} to ${to}`);
    }
  }
});

Deno.test("Resampler keeps silence", () => {
  assertEquals([...convert(new Int16Array(400), 8000, 24000)], Array(1200).fill(0));
  assertEquals(convert(new Int16Array(), 8000, 24000).length, 0);
});

Deno.test("Resampler.processInto() throws without consuming input when the array is too short", () => {
  const input = sines([440], 24000, 0.1, 9000);
  const expected = convert(input, 24000, 8000);
  const resampler = new Resampler(speechFilter(24000, 8000));
  const out = new Int16Array(expected.length);
  assertThrows(
    () => resampler.processInto(input, new Int16Array(771)),
    RangeError,
    "Cannot resample: 772 samples do not fit in an array of 771",
  );
  assertEquals(resampler.processInto(input, out), 772);
  assertThrows(() => resampler.flushInto(new Int16Array(27)), RangeError, "28 samples do not fit");
  assertEquals(resampler.flushInto(out.subarray(772)), 28);
  assertEquals([...out], [...expected]);
});

Deno.test("speechFilter() throws for other rates", () => {
  assertThrows(
    () => speechFilter(11025, 8000),
    RangeError,
    "Cannot convert from 11025 to 8000 samples per second: each must be one of 8000, 16000, 24000",
  );
});
