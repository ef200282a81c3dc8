/** Where the assistant's audio is: how much was heard of it, how much is at Twilio, how much waits here. */

import { h } from "../dom.js";
import { word } from "./words.js";
import { number } from "../words.js";

/** Where it is, and what that looks like. */
const PLACES = { heard: "at-ear", atTwilio: "at-twilio", waiting: "at-home" };

/** @returns the element, and `level` to hand it each level. */
export function playhead() {
  const values = { heard: h("dd", {}), atTwilio: h("dd", {}), waiting: h("dd", {}) };
  const pieces = Object.fromEntries(
    Object.entries(PLACES).map(([name, look]) => [name, h("i", { class: look })]),
  );
  const element = h(
    "div",
    { class: "playhead" },
    h("div", { class: "bar", "aria-hidden": "true" }, Object.values(pieces)),
    h(
      "dl",
      { class: "facts small" },
      Object.entries(values).map(([name, value]) =>
        h("div", {}, h("dt", {}, h("span", { class: `swatch ${PLACES[name]}` }), word(name)), value)
      ),
    ),
  );
  const show = (ms) => {
    const all = Math.max(1, ms.heard + ms.atTwilio + ms.waiting);
    for (const [name, value] of Object.entries(values)) {
      const text = word("seconds", {
        seconds: number(ms[name] / 1000, { minimumFractionDigits: 1, maximumFractionDigits: 1 }),
      });
      if (value.textContent !== text) value.textContent = text;
      pieces[name].style.setProperty("--share", (ms[name] / all).toFixed(3));
    }
  };
  show({ heard: 0, atTwilio: 0, waiting: 0 });
  return {
    element,
    level: ({ heardMs = 0, twilioMs, queuedMs }) =>
      show({ heard: heardMs, atTwilio: twilioMs, waiting: queuedMs }),
  };
}
