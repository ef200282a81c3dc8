/** The Overview: volume, duration, cost, end reasons and latency of the last days. */

import { get } from "../api_client.js";
import { emptyCard, phoneLink, requestProblem } from "../calls/call_texts.js";
import { h, pair } from "../dom.js";
import { dictionary, money, number } from "../locale.js";
import { assistantPlots, bargeInPanels, latencyPanels } from "./assistant_plots.js";
import { chart } from "./chart.js";
import {
  assistantGroups,
  bargeInRate,
  dailySeries,
  endReasonCounts,
  lastDays,
  medianOfDays,
  sum,
} from "./day_series.js";
import { endReasonsPlot } from "./end_reasons_plot.js";
import { dollars, formatMinutes, formatWholeNumber } from "./plot_format.js";
import { barSample, plotLegend, textures } from "./plot_legend.js";
import { statsTable } from "./stats_table.js";

/** @import { DayStats } from "../api_types.ts" */
/** @import { Chart } from "./chart.js" */
/** @import { PanelOptions } from "./assistant_plots.js" */

/** Periods to choose from (days). */
const PERIODS = [7, 30, 90];
const DEFAULT_PERIOD = 30;

const t = dictionary({
  en: {
    title: "Overview",
    period: "Period",
    days: "{count} days",
    calls: "Calls",
    minutes: "Minutes",
    carrier: "Billed minutes",
    cost: "Cost",
    costPerCall: "Cost per call",
    latency: "Typical latency",
    latencyHint: "Median of the daily medians, weighted by responses",
    bargeIns: "Barge-in rate",
    assistants: "Assistants",
    rest: "{count} others",
    none: "There were no calls in this period.",
    noneAction: "Choose a longer period, call your number, or use the browser phone.",
  },
  es: {
    title: "Resumen",
    period: "Período",
    days: "{count} días",
    calls: "Llamadas",
    minutes: "Minutos",
    carrier: "Minutos facturados",
    cost: "Coste",
    costPerCall: "Coste por llamada",
    latency: "Latencia habitual",
    latencyHint: "Mediana de las medianas diarias, ponderada por respuestas",
    bargeIns: "Interrupciones",
    assistants: "Asistentes",
    rest: "otros {count}",
    none: "En este período no hubo llamadas.",
    noneAction: "Elija un período más largo, llame a su número o use el teléfono del navegador.",
  },
});

/**
 * @param {HTMLElement} place
 * @param {string} [parameter] The period in days.
 * @returns {() => void} Ends the view.
 */
export function showOverview(place, parameter) {
  const period = PERIODS.find((days) => String(days) === parameter) ?? DEFAULT_PERIOD;
  let closed = false;
  /** @type {readonly Chart[]} */
  let charts = [];
  const body = h("div", { class: "stack" });
  place.append(
    h(
      "div",
      { class: "page-head" },
      h("h2", {}, t("title")),
      h(
        "nav",
        { class: "ranges row", "aria-label": t("period") },
        PERIODS.map((days) =>
          h(
            "a",
            {
              class: "button compact",
              href: `#overview/${days}`,
              "aria-current": days === period ? "true" : undefined,
            },
            t("days", { count: days }),
          )
        ),
      ),
    ),
    body,
  );
  load();
  return () => {
    closed = true;
    for (const each of charts) each.close();
  };

  async function load() {
    const days = lastDays(period, new Date());
    try {
      /** @type {{ days: readonly DayStats[] }} */
      const { days: stats } = await get("stats", {
        since: new Date(`${days[0]}T00:00`).toISOString(),
        offset: String(-new Date().getTimezoneOffset()),
      });
      if (closed) return;
      body.replaceChildren();
      // The API uses today's UTC offset for all days: across a clock change it may return part of an earlier
      // day.
      const shown = stats.filter(({ day }) => days.includes(day));
      if (shown.length === 0) body.append(emptyCard(t("none"), t("noneAction"), phoneLink()));
      else charts = draw(shown, days, body);
    } catch (error) {
      if (!closed) body.replaceChildren(requestProblem(error, load));
    }
  }
}

/** @param {readonly DayStats[]} stats @param {readonly string[]} days @param {HTMLElement} body */
function draw(stats, days, body) {
  const groups = assistantGroups(stats);
  const names = [
    ...groups.shown,
    ...(groups.rest.length > 0 ? [t("rest", { count: groups.rest.length })] : []),
  ];
  const single = names.length === 1;
  /** @type {(valueOf: (stats: DayStats[]) => number | undefined) => import("./chart.js").Series[]} */
  const seriesOf = (valueOf) =>
    dailySeries(stats, days, groups, valueOf).map((values, at) => ({
      name: single ? "" : names[at] ?? "",
      kind: `s${at}`,
      values,
    }));
  /** @type {Chart[]} */
  const charts = [];
  /** @type {(options: PanelOptions) => HTMLElement} */
  const add = (options) => {
    const created = chart({ days, onPoint: (day) => charts.forEach((each) => each.mark(day)), ...options });
    charts.push(created);
    return created.element;
  };
  /**
   * @param {string} title
   * @param {"calls" | "minutes" | "costUsd"} key
   * @param {(value: number) => string} format
   * @param {number} [minStep]
   */
  const addBars = (title, key, format, minStep) =>
    add({
      title,
      summary: format(sum(stats, key)),
      series: seriesOf((each) => sum(each, key)),
      shape: "bars",
      additive: true,
      format,
      minStep,
    });

  body.append(
    textures(),
    figures(stats),
    ...(single
      ? []
      : [plotLegend(names.map((name, at) => ({ name, kind: `s${at}` })), barSample, t("assistants"))]),
    h(
      "div",
      { class: "columns plots" },
      addBars(t("calls"), "calls", formatWholeNumber, 1),
      addBars(t("minutes"), "minutes", formatMinutes, 1),
      addBars(t("cost"), "costUsd", dollars, 0.01),
    ),
    endReasonsPlot(endReasonCounts(stats, groups)),
    ...assistantPlots(
      latencyPanels(stats, days, groups.shown).map(add),
      bargeInPanels(seriesOf(bargeInRate), names).map(add),
      single,
    ),
    statsTable(stats),
  );
  return charts;
}

/** @param {readonly DayStats[]} stats */
function figures(stats) {
  const calls = sum(stats, "calls");
  const latencyMs = medianOfDays(stats, "p50");
  const rate = bargeInRate(stats);
  return h(
    "dl",
    { class: "figures card" },
    pair(t("calls"), number(calls)),
    pair(t("minutes"), formatMinutes(sum(stats, "minutes"))),
    pair(t("carrier"), number(sum(stats, "carrierMinutes"))),
    pair(t("cost"), money(sum(stats, "costUsd"))),
    pair(t("costPerCall"), money(sum(stats, "costUsd") / calls)),
    h(
      "div",
      { title: t("latencyHint") },
      h("dt", {}, t("latency"), h("span", { class: "visually-hidden" }, ` (${t("latencyHint")})`)),
      h("dd", {}, latencyMs === undefined ? "–" : `${formatWholeNumber(latencyMs)} ms`),
    ),
    pair(
      t("bargeIns"),
      rate === undefined ? "–" : number(rate, { style: "percent", maximumFractionDigits: 1 }),
    ),
  );
}
