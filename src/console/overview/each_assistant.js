/** The plots that each assistant has of its own: how long callers waited, how often they talked over it. */

import { h } from "../dom.js";
import { percent, whole } from "./plot_values.js";
import { lineSign, plotLegend } from "./plot_legend.js";
import { dictionary } from "../words.js";

const PERCENTILES = ["p50", "p95", "p99"];

const word = dictionary({
  en: {
    waits: "How long callers wait for an answer (ms)",
    bargeInsByDay: "Barge-ins for each answer",
    p50: "median",
    p95: "p95",
    p99: "p99",
    noWait: "No answer was timed in these days.",
  },
  es: {
    waits: "Cuánto se espera una respuesta (ms)",
    bargeInsByDay: "Interrupciones por respuesta",
    p50: "mediana",
    p95: "p95",
    p99: "p99",
    noWait: "En estos días no se midió ninguna respuesta.",
  },
});

/** Plots that each assistant has of its own; those of a single one stand side by side. */
export function byEach(waits, rates, single) {
  const plots = (...each) => h("div", { class: "columns plots" }, ...each);
  const marks = plotLegend(PERCENTILES.map((key) => [word(key), key]), lineSign);
  if (waits.length === 0) waits = [h("p", { class: "quiet" }, word("noWait"))];
  if (single) {
    const titled = (title, plot) => h("section", { class: "stack" }, title, ...plot);
    return [plots(
      titled(h("div", { class: "spread" }, h("h3", {}, word("waits")), marks), waits),
      titled(h("h3", {}, word("bargeInsByDay")), rates),
    )];
  }
  return [
    h("div", { class: "spread" }, h("h3", {}, word("waits")), marks),
    plots(waits),
    h("h3", {}, word("bargeInsByDay")),
    plots(rates),
  ];
}

/** All on one scale: a rate is no part of a whole that one could put upon another. */
export function rates(series, names) {
  const highest = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  return series.map((each, at) => ({
    title: names[at],
    series: [{ ...each, name: "" }],
    shape: "bars",
    format: percent,
    least: 0.01,
    highest,
  }));
}

/** All on one scale: percentiles of several assistants cannot be put together. */
export function waits(stats, days, shown) {
  const timed = shown.filter((name) => stats.some(({ assistant, latency }) => assistant === name && latency));
  const highest = Math.max(
    0,
    ...stats.map(({ assistant, latency }) => timed.includes(assistant) ? latency?.p99 ?? 0 : 0),
  );
  return timed.map((name) => {
    const own = new Map(
      stats.filter(({ assistant }) => assistant === name).map(({ day, latency }) => [day, latency]),
    );
    return {
      title: name,
      series: PERCENTILES.map((key) => ({
        name: word(key),
        kind: key,
        values: days.map((day) => own.get(day)?.[key]),
      })),
      shape: "lines",
      format: whole,
      highest,
    };
  });
}
