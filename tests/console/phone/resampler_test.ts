import { assert, assertEquals } from "@std/assert";
import { Resampler } from "../../../src/console/phone/resampler.js";

const LINE = 8_000;
/** What browsers run at: 44.1 and 48 kHz mostly, headsets at 16, interfaces at 96 and 192. */
const RATES = [11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000];

function tone(hertz: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from(
    { length: Math.round(rate * seconds) },
    (_, i) => Math.sin(2 * Math.PI * hertz * i / rate),
  );
}

function push(resampler: Resampler, ...chunks: Float32Array[]): number[] {
  const out: number[] = [];
  for (const chunk of chunks) resampler.push(chunk, (sample: number) => out.push(sample));
  return out;
}

/** Asks for all that these samples make at another rate. */
function pull(resampler: Resampler, samples: Float32Array, length: number): Float32Array {
  let at = 0;
  const out = new Float32Array(length);
  resampler.pull(out, () => samples[at++] ?? 0);
  return out;
}

/** How far what came out is from the tone it should be, once the filter is full (dB below a full one). */
function errorDb(out: ArrayLike<number>, hertz: number, rate: number, delay: number): number {
  let power = 0, count = 0;
  for (let i = Math.ceil(2 * delay * rate) + 1; i < out.length; i++) {
    const wanted = hertz === 0 ? 0 : Math.sin(2 * Math.PI * hertz * (i / rate - delay));
    power += ((out[i] ?? 0) - wanted) ** 2;
    count++;
  }
  return 10 * Math.log10(2 * power / count + 1e-20);
}

Deno.test("Resampler: speech comes out as it went in, later by its delay, from any rate and to any", () => {
  for (const rate of RATES) {
    const down = new Resampler(rate, LINE), up = new Resampler(LINE, rate);
    for (const delay of [down.delay, up.delay]) {
      assert(delay > 0.001 && delay < 0.0035, `${rate}: ${delay} s`);
    }
    for (const hertz of [50, 300, 1_000, 3_400]) {
      const spoken = push(new Resampler(rate, LINE), tone(hertz, rate, 1));
      assertEquals(spoken.length, LINE);
      const wrong = errorDb(spoken, hertz, LINE, down.delay);
      assert(wrong < -70, `${hertz} Hz from ${rate}: ${wrong} dB`);
      // The rest of what could be wrong is an image of the tone.
      const heard = pull(new Resampler(LINE, rate), tone(hertz, LINE, 1), rate);
      const image = errorDb(heard, hertz, rate, up.delay);
      assert(image < -70, `${hertz} Hz to ${rate}: ${image} dB`);
    }
  }
});

Deno.test("Resampler: what no telephone carries is gone, and does not come back as something else", () => {
  for (const rate of RATES) {
    for (const hertz of [4_600, 5_000, 7_000, 12_000, 21_000].filter((hertz) => hertz < rate / 2)) {
      const resampler = new Resampler(rate, LINE);
      const out = push(resampler, tone(hertz, rate, 0.5));
      const left = errorDb(out, 0, LINE, resampler.delay);
      assert(left < -75, `${hertz} Hz from ${rate}: ${left} dB`);
    }
  }
});

Deno.test("Resampler: it does not matter in what pieces it is given or asked", () => {
  for (const rate of RATES) {
    const samples = tone(440, rate, 0.1);
    const pieces = [
      samples.subarray(0, 1),
      samples.subarray(1, 1),
      samples.subarray(1, 130),
      samples.subarray(130),
    ];
    assertEquals(push(new Resampler(rate, LINE), ...pieces), push(new Resampler(rate, LINE), samples));
    const line = tone(440, LINE, 0.1);
    const whole = pull(new Resampler(LINE, rate), line, 1_000);
    const resampler = new Resampler(LINE, rate);
    let at = 0;
    const parts = [1, 128, 0, 871].flatMap((length) => {
      const out = new Float32Array(length);
      resampler.pull(out, () => line[at++] ?? 0);
      return [...out];
    });
    assertEquals(parts, [...whole]);
  }
});

Deno.test("Resampler: a second is a second, however long it goes on", () => {
  for (const rate of RATES) {
    const resampler = new Resampler(rate, LINE);
    const block = new Float32Array(128);
    let count = 0;
    for (let i = 0; i < rate * 10; i += 128) resampler.push(block, () => count++);
    assert(Math.abs(count - Math.ceil(rate * 10 / 128) * 128 * LINE / rate) < 1, `${rate}: ${count}`);
  }
});

Deno.test("Resampler: equal rates change nothing", () => {
  const samples = tone(1_000, LINE, 0.1);
  const resampler = new Resampler(LINE, LINE);
  assertEquals([resampler.delay, push(resampler, samples)], [0, [...samples]]);
  assertEquals(pull(new Resampler(LINE, LINE), samples, samples.length), samples);
});
