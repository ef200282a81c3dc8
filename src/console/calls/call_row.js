/** A call in a list, and the name of its day. */

import { ending, endingKind, otherEnd } from "./call_words.js";
import { h } from "../dom.js";
import { dictionary, duration, language, number, time } from "../words.js";

/** As many decimals in each row, so that one can compare them. */
const COST = { style: "currency", currency: "USD", minimumFractionDigits: 3, maximumFractionDigits: 3 };

const word = dictionary({
  en: {
    turns: "{count} turns",
    turn: "1 turn",
    bargeIns: "{count} barge-ins",
    bargeIn: "1 barge-in",
    today: "Today",
    yesterday: "Yesterday",
  },
  es: {
    turns: "{count} turnos",
    turn: "1 turno",
    bargeIns: "{count} interrupciones",
    bargeIn: "1 interrupción",
    today: "Hoy",
    yesterday: "Ayer",
  },
});

/** All of it is one link. */
export function callRow(call) {
  const { callSid, assistant, startedAt, seconds, turns, bargeIns, modelUsd, reason, summary } = call;
  const kind = endingKind(reason);
  return h(
    "li",
    {},
    h(
      "a",
      { href: `#calls/${encodeURIComponent(callSid)}` },
      h("time", { datetime: startedAt, class: "number when" }, time(startedAt, { timeStyle: "short" })),
      h("strong", { class: "who" }, otherEnd(call)),
      h("span", { class: "assistant" }, assistant),
      h("span", { class: "number length" }, duration(seconds)),
      h(
        "span",
        { class: "counts quiet small number" },
        turns === 1 ? word("turn") : word("turns", { count: number(turns) }),
        bargeIns > 0
          ? ` · ${bargeIns === 1 ? word("bargeIn") : word("bargeIns", { count: number(bargeIns) })}`
          : undefined,
      ),
      h("span", { class: "number cost" }, number(modelUsd, COST)),
      h("span", { class: "end" }, h("span", { class: `badge ${kind}` }, ending(reason))),
      summary ? h("span", { class: "summary quiet small clip" }, summary.split("\n", 1)[0]) : undefined,
    ),
  );
}

/** `Today`, `Yesterday`, or the date; with its year if that is not this one. */
export function dayName(iso) {
  const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  const now = new Date();
  const at = new Date(iso);
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (days === 0) return word("today");
  if (days === 1) return word("yesterday");
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  const name = time(iso, { weekday: "long", day: "numeric", month: "long", year });
  return name.slice(0, 1).toLocaleUpperCase(language) + name.slice(1);
}
