/** How calls ended: a bar for each reason. */

import { ending } from "../calls/call_words.js";
import { h, svg } from "../dom.js";
import { dictionary, number } from "../words.js";

const word = dictionary({
  en: {
    endings: "How calls ended",
  },
  es: {
    endings: "Cómo acabaron las llamadas",
  },
});

/** A bar for each ending, which leads to its calls. */
export function endingsPlot(found) {
  const most = Math.max(...found.map(({ calls }) => calls));
  return h(
    "figure",
    { class: "card plot endings" },
    h("figcaption", {}, h("h3", {}, word("endings"))),
    h(
      "ul",
      { class: "ending-bars" },
      found.map(({ reason, calls, by }) =>
        h(
          "li",
          {},
          h("a", { href: `#calls/?${new URLSearchParams({ reason })}` }, ending(reason)),
          h("span", { class: "number" }, number(calls)),
          endingBar(by, most),
        )
      ),
    ),
  );
}

function endingBar(by, most) {
  let before = 0;
  const percent = (calls) => `${Math.round(calls / most * 10_000) / 100}%`;
  return svg(
    "svg",
    { class: "chart bars", width: "100%", height: 12, "aria-hidden": "true" },
    by.flatMap((calls, at) => {
      if (calls === 0) return [];
      const place = { x: percent(before), y: 0, width: percent(calls), height: 12 };
      before += calls;
      return [svg(
        "g",
        { class: `series s${at}` },
        svg("rect", { class: "piece", ...place }),
        svg("rect", { class: "texture", fill: `url(#plot-s${at})`, ...place }),
      )];
    }),
  );
}
