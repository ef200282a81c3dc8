/** Positions of the lanes of a call's timeline (px). */

/** Height of the time axis. */
export const AXIS_PX = 24;
const VOICE_PX = 48;
const MODEL_PX = 28;
/** Height of a row of event labels. */
export const ROW_PX = 20;
const MAX_ROWS = 3;
/** Between lanes. */
export const GAP_PX = 10;

/** @typedef {{ top: number, height: number, middle: number }} Lane */
/** @typedef {ReturnType<typeof timelineLayout>} TimelineLayout */

/**
 * Lays out the lanes. On a wide page their names are to the left, in the gutter; else above them.
 *
 * @param {number} width
 * @param {number} eventCount
 */
export function timelineLayout(width, eventCount) {
  const wide = width >= 640;
  const rows = Math.min(MAX_ROWS, eventCount);
  const nameHeight = wide ? 0 : 15;
  let y = AXIS_PX;
  /** @type {(height: number) => Lane} */
  const lane = (height) => {
    const top = y + nameHeight;
    y = top + height + GAP_PX;
    return { top, height, middle: top + height / 2 };
  };
  return {
    gutter: wide ? 92 : 4,
    wide,
    caller: lane(VOICE_PX),
    model: lane(MODEL_PX),
    played: lane(VOICE_PX),
    rows,
    events: rows > 0 ? lane(ROW_PX * rows) : undefined,
    height: y,
  };
}
