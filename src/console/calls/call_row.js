/** A row of the call list, and the name of its day. */

import { h } from "../dom.js";
import { dictionary, duration, language, number, time } from "../locale.js";
import { endReasonLook, endReasonText, otherParty } from "./call_texts.js";

/** @import { ListedCall } from "../api_types.ts" */

/** The same decimals in each row, so that costs can be compared. */
const COST = /** @type {const} */ ({
  style: "currency",
  currency: "USD",
  minimumFractionDigits: 3,
  maximumFractionDigits: 3,
});

const t = dictionary({
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

/**
 * A list item that is one link to the call.
 *
 * @param {ListedCall} call
 */
export function callRow(call) {
  const { callSid, assistant, startedAt, seconds, callerTurns, bargeIns, costUsd, endReason, summary } = call;
  const turns = callerTurns === 1 ? t("turn") : t("turns", { count: number(callerTurns) });
  const interruptions = bargeIns === 1 ? t("bargeIn") : t("bargeIns", { count: number(bargeIns) });
  const link = h(
    "a",
    { href: `#calls/${encodeURIComponent(callSid)}` },
    h("time", { datetime: startedAt, class: "number when" }, time(startedAt, { timeStyle: "short" })),
    h("strong", { class: "party" }, otherParty(call)),
    h("span", { class: "assistant" }, assistant),
    h("span", { class: "number length" }, duration(seconds)),
    h(
      "span",
      { class: "counts quiet small number" },
      turns,
      bargeIns > 0 ? ` · ${interruptions}` : undefined,
    ),
    h("span", { class: "number cost" }, number(costUsd, COST)),
    h(
      "span",
      { class: "end" },
      h("span", { class: `badge ${endReasonLook(endReason)}` }, endReasonText(endReason)),
    ),
    summary ? h("span", { class: "summary quiet small clip" }, summary.split("\n", 1)[0]) : undefined,
  );
  return { element: h("li", {}, link), link };
}

/**
 * `Today`, `Yesterday`, or the date, with its year unless that is the current one.
 *
 * @param {string} iso
 */
export function dayName(iso) {
  /** @type {(at: Date) => number} */
  const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  const now = new Date();
  const at = new Date(iso);
  const daysAgo = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (daysAgo === 0) return t("today");
  if (daysAgo === 1) return t("yesterday");
  const year = at.getFullYear() === now.getFullYear() ? undefined : "numeric";
  const name = time(iso, { weekday: "long", day: "numeric", month: "long", year });
  return name.slice(0, 1).toLocaleUpperCase(language) + name.slice(1);
}
