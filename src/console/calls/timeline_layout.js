/** Where the lanes of a call's timeline are. */

/** Height of the axis (px). */
export const AXIS = 24;
const VOICE = 48;
const MODEL = 28;
/** Of a row of labels. */
export const ROW = 20;
/** Rows of labels of events, at most. */
const ROWS = 3;
/** Between lanes. */
export const GAP = 10;

/**
 * Where each lane is (px). Where there is room the names stand before the lanes, else above them.
 *
 * @param {number} width
 * @param {number} events How many there are.
 */
export function layout(width, events) {
  const wide = width >= 640;
  const rows = Math.min(ROWS, events);
  const name = wide ? 0 : 15;
  let y = AXIS;
  const lane = (height) => {
    const top = y + name;
    y = top + height + GAP;
    return { top, height, middle: top + height / 2 };
  };
  return {
    gutter: wide ? 92 : 4,
    wide,
    caller: lane(VOICE),
    model: lane(MODEL),
    heard: lane(VOICE),
    rows,
    events: rows > 0 ? lane(ROW * rows) : undefined,
    height: y,
  };
}
