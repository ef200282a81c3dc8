/** Conversion of whole recordings from one sample rate to another; quality first, for nothing waits on it. */

import { kaiser, kaiserBeta, sinc } from "./low_pass.ts";

/** Images and aliases stay at least this far below the signal, in dB. */
const REJECTION = 80;
/** The pass band ends at this part of the lower rate's Nyquist frequency, and the stop band begins at that frequency. */
const PASS_BAND = 0.9;

/**
 * Converts a recording to another sample rate by a windowed-sinc low-pass filter (Kaiser window), evaluated only at
 * the moments of the new samples. No delay: the first sample stays the first. Beyond the ends lies silence.
 *
 * @param from Samples a second of `samples`, a whole number.
 * @param to Samples a second of the result, a whole number.
 */
export function convertRate(samples: Int16Array, from: number, to: number): Int16Array {
  if (from === to) return samples.slice();
  const common = greatestCommonDivisor(from, to);
  const [up, down] = [to / common, from / common];
  const { phases, reach } = designPhases(up, from, to);
  const converted = new Int16Array(Math.round(samples.length * to / from));
  for (let n = 0; n < converted.length; n++) {
    const middle = Math.floor(n * down / up);
    const taps = phases[n * down % up] as Float64Array;
    const first = Math.max(0, middle - reach);
    const last = Math.min(samples.length - 1, middle + reach + 1);
    let sum = 0;
    for (let i = first, k = first - middle + reach; i <= last; i++, k++) {
      sum += (samples[i] as number) * (taps[k] as number);
    }
    converted[n] = Math.max(-32768, Math.min(32767, Math.round(sum)));
  }
  return converted;
}

/** For each fraction of an input sample a new sample can lie at: the weights of its neighbours, `reach` on each side. */
function designPhases(up: number, from: number, to: number): { phases: Float64Array[]; reach: number } {
  const nyquist = Math.min(from, to) / 2 / from; // in cycles per input sample
  const cutoff = nyquist * (1 + PASS_BAND) / 2;
  const transition = nyquist * (1 - PASS_BAND);
  // The length, too, is by Kaiser and Schafer's formula.
  const beta = kaiserBeta(REJECTION);
  const reach = Math.ceil((REJECTION - 7.95) / (2.285 * 2 * Math.PI * transition) / 2);
  const phases = Array.from({ length: up }, (_, phase) => {
    const taps = Float64Array.from({ length: 2 * reach + 2 }, (_, k) => {
      const x = k - reach - phase / up;
      return sinc(2 * cutoff * x) * kaiser(x / (reach + 1), beta);
    });
    const gain = taps.reduce((sum, tap) => sum + tap, 0);
    return taps.map((tap) => tap / gain);
  });
  return { phases, reach };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
