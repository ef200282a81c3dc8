/** The drawing of a recording's levels. */

/**
 * The highest level in each of `count` equal parts of a stretch of time; 0 where there is no sound.
 *
 * @param {ArrayLike<number>} levels One each `everyMs`, 0 to 255.
 * @param {number} everyMs
 * @param {number} fromMs
 * @param {number} toMs
 * @param {number} count
 */
export function peaks(levels, everyMs, fromMs, toMs, count) {
  const found = new Uint8Array(count);
  const each = (toMs - fromMs) / count / everyMs;
  const first = fromMs / everyMs;
  for (let at = 0; at < count; at++) {
    const from = Math.floor(first + at * each);
    const to = Math.min(levels.length, Math.max(from + 1, Math.floor(first + (at + 1) * each)));
    for (let level = Math.max(0, from); level < to; level++) found[at] = Math.max(found[at], levels[level]);
  }
  return found;
}

/**
 * Equal parts of time that cover a stretch, each at least `least` ms and at least one level long. They begin at multiples
 * of their length, so that a waveform does not change while it scrolls.
 *
 * @param {number} fromMs
 * @param {number} toMs
 * @param {number} least
 * @param {number} everyMs
 */
export function parts(fromMs, toMs, least, everyMs) {
  const ms = everyMs * Math.max(1, Math.round(least / everyMs));
  const first = Math.floor(fromMs / ms) - 1;
  const count = Math.ceil(toMs / ms) + 1 - first;
  return { fromMs: first * ms, toMs: (first + count) * ms, count };
}

/**
 * The outline of a waveform, the same above and below `middle`, for a path's `d`.
 *
 * @param {ArrayLike<number>} columns
 * @param {number} left Where the first column begins.
 * @param {number} width Of a column.
 * @param {number} middle
 * @param {number} half Height of the highest above the middle.
 */
export function outline(columns, left, width, middle, half) {
  const above = [];
  const below = [];
  for (let at = 0; at < columns.length; at++) {
    const x = round(left + (at + 0.5) * width);
    const height = Math.max(0.5, columns[at] / 255 * half);
    above.push(`${x} ${round(middle - height)}`);
    below.push(`${x} ${round(middle + height)}`);
  }
  return above.length === 0 ? "" : `M${above.join("L")}L${below.reverse().join("L")}Z`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
