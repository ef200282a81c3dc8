/** The parts of the assistant's current response: heard, buffered at Twilio, and queued in Parley. */

import { h, pair, setText } from "../dom.js";
import { tenths } from "../locale.js";
import { t } from "./live_texts.js";

/** @import { Level } from "../api_types.ts" */

/** Parts of the response, each with its CSS class. */
const PARTS = /** @type {const} */ ([
  { name: "heard", look: "heard" },
  { name: "atTwilio", look: "at-twilio" },
  { name: "queued", look: "queued" },
]);

export function playbackMeter() {
  const parts = PARTS.map((part) => ({ ...part, value: h("dd"), segment: h("i", { class: part.look }) }));
  const element = h(
    "div",
    { class: "playback-meter" },
    h("div", { class: "bar", "aria-hidden": "true" }, parts.map(({ segment }) => segment)),
    h(
      "dl",
      { class: "facts small" },
      parts.map(({ name, look, value }) => pair([h("span", { class: `swatch ${look}` }), t(name)], value)),
    ),
  );
  /** @param {Record<typeof PARTS[number]["name"], number>} ms */
  const show = (ms) => {
    const total = Math.max(1, ms.heard + ms.atTwilio + ms.queued);
    for (const { name, value, segment } of parts) {
      setText(value, t("seconds", { seconds: tenths(ms[name]) }));
      segment.style.setProperty("--share", (ms[name] / total).toFixed(3));
    }
  };
  show({ heard: 0, atTwilio: 0, queued: 0 });
  return {
    element,
    /** @param {Level} level */
    update: ({ heardMs = 0, twilioMs, queuedMs }) =>
      show({ heard: heardMs, atTwilio: twilioMs, queued: queuedMs }),
  };
}
