import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { type Rate, Resampler } from "../../src/audio/mod.ts";
import { CONVERTED, SPEECH_AT_8000 } from "./known_conversions.ts";
import { level, pieces, random, signalToNoise, sines } from "./sound.ts";

const RATES: Rate[] = [8000, 16000, 24000];
const PAIRS = RATES.flatMap((from) => RATES.map((to) => ({ from, to })));
const CHANGES = PAIRS.filter(({ from, to }) => from !== to);

function convert(samples: Int16Array, from: Rate, to: Rate): Int16Array {
  const resampler = new Resampler(from, to);
  return Int16Array.from([...resampler.process(samples), ...resampler.flush()]);
}

for (const { from, to, samples } of CONVERTED) {
  Deno.test(`converts ${from} to ${to} as sox does, at the same moments`, () => {
    const sox = new Int16Array(decodeBase64(samples).buffer);
    const ours = convert(sines([300, 1000, 3000], from, 0.05, 8000), from, to);
    assertEquals(ours.length, sox.length);
    // Beyond its ends the sound is cut off, and every filter rings there in its own way.
    const snr = signalToNoise(sox, ours, to * 0.015);
    assert(snr > 75, `${snr} dB`);
  });
}

for (const { from, to } of PAIRS) {
  Deno.test(`gives one output from ${from} to ${to}, however the input is cut`, () => {
    const next = random(from + to);
    const input = Int16Array.from({ length: 5003 }, () => 65536 * next() - 32768);
    const whole = convert(input, from, to);
    assertEquals(whole.length, Math.round(input.length * to / from));
    for (const longest of [1, 2, 3, 7, 160, 2500]) {
      const resampler = new Resampler(from, to);
      const got: number[] = [];
      for (const piece of pieces(input, longest, next)) {
        const most = Math.ceil(piece.length * to / from);
        const due = resampler.outputLength(piece.length);
        assert(due <= most, `${due} samples of ${most}`);
        const made = resampler.process(piece);
        assertEquals(made.length, due);
        got.push(...made);
      }
      got.push(...resampler.flush());
      assertEquals(got, [...whole]);
    }
  });

  Deno.test(`from ${from} to ${to} waits for as long as it says, at most 4 ms, and is new after flush`, () => {
    const resampler = new Resampler(from, to);
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

/** What comes out at the tone's frequency, and what comes out besides, in dB against the tone. */
function answer(from: Rate, to: Rate, hz: number): { gain: number; besides: number } {
  const tone = sines([hz], from, 0.25, 30000);
  const got = convert(tone, from, to);
  const edge = to * 0.025; // whole periods remain between the edges
  let [s, c] = [0, 0];
  for (let i = edge; i < got.length - edge; i++) {
    s += (got[i] ?? 0) * Math.sin(2 * Math.PI * hz * i / to);
    c += (got[i] ?? 0) * Math.cos(2 * Math.PI * hz * i / to);
  }
  [s, c] = [2 * s / (got.length - 2 * edge), 2 * c / (got.length - 2 * edge)];
  const rest = Array.from(got, (sample, i) => {
    const phase = 2 * Math.PI * hz * i / to;
    return sample - s * Math.sin(phase) - c * Math.cos(phase);
  });
  return { gain: 20 * Math.log10(Math.hypot(s, c) / 30000), besides: level(rest, edge) - level(tone) };
}

for (const { from, to } of CHANGES) {
  const scale = Math.min(from, to) / 8000;
  Deno.test(`from ${from} to ${to} every tone up to ${3400 * scale} Hz stays as loud, and alone`, () => {
    for (let hz = 100; hz <= 3400; hz += 100) {
      const { gain, besides } = answer(from, to, hz * scale);
      assertAlmostEquals(gain, 0, 0.001, `${hz * scale} Hz`);
      assert(besides < -80, `${hz * scale} Hz has an image of ${besides} dB`);
    }
  });

  if (from < to) continue;
  Deno.test(`from ${from} to ${to} no tone from ${4600 * scale} Hz on comes down`, () => {
    for (let hz = 4600 * scale; hz < from / 2; hz += 100) {
      const tone = sines([hz], from, 0.25, 30000);
      const heard = level(convert(tone, from, to), to * 0.025) - level(tone);
      assert(heard < -80, `${hz} Hz: ${heard} dB`);
    }
  });
}

for (const to of [16000, 24000] as const) {
  Deno.test(`speech that went from 8000 to ${to} and back is what it was`, () => {
    const speech = new Int16Array(decodeBase64(SPEECH_AT_8000).buffer);
    const back = convert(convert(speech, 8000, to), to, 8000);
    assertEquals(back.length, speech.length);
    const snr = signalToNoise(speech, back, 30);
    assert(snr > 75, `${snr} dB`);
    const inner = speech.subarray(30, -30);
    const changed = inner.filter((sample, i) => sample !== back[i + 30]).length;
    assert(changed < inner.length / 100, `${changed} of ${inner.length} samples changed`);
  });
}

Deno.test("saturates where the filter overshoots, and never wraps", () => {
  for (const { from, to } of CHANGES) {
    const square = Int16Array.from(
      { length: from / 10 },
      (_, i) => i % (from / 100) < from / 200 ? 32767 : -32768,
    );
    const got = convert(square, from, to);
    assertEquals([Math.min(...got), Math.max(...got)], [-32768, 32767]);
    const [period, near] = [to / 100, to / 4000];
    for (const [i, sample] of got.entries()) {
      const into = i % (period / 2);
      if (into < near || into > period / 2 - near) continue;
      assert((sample > 0) === (i % period < period / 2), `${sample} at ${i} from ${from} to ${to}`);
    }
  }
});

Deno.test("silence stays silence", () => {
  assertEquals([...convert(new Int16Array(400), 8000, 24000)], Array(1200).fill(0));
  assertEquals(convert(new Int16Array(), 8000, 24000).length, 0);
});

Deno.test("writes into what it is given, and takes nothing if there is no room", () => {
  const input = sines([440], 24000, 0.1, 9000);
  const wanted = convert(input, 24000, 8000);
  const resampler = new Resampler(24000, 8000);
  const out = new Int16Array(wanted.length);
  assertThrows(
    () => resampler.processInto(input, new Int16Array(771)),
    RangeError,
    "Cannot resample: 772 samples are due and the output has room for 771",
  );
  assertEquals(resampler.processInto(input, out), 772);
  assertThrows(() => resampler.flushInto(new Int16Array(27)), RangeError, "28 samples are due");
  assertEquals(resampler.flushInto(out.subarray(772)), 28);
  assertEquals([...out], [...wanted]);
});

Deno.test("refuses a rate it has no filter for", () => {
  const rate: number = 11025;
  assertThrows(
    // @ts-expect-error: a program in JavaScript may
    () => new Resampler(rate, 8000),
    RangeError,
    "Cannot convert from 11025 to 8000 samples a second: each must be one of 8000, 16000, 24000",
  );
});
