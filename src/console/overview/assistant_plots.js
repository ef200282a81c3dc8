/** Plots with one panel per assistant: response latency, and barge-in rate. */

import { h } from "../dom.js";
import { dictionary } from "../locale.js";
import { formatWholeNumber, percent } from "./plot_format.js";
import { lineSample, plotLegend } from "./plot_legend.js";

/** @import { DayStats } from "../api_types.ts" */
/** @import { ChartOptions, Series } from "./chart.js" */
/** @typedef {Omit<ChartOptions, "days" | "onPoint">} PanelOptions */

const PERCENTILES = /** @type {const} */ (["p50", "p95", "p99"]);

const t = dictionary({
  en: {
    latency: "Response latency (ms)",
    bargeInRate: "Barge-ins per response",
    p50: "median",
    p95: "p95",
    p99: "p99",
    noLatency: "No response latency was measured in this period.",
  },
  es: {
    latency: "Latencia de respuesta (ms)",
    bargeInRate: "Interrupciones por respuesta",
    p50: "mediana",
    p95: "p95",
    p99: "p99",
    noLatency: "En este período no se midió ninguna latencia de respuesta.",
  },
});

/**
 * Arranges the plots; those of a single assistant side by side.
 *
 * @param {readonly HTMLElement[]} latencyPlots
 * @param {readonly HTMLElement[]} bargeInPlots
 * @param {boolean} single
 */
export function assistantPlots(latencyPlots, bargeInPlots, single) {
  const legend = plotLegend(PERCENTILES.map((key) => ({ name: t(key), kind: key })), lineSample);
  const latencyHead = h("div", { class: "spread" }, h("h3", {}, t("latency")), legend);
  const latency = latencyPlots.length > 0 ? latencyPlots : [h("p", { class: "quiet" }, t("noLatency"))];
  const bargeInHead = h("h3", {}, t("bargeInRate"));
  if (single) {
    return [h(
      "div",
      { class: "columns plots" },
      h("section", { class: "stack" }, latencyHead, latency),
      h("section", { class: "stack" }, bargeInHead, bargeInPlots),
    )];
  }
  return [
    latencyHead,
    h("div", { class: "columns plots" }, latency),
    bargeInHead,
    h("div", { class: "columns plots" }, bargeInPlots),
  ];
}

/**
 * One panel per series, all on the same scale, because rates cannot be stacked.
 *
 * @param {readonly Series[]} series
 * @param {readonly string[]} names
 * @returns {PanelOptions[]}
 */
export function bargeInPanels(series, names) {
  const axisMax = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  return series.map((each, at) => ({
    title: names[at] ?? "",
    series: [{ ...each, name: "" }],
    shape: "bars",
    format: percent,
    minStep: 0.01,
    axisMax,
  }));
}

/**
 * One panel per assistant, all on the same scale, because percentiles of several assistants cannot be
 * combined.
 *
 * @param {readonly DayStats[]} stats
 * @param {readonly string[]} days
 * @param {readonly string[]} assistants
 * @returns {PanelOptions[]}
 */
export function latencyPanels(stats, days, assistants) {
  const measured = assistants.filter((name) =>
    stats.some(({ assistant, latency }) => assistant === name && latency)
  );
  const axisMax = Math.max(
    0,
    ...stats.map(({ assistant, latency }) => measured.includes(assistant) ? latency?.p99 ?? 0 : 0),
  );
  return measured.map((name) => {
    const byDay = new Map(
      stats.filter(({ assistant }) => assistant === name).map(({ day, latency }) => [day, latency]),
    );
    return {
      title: name,
      series: PERCENTILES.map((key) => ({
        name: t(key),
        kind: key,
        values: days.map((day) => byDay.get(day)?.[key]),
      })),
      shape: "lines",
      format: formatWholeNumber,
      axisMax,
    };
  });
}
