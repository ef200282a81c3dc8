/** The numbers behind the plots, for who would rather read or copy them. */

import { ending } from "../calls/call_words.js";
import { h } from "../dom.js";
import { dictionary, money, number, time } from "../words.js";

const word = dictionary({
  en: {
    numbers: "The same in numbers",
    day: "Day",
    assistant: "Assistant",
    calls: "Calls",
    minutes: "Minutes",
    carrierMinutes: "Billed minutes",
    modelUsd: "Model cost",
    answers: "Answers",
    bargeIns: "Barge-ins",
    bargeInRate: "Rate",
    p50: "Median wait (ms)",
    p95: "p95 (ms)",
    p99: "p99 (ms)",
    endings: "Endings",
  },
  es: {
    numbers: "Lo mismo en números",
    day: "Día",
    assistant: "Asistente",
    calls: "Llamadas",
    minutes: "Minutos",
    carrierMinutes: "Minutos cobrados",
    modelUsd: "Coste del modelo",
    answers: "Respuestas",
    bargeIns: "Interrupciones",
    bargeInRate: "Proporción",
    p50: "Espera mediana (ms)",
    p95: "p95 (ms)",
    p99: "p99 (ms)",
    endings: "Finales",
  },
});

const ms = (value) => value === undefined ? "–" : number(value, { maximumFractionDigits: 0 });

/** How each column is written. */
const COLUMNS = {
  calls: ({ calls }) => number(calls),
  minutes: ({ minutes }) => number(minutes, { maximumFractionDigits: 1 }),
  carrierMinutes: ({ carrierMinutes }) => number(carrierMinutes),
  modelUsd: ({ modelUsd }) => money(modelUsd),
  answers: ({ answers }) => number(answers),
  bargeIns: ({ bargeIns }) => number(bargeIns),
  bargeInRate: ({ answers, bargeInRate }) =>
    answers === 0 ? "–" : number(bargeInRate, { style: "percent", maximumFractionDigits: 1 }),
  p50: ({ latency }) => ms(latency?.p50),
  p95: ({ latency }) => ms(latency?.p95),
  p99: ({ latency }) => ms(latency?.p99),
};

/** A table that opens; it is made when it does. */
export function statsTable(stats) {
  const place = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": word("numbers") });
  return h(
    "details",
    {
      class: "card",
      ontoggle: () => {
        if (place.childElementCount === 0) place.append(table(stats));
      },
    },
    h("summary", {}, word("numbers")),
    place,
  );
}

function table(stats) {
  const keys = Object.keys(COLUMNS);
  return h(
    "table",
    { class: "small" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["day", "assistant"].map((key) => h("th", { scope: "col" }, word(key))),
        keys.map((key) => h("th", { scope: "col", class: "number" }, word(key))),
        h("th", { scope: "col" }, word("endings")),
      ),
    ),
    h(
      "tbody",
      {},
      stats.map((row) =>
        h(
          "tr",
          {},
          h(
            "th",
            { scope: "row" },
            time(`${row.day}T12:00`, { day: "numeric", month: "short", year: "numeric" }),
          ),
          h("td", {}, row.assistant),
          keys.map((key) => h("td", { class: "number" }, COLUMNS[key](row))),
          h(
            "td",
            { class: "endings-cell" },
            Object.entries(row.endings).map(([reason, calls]) => `${ending(reason)} ${number(calls)}`).join(
              ", ",
            ),
          ),
        )
      ),
    ),
  );
}
