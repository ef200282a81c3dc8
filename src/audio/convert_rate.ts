import { recordingFilter } from "./low_pass.js";
import { Resampler } from "./resampler.js";

/**
 * Converts a whole recording to another sample rate, without a shift in time.
 *
 * @param samples 16-bit samples.
 * @param from Samples per second of `samples`, an integer.
 * @param to Samples per second of the result, an integer.
 * @returns `Math.round(samples.length * to / from)` samples.
 */
export function convertRate(samples: Int16Array, from: number, to: number): Int16Array<ArrayBuffer> {
  const resampler = new Resampler(recordingFilter(from, to));
  const converted = new Int16Array(Math.round(samples.length * to / from));
  const written = resampler.processInto(samples, converted);
  resampler.flushInto(converted.subarray(written));
  return converted;
}
