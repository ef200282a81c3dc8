/** How the calls of some days were: how many, how long, how dear, how they ended, how long callers waited. */

import { get } from "../api.js";
import { problem } from "../calls/call_words.js";
import { chart, textures } from "./chart.js";
import { assistantsOf, bargeInRate, endings, lastDays, middleOf, rows, sum } from "./day_sums.js";
import { h } from "../dom.js";
import { endingsPlot } from "./endings_plot.js";
import { byEach, rates, waits } from "./each_assistant.js";
import { barSign, plotLegend } from "./plot_legend.js";
import { statsTable } from "./table.js";
import { dollars, minutes, whole } from "./plot_values.js";
import { dictionary, money, number } from "../words.js";

const RANGES = [7, 30, 90];

const word = dictionary({
  en: {
    title: "Overview",
    range: "Days",
    days: "{count} days",
    calls: "Calls",
    minutes: "Minutes talked",
    carrier: "Minutes the carrier bills",
    cost: "Model cost",
    costEach: "Cost of a call",
    wait: "Usual wait",
    waitHint: "Middle one of the daily medians, weighted by answers",
    bargeIns: "Barge-in rate",
    callsByDay: "Calls",
    minutesByDay: "Minutes talked",
    costByDay: "Model cost",
    assistants: "Assistants",
    rest: "{count} others",
    nothing: "There were no calls in these days.",
    nothingDo: "Choose more days, or have a first call: ring your number, or use the phone of this page.",
    phone: "Call from this page",
  },
  es: {
    title: "Resumen",
    range: "Días",
    days: "{count} días",
    calls: "Llamadas",
    minutes: "Minutos hablados",
    carrier: "Minutos que cobra el operador",
    cost: "Coste del modelo",
    costEach: "Coste de una llamada",
    wait: "Espera habitual",
    waitHint: "La de en medio de las medianas diarias, según sus respuestas",
    bargeIns: "Interrupciones",
    callsByDay: "Llamadas",
    minutesByDay: "Minutos hablados",
    costByDay: "Coste del modelo",
    assistants: "Asistentes",
    rest: "otros {count}",
    nothing: "En estos días no hubo llamadas.",
    nothingDo:
      "Elija más días, o haga una primera llamada: llame a su número o use el teléfono de esta página.",
    phone: "Llamar desde esta página",
  },
});

/** @param parameter How many days, of those one can choose. */
export function show(place, parameter) {
  const count = RANGES.find((days) => String(days) === parameter) ?? 30;
  let gone = false;
  let charts = [];
  const body = h("div", { class: "stack" });
  place.append(
    h(
      "div",
      { class: "page-head" },
      h("h2", {}, word("title")),
      h(
        "nav",
        { class: "ranges row", "aria-label": word("range") },
        RANGES.map((days) =>
          h(
            "a",
            {
              class: "button compact",
              href: `#overview/${days}`,
              "aria-current": days === count ? "true" : undefined,
            },
            word("days", { count: days }),
          )
        ),
      ),
    ),
    body,
  );
  load();
  return () => {
    gone = true;
    for (const each of charts) each.close();
  };

  async function load() {
    const days = lastDays(count, new Date());
    const since = new Date(`${days[0]}T00:00`);
    try {
      const { days: stats } = await get("stats", {
        since: since.toISOString(),
        offset: String(-new Date().getTimezoneOffset()),
      });
      if (gone) return;
      body.replaceChildren();
      // A day of the summer is an hour off in winter: what falls before the first day is not shown.
      const shown = stats.filter(({ day }) => days.includes(day));
      if (shown.length === 0) body.append(nothing());
      else charts = draw(shown, days, body);
    } catch (error) {
      if (!gone) body.replaceChildren(problem(error, load));
    }
  }
}

/** @returns the charts. */
function draw(stats, days, body) {
  const assistants = assistantsOf(stats);
  const names = [
    ...assistants.shown,
    ...(assistants.rest.length > 0 ? [word("rest", { count: assistants.rest.length })] : []),
  ];
  const byAssistant = (found) =>
    rows(stats, days, assistants, found).map((values, at) => ({
      name: names.length > 1 ? names[at] : "",
      kind: `s${at}`,
      values,
    }));
  const charts = [];
  const add = (options) => {
    const made = chart({ days, marked: (day) => charts.forEach((each) => each.mark(day)), ...options });
    charts.push(made);
    return made.element;
  };
  const bars = (title, key, format, least) =>
    add({
      title: word(title),
      whole: format(sum(stats, key)),
      series: byAssistant((each) => sum(each, key)),
      shape: "bars",
      sum: true,
      format,
      least,
    });

  body.append(
    textures(),
    figures(stats),
    names.length > 1
      ? plotLegend(names.map((name, at) => [name, `s${at}`]), barSign, word("assistants"))
      : "",
    h(
      "div",
      { class: "columns plots" },
      bars("callsByDay", "calls", whole, 1),
      bars("minutesByDay", "minutes", minutes, 1),
      bars("costByDay", "modelUsd", dollars),
    ),
    endingsPlot(endings(stats, assistants)),
    ...byEach(
      waits(stats, days, assistants.shown).map(add),
      rates(byAssistant(bargeInRate), names).map(add),
      names.length === 1,
    ),
    statsTable(stats),
  );
  return charts;
}

function figures(stats) {
  const calls = sum(stats, "calls");
  const wait = middleOf(stats, "p50");
  const rate = bargeInRate(stats);
  const shown = [
    ["calls", number(calls)],
    ["minutes", minutes(sum(stats, "minutes"))],
    ["carrier", number(sum(stats, "carrierMinutes"))],
    ["cost", money(sum(stats, "modelUsd"))],
    ["costEach", money(sum(stats, "modelUsd") / calls)],
    ["wait", wait === undefined ? "–" : `${number(wait, { maximumFractionDigits: 0 })} ms`, "waitHint"],
    ["bargeIns", rate === undefined ? "–" : number(rate, { style: "percent", maximumFractionDigits: 1 })],
  ];
  return h(
    "dl",
    { class: "figures card" },
    shown.map(([key, value, hint]) =>
      h(
        "div",
        { title: hint && word(hint) },
        h("dt", {}, word(key), hint && h("span", { class: "visually-hidden" }, ` (${word(hint)})`)),
        h("dd", {}, value),
      )
    ),
  );
}

function nothing() {
  return h(
    "div",
    { class: "card empty stack" },
    h("p", {}, h("strong", {}, word("nothing"))),
    h("p", {}, word("nothingDo")),
    h("p", {}, h("a", { href: "#phone", class: "button primary" }, word("phone"))),
  );
}
