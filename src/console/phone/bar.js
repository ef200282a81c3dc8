/** A call that goes on while another view is shown: a bar at the foot of the page. */

import { h } from "../dom.js";
import { word } from "./words.js";

/** @returns the element, and what changes it. */
export function callBar(hangUp) {
  const time = h("span", { class: "number" });
  const element = h(
    "aside",
    { class: "call-bar", "aria-label": word("onThePhone"), hidden: true },
    h("span", { class: "dot bad", "aria-hidden": "true" }),
    h("span", { class: "grow" }, word("onThePhone"), " ", time),
    h("a", { class: "button compact", href: "#phone" }, word("back")),
    h("button", { type: "button", class: "danger compact", onclick: hangUp }, word("hangUp")),
  );
  document.body.append(element);
  return {
    show(on) {
      element.hidden = !on;
    },
    tick(text) {
      time.textContent = text;
    },
  };
}
