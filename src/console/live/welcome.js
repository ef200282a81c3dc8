/** Shown in Live while no call is in progress: an introduction, ways to try Parley, and the setup steps. */

import { get } from "../api_client.js";
import { checklist } from "../checklist.js";
import { h } from "../dom.js";
import { rehearseHint } from "../rehearse_hint.js";
import { t } from "./live_texts.js";

/** @import { Setup } from "../api_types.ts" */

/**
 * @param {HTMLElement} place
 * @returns {() => void} Ends the view.
 */
export function welcome(place) {
  const steps = h("div", { class: "card" });
  const phoneNumber = h("p", { hidden: true });
  /** @type {Promise<Setup>} */
  const setup = get("setup");
  place.append(
    h(
      "div",
      { class: "welcome" },
      h(
        "section",
        { class: "card stack first" },
        h("h3", {}, t("what")),
        h("p", {}, t("whatFor")),
        h("h4", {}, t("tryIt")),
        h("p", {}, t("tryItHow")),
        h("p", {}, h("a", { class: "button primary", href: "#phone" }, t("openPhone"))),
        phoneNumber,
        h("p", { class: "quiet small" }, t("terminal")),
        rehearseHint(setup),
      ),
      steps,
    ),
  );
  setup.then((setupStatus) => {
    phoneNumber.hidden = !setupStatus.phoneNumber || !setupStatus.signatureRequired;
    phoneNumber.textContent = t("ring", { number: setupStatus.phoneNumber });
  }).catch(() => {});
  return checklist(steps, setup);
}
