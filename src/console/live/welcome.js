/** What Live shows when there is no call: what this is, and what to do. */

import { get } from "../api.js";
import { checklist } from "../checklist.js";
import { h } from "../dom.js";
import { word } from "./words.js";

/** Draws into `place`; returns what ends it. */
export function welcome(place) {
  const steps = h("div", { class: "card" });
  const ring = h("p", { hidden: true });
  place.append(
    h(
      "div",
      { class: "welcome" },
      h(
        "section",
        { class: "card stack first" },
        h("h3", {}, word("what")),
        h("p", {}, word("whatFor")),
        h("h4", {}, word("tryIt")),
        h("p", {}, word("tryItHow")),
        h("p", {}, h("a", { class: "button primary", href: "#phone" }, word("openPhone"))),
        ring,
        h("p", { class: "quiet small" }, word("terminal")),
        h("pre", { class: "small" }, h("code", {}, `parley rehearse --url ${address()}`)),
      ),
      steps,
    ),
  );
  get("setup").then(({ phoneNumber, signed }) => {
    ring.hidden = !phoneNumber || !signed;
    ring.textContent = word("ring", { number: phoneNumber });
  }).catch(() => {});
  return checklist(steps);
}

/** Where this page's service is. */
function address() {
  return new URL("..", location.href).href.replace(/\/$/, "");
}
