/** Steps, ticks and labels of an axis. */

/** Steps of a time axis (ms). */
const TIME_STEPS = [100, 200, 500]
  .concat([1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800].map((seconds) => seconds * 1_000));

/**
 * The smallest step (ms) with at least `minPixels` between ticks.
 *
 * @param {number} msPerPixel
 * @param {number} minPixels
 */
export function timeStep(msPerPixel, minPixels) {
  return TIME_STEPS.find((step) => step >= msPerPixel * minPixels) ?? 3_600_000;
}

/**
 * Multiples of `step` from `from` to `to`, both included.
 *
 * @param {number} from
 * @param {number} to
 * @param {number} step
 */
export function ticks(from, to, step) {
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, at) => (first + at) * step);
}

/**
 * A time in a call as `1:05`, rounded down, with a decimal when `step` needs one.
 *
 * @param {number} ms
 * @param {number} [step] Distance of the ticks (ms).
 */
export function clockText(ms, step = 1_000) {
  const unit = step % 1_000 === 0 ? 1_000 : 100;
  const whole = Math.floor(Math.max(0, ms) / unit + 1e-6) * unit;
  const seconds = (whole % 60_000 / 1_000).toFixed(unit === 100 ? 1 : 0);
  return `${Math.floor(whole / 60_000)}:${seconds.padStart(unit === 100 ? 4 : 2, "0")}`;
}

/**
 * An axis from 0 to `top`, the first tick at or above `max`. Its step is 1, 2 or 5 times a power of ten. With
 * a `max` of 0 it goes to 1.
 *
 * @param {number} max
 * @param {number} [count] About how many steps.
 * @param {number} [minStep]
 * @returns {{ top: number, step: number }}
 */
export function valueAxis(max, count = 4, minStep = 0) {
  const highest = max > 0 ? max : 1;
  const rough = highest / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    minStep,
    ([1, 2, 5].find((each) => each * power >= rough * (1 - 1e-9)) ?? 10) * power,
  );
  return { top: step * Math.ceil(highest / step - 1e-9), step };
}
