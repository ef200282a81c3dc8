/** Steps and ticks of an axis. */

/** Steps of a time axis (ms). */
const TIME_STEPS = [
  100,
  200,
  500,
  1_000,
  2_000,
  5_000,
  10_000,
  15_000,
  30_000,
  60_000,
  120_000,
  300_000,
  600_000,
  900_000,
  1_800_000,
];

/**
 * The smallest step (ms) whose ticks stand at least `least` pixels apart.
 *
 * @param {number} msPerPixel
 * @param {number} least
 */
export function timeStep(msPerPixel, least) {
  return TIME_STEPS.find((step) => step >= msPerPixel * least) ?? 3_600_000;
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
 * A place in a call: `1:05`, with as many decimals as it takes to tell ticks of `step` (ms) apart. What has not passed
 * does not count.
 *
 * @param {number} ms
 */
export function clock(ms, step = 1_000) {
  const unit = step % 1_000 === 0 ? 1_000 : 100;
  const whole = Math.floor(Math.max(0, ms) / unit + 1e-6) * unit;
  const seconds = (whole % 60_000 / 1_000).toFixed(unit === 100 ? 1 : 0);
  return `${Math.floor(whole / 60_000)}:${seconds.padStart(unit === 100 ? 4 : 2, "0")}`;
}

/**
 * An axis of values from 0 to `top`, which is `max` or a little more: 1, 2 or 5 times a power of ten, about `count` of
 * them. Where there is only 0, it goes to 1.
 *
 * @param {number} max
 * @returns {{ top: number, step: number }}
 */
export function valueAxis(max, count = 4, least = 0) {
  const highest = max > 0 ? max : 1;
  const rough = highest / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    least,
    ([1, 2, 5].find((each) => each * power >= rough * (1 - 1e-9)) ?? 10) * power,
  );
  return { top: step * Math.ceil(highest / step - 1e-9), step };
}
