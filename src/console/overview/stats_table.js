/** The plotted numbers as a table. */

import { endReasonText } from "../calls/call_texts.js";
import { h } from "../dom.js";
import { dictionary, money, number } from "../locale.js";

import { dayText } from "./plot_format.js";

/** @import { DayStats } from "../api_types.ts" */

const t = dictionary({
  en: {
    table: "Show as a table",
    day: "Day",
    assistant: "Assistant",
    calls: "Calls",
    minutes: "Minutes",
    carrierMinutes: "Billed minutes",
    cost: "Cost",
    answers: "Responses",
    bargeIns: "Barge-ins",
    bargeInRate: "Rate",
    p50: "Median latency (ms)",
    p95: "p95 (ms)",
    p99: "p99 (ms)",
    endReasons: "End reasons",
  },
  es: {
    table: "Mostrar como tabla",
    day: "Día",
    assistant: "Asistente",
    calls: "Llamadas",
    minutes: "Minutos",
    carrierMinutes: "Minutos facturados",
    cost: "Coste",
    answers: "Respuestas",
    bargeIns: "Interrupciones",
    bargeInRate: "Proporción",
    p50: "Latencia mediana (ms)",
    p95: "p95 (ms)",
    p99: "p99 (ms)",
    endReasons: "Motivos de fin",
  },
});

/** @type {(ms: number | undefined) => string} */
const rounded = (ms) => ms === undefined ? "–" : number(ms, { maximumFractionDigits: 0 });

/** @type {readonly { name: string, value: (stats: DayStats) => string }[]} */
const COLUMNS = [
  { name: t("calls"), value: ({ calls }) => number(calls) },
  { name: t("minutes"), value: ({ minutes }) => number(minutes, { maximumFractionDigits: 1 }) },
  { name: t("carrierMinutes"), value: ({ carrierMinutes }) => number(carrierMinutes) },
  { name: t("cost"), value: ({ costUsd }) => money(costUsd) },
  { name: t("answers"), value: ({ answers }) => number(answers) },
  { name: t("bargeIns"), value: ({ bargeIns }) => number(bargeIns) },
  {
    name: t("bargeInRate"),
    value: ({ answers, bargeInRate }) =>
      answers === 0 ? "–" : number(bargeInRate, { style: "percent", maximumFractionDigits: 1 }),
  },
  { name: t("p50"), value: ({ latency }) => rounded(latency?.p50) },
  { name: t("p95"), value: ({ latency }) => rounded(latency?.p95) },
  { name: t("p99"), value: ({ latency }) => rounded(latency?.p99) },
];

/**
 * A closed section; the table is created when it opens.
 *
 * @param {readonly DayStats[]} stats
 */
export function statsTable(stats) {
  const place = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("table") });
  return h(
    "details",
    {
      class: "card",
      ontoggle: () => {
        if (place.childElementCount === 0) place.append(table(stats));
      },
    },
    h("summary", {}, t("table")),
    place,
  );
}

/** @param {readonly DayStats[]} stats */
function table(stats) {
  return h(
    "table",
    { class: "small" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, t("day")),
        h("th", { scope: "col" }, t("assistant")),
        COLUMNS.map(({ name }) => h("th", { scope: "col", class: "number" }, name)),
        h("th", { scope: "col" }, t("endReasons")),
      ),
    ),
    h("tbody", {}, stats.map(row)),
  );
}

/** @param {DayStats} stats */
function row(stats) {
  const { day, assistant, endings } = stats;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, dayText(day, { day: "numeric", month: "short", year: "numeric" })),
    h("td", {}, assistant),
    COLUMNS.map(({ value }) => h("td", { class: "number" }, value(stats))),
    h(
      "td",
      { class: "endings-cell" },
      Object.entries(endings).map(([reason, calls]) => `${endReasonText(reason)} ${number(calls)}`)
        .join(", "),
    ),
  );
}
