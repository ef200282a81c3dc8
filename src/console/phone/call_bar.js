/** The bar at the foot of other views while a phone call is in progress. */

import { h } from "../dom.js";
import { t } from "./phone_texts.js";

/** @param {() => void} hangUp */
export function callBar(hangUp) {
  const time = h("span", { class: "number" });
  const element = h(
    "aside",
    { class: "call-bar", "aria-label": t("onThePhone"), hidden: true },
    h("span", { class: "dot bad", "aria-hidden": "true" }),
    h("span", { class: "grow" }, t("onThePhone"), " ", time),
    h("a", { class: "button compact", href: "#phone" }, t("back")),
    h("button", { type: "button", class: "danger compact", onclick: hangUp }, t("hangUp")),
  );
  document.body.append(element);
  return {
    /** @param {boolean} visible */
    show(visible) {
      element.hidden = !visible;
    },
    /** @param {string} text */
    showTime(text) {
      time.textContent = text;
    },
  };
}
