/** Geometry of a recording's waveform. Pure functions. */

/**
 * The highest level in each of `count` equal parts of a span of time; 0 outside the recording.
 *
 * @param {ArrayLike<number>} levels One per `everyMs`, from 0 to 255.
 * @param {number} everyMs
 * @param {number} fromMs
 * @param {number} toMs
 * @param {number} count
 */
export function columnPeaks(levels, everyMs, fromMs, toMs, count) {
  const peaks = new Uint8Array(count);
  const levelsPerColumn = (toMs - fromMs) / count / everyMs;
  const first = fromMs / everyMs;
  for (let at = 0; at < count; at++) {
    const from = Math.floor(first + at * levelsPerColumn);
    const to = Math.min(levels.length, Math.max(from + 1, Math.floor(first + (at + 1) * levelsPerColumn)));
    for (let level = Math.max(0, from); level < to; level++) {
      peaks[at] = Math.max(peaks[at] ?? 0, levels[level] ?? 0);
    }
  }
  return peaks;
}

/**
 * Equal columns that cover a span of time, each at least `minMs` and one level long. They start at multiples
 * of their length, so that the waveform keeps its shape while it scrolls.
 *
 * @param {number} fromMs
 * @param {number} toMs
 * @param {number} minMs
 * @param {number} everyMs
 */
export function columnGrid(fromMs, toMs, minMs, everyMs) {
  const columnMs = everyMs * Math.max(1, Math.round(minMs / everyMs));
  const first = Math.floor(fromMs / columnMs) - 1;
  const count = Math.ceil(toMs / columnMs) + 1 - first;
  return { fromMs: first * columnMs, toMs: (first + count) * columnMs, count };
}

/**
 * The `d` of a path around a waveform, symmetric about `middle`.
 *
 * @param {ArrayLike<number>} peaks From 0 to 255.
 * @param {number} left Left edge of the first column (px).
 * @param {number} width Of a column.
 * @param {number} middle
 * @param {number} maxHeight Of the highest peak above the middle.
 */
export function outlinePath(peaks, left, width, middle, maxHeight) {
  const above = [];
  const below = [];
  for (let at = 0; at < peaks.length; at++) {
    const x = round(left + (at + 0.5) * width);
    const height = Math.max(0.5, (peaks[at] ?? 0) / 255 * maxHeight);
    above.push(`${x} ${round(middle - height)}`);
    below.push(`${x} ${round(middle + height)}`);
  }
  return above.length === 0 ? "" : `M${above.join("L")}L${below.reverse().join("L")}Z`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}
