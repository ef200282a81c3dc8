/** A bar for each reason calls ended. */

import { endReasonText } from "../calls/call_texts.js";
import { h, svg } from "../dom.js";
import { dictionary, number } from "../locale.js";
import { texturedBar } from "./plot_legend.js";

/** @import { EndReasonCount } from "./day_series.js" */

const t = dictionary({ en: { title: "End reasons" }, es: { title: "Motivos de fin" } });

/**
 * Each bar links to its calls.
 *
 * @param {readonly EndReasonCount[]} counts
 */
export function endReasonsPlot(counts) {
  const most = Math.max(...counts.map(({ calls }) => calls));
  return h(
    "figure",
    { class: "card plot endings" },
    h("figcaption", {}, h("h3", {}, t("title"))),
    h(
      "ul",
      { class: "ending-bars" },
      counts.map(({ reason, calls, bySeries }) =>
        h(
          "li",
          {},
          h("a", { href: `#calls/?${new URLSearchParams({ endReason: reason })}` }, endReasonText(reason)),
          h("span", { class: "number" }, number(calls)),
          stackedBar(bySeries, most),
        )
      ),
    ),
  );
}

/**
 * @param {readonly number[]} bySeries
 * @param {number} most Calls of a full bar.
 */
function stackedBar(bySeries, most) {
  let before = 0;
  /** @type {(calls: number) => string} */
  const percent = (calls) => `${Math.round(calls / most * 10_000) / 100}%`;
  return svg(
    "svg",
    { class: "chart bars", width: "100%", height: 12, "aria-hidden": "true" },
    bySeries.map((calls, at) => {
      if (calls === 0) return undefined;
      const box = { x: percent(before), y: 0, width: percent(calls), height: 12 };
      before += calls;
      return svg("g", { class: `series s${at}` }, texturedBar(`s${at}`, box));
    }),
  );
}
