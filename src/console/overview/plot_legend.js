/** What the colours, textures and dashes of plots mean. */

import { h, svg } from "../dom.js";

/** @param entries `[name, kind]`, and `sign` draws a kind. */
export function plotLegend(entries, sign, title) {
  return h(
    "div",
    { class: "row small plot-legend" },
    title ? h("strong", {}, title) : undefined,
    h("ul", { class: "row" }, entries.map(([name, kind]) => h("li", {}, sign(kind), name))),
  );
}

export function barSign(kind) {
  const box = { x: 0, y: 0, width: 18, height: 12 };
  return svg(
    "svg",
    { class: "chart bars", width: 18, height: 12, "aria-hidden": "true" },
    svg(
      "g",
      { class: `series ${kind}` },
      svg("rect", { class: "piece", ...box }),
      svg("rect", { class: "texture", fill: `url(#plot-${kind})`, ...box }),
    ),
  );
}

export function lineSign(kind) {
  return svg(
    "svg",
    { class: "chart lines", width: 28, height: 12, "aria-hidden": "true" },
    svg(
      "g",
      { class: `series ${kind}` },
      svg("path", { class: "curve", d: "M1 6H27" }),
      svg("circle", { class: "point", cx: 14, cy: 6, r: 2.5 }),
    ),
  );
}
