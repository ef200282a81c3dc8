/** The legend of plots: colours, textures and dashes. */

import { h, svg } from "../dom.js";

/** @typedef {{ name: string, kind: string }} LegendEntry `kind`: the class of the series. */

/**
 * @param {readonly LegendEntry[]} entries
 * @param {(kind: string) => SVGElement} sample Draws a sample of a series.
 * @param {string} [title]
 */
export function plotLegend(entries, sample, title) {
  return h(
    "div",
    { class: "row small plot-legend" },
    title ? h("strong", {}, title) : undefined,
    h("ul", { class: "row" }, entries.map(({ name, kind }) => h("li", {}, sample(kind), name))),
  );
}

/** @param {string} kind */
export function barSample(kind) {
  const box = { x: 0, y: 0, width: 18, height: 12 };
  return svg(
    "svg",
    { class: "chart bars", width: 18, height: 12, "aria-hidden": "true" },
    svg("g", { class: `series ${kind}` }, texturedBar(kind, box)),
  );
}

/** @param {string} kind */
export function lineSample(kind) {
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

/**
 * A bar in the colour of its series, and its texture over it.
 *
 * @param {string} kind
 * @param {{ x: number | string, y: number, width: number | string, height: number }} box
 */
export function texturedBar(kind, box) {
  return [
    svg("rect", { class: "piece", ...box }),
    svg("rect", { class: "texture", fill: `url(#plot-${kind})`, ...box }),
  ];
}

/** The textures that distinguish series without colours; once per page. */
export function textures() {
  /** @type {(id: string, size: number, d: string) => SVGPatternElement} */
  const texture = (id, size, d) =>
    svg(
      "pattern",
      { id: `plot-${id}`, width: size, height: size, patternUnits: "userSpaceOnUse" },
      svg("path", { d }),
    );
  return svg(
    "svg",
    { class: "visually-hidden", width: 0, height: 0, "aria-hidden": "true" },
    svg(
      "defs",
      { class: "textures" },
      texture("s1", 6, "M0 6L6 0M-1 1L1 -1M5 7L7 5"),
      texture("s2", 4, "M0 2H4"),
      texture("s3", 5, "M2.5 1.5V3.5M1.5 2.5H3.5"),
      texture("s4", 4, "M2 0V4"),
    ),
  );
}
