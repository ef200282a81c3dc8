/**
 * Low-pass filters between two sample rates, in polyphase form for {@linkcode Resampler}.
 *
 * The service, the simulator and the browser console import this file.
 */

import { LINE_RATE } from "./line_format.js";

/**
 * A low-pass filter split into one set of weights for each position an output sample can have between two input samples.
 *
 * @typedef {object} PolyphaseFilter
 * @property {number} from Input samples per second.
 * @property {number} up `up` output samples last as long as `down` input samples.
 * @property {number} down
 * @property {number} taps Weights in each phase. Odd: the middle one weights the input sample at or before the output.
 * @property {readonly Float64Array[]} phases Phase `p` holds the weights for an output `p / up` samples after an input.
 */

/** Pass band edge as a fraction of the lower rate: 3,400 Hz at 8,000. */
export const PASS_BAND_END = 3400 / 8000;
/** Stop band edge as a fraction of the lower rate: 4,600 Hz at 8,000, symmetric to the pass band edge about Nyquist. */
export const STOP_BAND_START = 1 - PASS_BAND_END;
/** Attenuation of images and aliases (dB), at least. */
export const REJECTION = 80;
/**
 * Half the length of the speech filter in samples of the lower rate: 3.5 ms at 8,000. {@linkcode REJECTION} needs at
 * least 26.
 */
const REACH = 28;
/** Integration steps over the transition band. Four times as many change no tap by more than 3e-7. */
const STEPS = 1024;
/** Kaiser's window parameter for a rejection above 50 dB (Kaiser and Schafer, IEEE Trans. ASSP 28, 1980). */
const BETA = 0.1102 * (REJECTION - 8.7);

const SPEECH_RATES = [8000, 16000, 24000];
/**
 * Filters designed so far: one for each kind and pair of rates in use.
 *
 * @type {Map<string, PolyphaseFilter>}
 */
const filters = new Map();

/**
 * The filter for speech between a telephone line and a model. Speech converted up and back down is unchanged; see
 * {@linkcode designSquareRootNyquist}. Designing the filter takes about 5 ms.
 *
 * @param {number} from 8000, 16000 or 24000 samples per second.
 * @param {number} to Likewise.
 * @returns {PolyphaseFilter}
 * @throws {RangeError} for any other rate.
 */
export function speechFilter(from, to) {
  if (!SPEECH_RATES.includes(from) || !SPEECH_RATES.includes(to)) {
    throw new RangeError(
      `Cannot convert from ${from} to ${to} samples per second: each must be one of ${
        SPEECH_RATES.join(", ")
      }`,
    );
  }
  return cached(`speech ${from} ${to}`, () => designSpeechFilter(from, to));
}

/**
 * The filter between a telephone line and a sound device of any rate: flat to 3,400 Hz, 80 dB down at 4,600 Hz and
 * above, about 2 ms of delay.
 *
 * @param {number} from Samples per second, an integer. One of the two is {@linkcode LINE_RATE}.
 * @param {number} to Samples per second, an integer.
 * @returns {PolyphaseFilter}
 */
export function soundDeviceFilter(from, to) {
  const [passHz, stopHz] = [LINE_RATE * PASS_BAND_END, LINE_RATE * STOP_BAND_START];
  return cached(`device ${from} ${to}`, () => designKaiser(from, to, passHz, stopHz));
}

/**
 * The filter for whole recordings: flat to 90 % of the lower Nyquist frequency, 80 dB down at that frequency and above.
 *
 * @param {number} from Samples per second, an integer.
 * @param {number} to Samples per second, an integer.
 * @returns {PolyphaseFilter}
 */
export function recordingFilter(from, to) {
  const nyquist = Math.min(from, to) / 2;
  return cached(`recording ${from} ${to}`, () => designKaiser(from, to, 0.9 * nyquist, nyquist));
}

/**
 * @param {string} key
 * @param {() => PolyphaseFilter} design
 */
function cached(key, design) {
  let filter = filters.get(key);
  if (!filter) filters.set(key, filter = design());
  return filter;
}

/**
 * A square-root Nyquist filter: its impulse response at `oversampling` times the lower rate. It has `2 * 28 *
 * oversampling + 1` symmetric taps, whose sum is about `oversampling`.
 *
 * Up and down conversion use the same filter. Its squared gains at two frequencies mirrored at the lower rate's Nyquist
 * frequency add up to one. Audio that is converted up and back down is therefore unchanged, although each conversion has a
 * transition band. The gain in that band is `cos(π / 2 * p)`: `p` is the integral of a Kaiser window and rises from 0 to 1.
 * The cosine makes the gain √0.5 at the Nyquist frequency; the window keeps the impulse response short.
 *
 * @param {number} oversampling
 * @returns {Float64Array<ArrayBuffer>}
 */
export function designSquareRootNyquist(oversampling) {
  const width = (STOP_BAND_START - PASS_BAND_END) / STEPS;
  const gains = transitionGains();
  const taps = new Float64Array(2 * REACH * oversampling + 1);
  const middle = REACH * oversampling;
  for (let i = 0; i <= middle; i++) {
    const time = i / oversampling;
    let transition = 0;
    for (let k = 0; k < STEPS; k++) {
      const frequency = PASS_BAND_END + (k + 0.5) * width;
      transition += (gains[k] ?? 0) * Math.cos(2 * Math.PI * frequency * time);
    }
    // Inverse Fourier transform of an even spectrum: the pass band in closed form, the transition band as a sum.
    const tap = 2 * PASS_BAND_END * sinc(2 * PASS_BAND_END * time) + 2 * width * transition;
    taps[middle - i] = taps[middle + i] = tap;
  }
  return taps;
}

/** The filter's gains over the transition band, from 1 to 0. */
function transitionGains() {
  const window = Float64Array.from({ length: STEPS }, (_, i) => kaiser((2 * i + 1) / STEPS - 1));
  const area = window.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  return window.map((weight) => {
    const part = (before + weight / 2) / area;
    before += weight;
    return Math.cos(Math.PI / 2 * part);
  });
}

/**
 * @param {number} from
 * @param {number} to
 * @returns {PolyphaseFilter}
 */
function designSpeechFilter(from, to) {
  if (from === to) return identity(from);
  const [up, down] = [to / 8000, from / 8000];
  const oversampling = Math.max(up, down);
  const prototype = designSquareRootNyquist(oversampling);
  const reach = (prototype.length - 1) / 2 / up;
  return polyphase(from, up, down, reach, (x) => {
    return (prototype[Math.round((reach - x) * up)] ?? 0) * up / oversampling;
  });
}

/**
 * A sinc in a Kaiser window, whose length follows Kaiser and Schafer's formula.
 *
 * @param {number} from
 * @param {number} to
 * @param {number} passHz
 * @param {number} stopHz
 * @returns {PolyphaseFilter}
 */
function designKaiser(from, to, passHz, stopHz) {
  if (from === to) return identity(from);
  const common = greatestCommonDivisor(from, to);
  const transition = (stopHz - passHz) / from; // cycles per input sample
  const cutoff = (passHz + stopHz) / 2 / from;
  const reach = Math.ceil((REJECTION - 7.95) / (2.285 * 2 * Math.PI * transition) / 2);
  const filter = polyphase(from, to / common, from / common, reach, (x) => {
    return Math.abs(x) > reach ? 0 : sinc(2 * cutoff * x) * kaiser(x / reach);
  });
  const phases = filter.phases.map((weights) => {
    const gain = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / gain);
  });
  return { ...filter, phases };
}

/**
 * @param {number} from
 * @param {number} up
 * @param {number} down
 * @param {number} reach Input samples on each side of an output.
 * @param {(x: number) => number} weight Returns the weight of the input sample at distance `x` (in samples) after the output.
 * @returns {PolyphaseFilter}
 */
function polyphase(from, up, down, reach, weight) {
  const taps = 2 * reach + 1;
  const phases = Array.from({ length: up }, (_, phase) => {
    return Float64Array.from({ length: taps }, (_, i) => weight(i - reach - phase / up));
  });
  return { from, up, down, taps, phases };
}

/**
 * @param {number} rate
 * @returns {PolyphaseFilter}
 */
function identity(rate) {
  return { from: rate, up: 1, down: 1, taps: 1, phases: [Float64Array.of(1)] };
}

/**
 * The Kaiser window over -1 to 1, not normalised.
 *
 * @param {number} x
 */
function kaiser(x) {
  return bessel0(BETA * Math.sqrt(1 - x * x));
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/**
 * The modified Bessel function of the first kind and order 0, by its power series.
 *
 * @param {number} x
 */
function bessel0(x) {
  let sum = 1;
  for (let term = 1, k = 1; term > 1e-12 * sum; k++) sum += term *= (x / 2 / k) ** 2;
  return sum;
}

/**
 * @param {number} a
 * @param {number} b
 * @returns {number}
 */
function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
