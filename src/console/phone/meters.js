/** How loud both sides are, as two bars. */

import { h } from "../dom.js";
import { word } from "./words.js";

/** What is softer than this (dB below the loudest) does not show. */
const FLOOR_DB = 54;
/** How much of a bar is left when the next frame is silent: it falls, as a needle does. */
const FALL = 0.88;

/** @returns the element, and what moves it. */
export function meters() {
  const bars = { spoken: bar("caller"), played: bar("assistant") };
  const shown = { spoken: 0, played: 0 };
  let waiting = false;
  const paint = () => {
    waiting = false;
    for (const [side, { fill }] of Object.entries(bars)) {
      fill.style.setProperty("--level", shown[side].toFixed(3));
    }
  };
  return {
    element: h(
      "div",
      { class: "meters", "aria-hidden": "true" },
      h("span", {}, word("you")),
      bars.spoken.element,
      h("span", {}, word("them")),
      bars.played.element,
    ),
    /** Shows the loudest samples (0 to 1) of the last 20 ms. */
    show(levels) {
      for (const side of Object.keys(shown)) {
        shown[side] = Math.max(length(levels[side]), shown[side] * FALL);
      }
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(paint);
    },
    rest() {
      shown.spoken = shown.played = 0;
      paint();
    },
  };
}

function bar(side) {
  const fill = h("i");
  return { fill, element: h("div", { class: `meter ${side}` }, fill) };
}

/** Of a bar, as loudness is felt. */
function length(peak) {
  return Math.max(0, Math.min(1, 1 + 20 * Math.log10(peak + 1e-6) / FLOOR_DB));
}
