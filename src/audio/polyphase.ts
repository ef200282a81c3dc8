/** The low-pass filter, dealt out to the places an output sample can have between two input samples. */

import { designLowPass } from "./low_pass.ts";

/** Samples a second. */
export type Rate = 8000 | 16000 | 24000;

/** `up` output samples take the time of `down` input samples. */
export interface PolyphaseFilter {
  readonly up: number;
  readonly down: number;
  /** Weights in each phase: an odd number; the one in the middle belongs to the input sample at or before the output. */
  readonly taps: number;
  /** One set of weights for an output that lies 0, 1, … `up - 1` `up`ths of a sample behind an input sample. */
  readonly phases: readonly Float64Array[];
}

const RATES: readonly Rate[] = [8000, 16000, 24000];
const BY_OVERSAMPLING = [undefined, Float64Array.of(1), designLowPass(2), designLowPass(3)];
const FILTERS: ReadonlyMap<string, PolyphaseFilter> = new Map(
  RATES.flatMap((from) => RATES.map((to) => [`${from} ${to}`, deal(from, to)])),
);

/** The filter from one rate to another; each is computed once, when the program starts, and shared. */
export function polyphaseFilter(from: Rate, to: Rate): PolyphaseFilter {
  const filter = FILTERS.get(`${from} ${to}`);
  if (filter) return filter;
  throw new RangeError(
    `Cannot convert from ${from} to ${to} samples a second: each must be one of ${RATES.join(", ")}`,
  );
}

function deal(from: Rate, to: Rate): PolyphaseFilter {
  const common = from === to ? from : 8000;
  const [up, down] = [to / common, from / common];
  // The rates meet at `from * up`: that is so many times the lower of them.
  const oversampling = Math.max(up, down);
  const prototype = BY_OVERSAMPLING[oversampling] as Float64Array;
  const reach = (prototype.length - 1) / 2 / up;
  const taps = 2 * reach + 1;
  const phases = Array.from({ length: up }, (_, phase) => {
    // Beyond the prototype's end, which only phase 0 reaches on both sides, lies 0.
    return Float64Array.from({ length: taps }, (_, i) => {
      return (prototype[phase + (taps - 1 - i) * up] ?? 0) * up / oversampling;
    });
  });
  return { up, down, taps, phases };
}
