/** The level meters of both sides of a phone call. */

import { h } from "../dom.js";
import { t } from "./phone_texts.js";

/** @import { PhoneLevels } from "./phone_types.ts" */

/** Lower end of the scale (dB below full scale). */
const RANGE_DB = 54;
/** Share of a bar that remains after 20 ms of silence. */
const DECAY = 0.88;

export function levelMeters() {
  const caller = meter("caller");
  const assistant = meter("assistant");
  let scheduled = false;
  const draw = () => {
    scheduled = false;
    caller.draw();
    assistant.draw();
  };
  return {
    element: h(
      "div",
      { class: "meters", "aria-hidden": "true" },
      h("span", {}, t("caller")),
      caller.element,
      h("span", {}, t("them")),
      assistant.element,
    ),
    /** @param {PhoneLevels} levels Peaks of the last 20 ms. */
    show({ callerPeak, assistantPeak }) {
      caller.update(callerPeak);
      assistant.update(assistantPeak);
      if (scheduled) return;
      scheduled = true;
      requestAnimationFrame(draw);
    },
    reset() {
      caller.reset();
      assistant.reset();
      draw();
    },
  };
}

/** @param {"caller" | "assistant"} side */
function meter(side) {
  const fill = h("i");
  let level = 0;
  return {
    element: h("div", { class: `meter ${side}` }, fill),
    /** @param {number} peak From 0 to 1. */
    update(peak) {
      const db = 20 * Math.log10(peak + 1e-6);
      level = Math.max(0, Math.min(1, 1 + db / RANGE_DB), level * DECAY);
    },
    reset() {
      level = 0;
    },
    draw() {
      fill.style.setProperty("--level", level.toFixed(3));
    },
  };
}
