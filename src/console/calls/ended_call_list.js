/** The list of ended calls, newest first, page by page. */

import { get } from "../api_client.js";
import { h } from "../dom.js";
import { dictionary, number } from "../locale.js";
import { rehearseHint } from "../rehearse_hint.js";
import { callFilter } from "./call_filter.js";
import { callRow, dayName } from "./call_row.js";
import { emptyCard, phoneLink, requestProblem } from "./call_texts.js";

/** @import { CallListEvents, ListedCall, Setup } from "../api_types.ts" */
/** @typedef {CallListEvents["calls"] & { ended: readonly ListedCall[], next?: string }} CallListAnswer */

const PAGE_SIZE = 50;
/** The API's limit for one request. */
const MAX_PAGE_SIZE = 500;

const t = dictionary({
  en: {
    title: "Calls",
    more: "Show more",
    shown: "{count} shown, more available",
    shownAll: "{count} calls",
    shownOne: "One call",
    live: "{count} in progress",
    none: "No calls yet.",
    noneAction: "Call your number, use the browser phone, or place a simulated call from a terminal:",
    noMatch: "No calls match.",
    noMatchAction: "Change the filter, or clear it to see all calls.",
  },
  es: {
    title: "Llamadas",
    more: "Mostrar más",
    shown: "Se muestran {count}, hay más",
    shownAll: "{count} llamadas",
    shownOne: "Una llamada",
    live: "{count} en curso",
    none: "Todavía no hay llamadas.",
    noneAction:
      "Llame a su número, use el teléfono del navegador o haga una llamada simulada desde una terminal:",
    noMatch: "Ninguna llamada coincide.",
    noMatchAction: "Cambie los filtros, o quítelos para ver todas las llamadas.",
  },
});

/** The state of the list when it was last left. */
let lastVisit = { filter: "", shown: 0, scrollY: 0 };

/** The address of the list as it was last left. */
export function endedCallsAddress() {
  return lastVisit.filter === "" ? "#calls" : `#calls/?${lastVisit.filter}`;
}

/**
 * Shows the calls that match the filter in the address.
 *
 * @param {HTMLElement} place
 * @returns {() => void} Ends the view.
 */
export function showEndedCalls(place) {
  let closed = false;
  /** Number of the latest request; answers to earlier ones are ignored. */
  let requests = 0;
  /** @type {string | undefined} Cursor of the next page. */
  let next;
  /** @type {{ name: string, list: HTMLElement } | undefined} The day of the last row. */
  let day;
  /** @type {Promise<Setup>} */
  const setup = get("setup");
  const filter = callFilter(() => void load(false), setup);
  const status = h("p", { class: "quiet small", role: "status" });
  const live = h("a", { href: "#live", class: "small", hidden: true });
  const days = h("div", { class: "call-days" });
  const moreButton = h("button", { type: "button", hidden: true, onclick: () => void load(true) }, t("more"));
  place.append(
    h("div", { class: "page-head" }, h("h2", {}, t("title")), h("div", { class: "row" }, status, live)),
    filter.element,
    days,
    h("p", { class: "call-more" }, moreButton),
  );
  const restored = lastVisit.filter === filter.text ? lastVisit : undefined;
  load(false, restored?.shown).then(() => restored && scrollTo(0, restored.scrollY));

  return () => {
    lastVisit = { filter: filter.text, shown: countRows(), scrollY: globalThis.scrollY };
    closed = true;
    filter.end();
  };

  function countRows() {
    return days.querySelectorAll("li").length;
  }

  /**
   * Loads calls, and appends them to the shown ones or replaces these.
   *
   * @param {boolean} append
   * @param {number} [count]
   */
  async function load(append, count = PAGE_SIZE) {
    const request = ++requests;
    moreButton.disabled = true;
    try {
      /** @type {CallListAnswer} */
      const page = await get("calls", {
        ...filter.query,
        before: append ? next : undefined,
        limit: Math.min(MAX_PAGE_SIZE, Math.max(PAGE_SIZE, count)),
      });
      if (!closed && request === requests) fill(page, append);
    } catch (error) {
      if (closed || request !== requests) return;
      if (!append) days.replaceChildren();
      days.querySelector(".notice")?.remove();
      days.append(requestProblem(error, () => load(append, count)));
      moreButton.hidden = true;
      status.textContent = "";
    }
  }

  /** @param {CallListAnswer} answer @param {boolean} append */
  function fill({ calls, ended, next: following }, append) {
    days.querySelector(".notice")?.remove();
    if (!append) {
      days.replaceChildren();
      day = undefined;
    }
    const rows = ended.map((call) => ({ call, ...callRow(call) }));
    for (const { call, element } of rows) dayList(call.startedAt).append(element);
    next = following;
    moreButton.hidden = next === undefined;
    moreButton.disabled = false;
    const shown = countRows();
    if (shown === 0) {
      days.append(
        filter.text === ""
          ? emptyCard(t("none"), t("noneAction"), rehearseHint(setup), phoneLink())
          : emptyCard(t("noMatch"), t("noMatchAction")),
      );
    }
    status.textContent = shown === 0
      ? ""
      : next !== undefined
      ? t("shown", { count: number(shown) })
      : shown === 1
      ? t("shownOne")
      : t("shownAll", { count: number(shown) });
    live.hidden = calls.length === 0;
    live.textContent = t("live", { count: number(calls.length) });
    // The button moved away: keyboard users continue at the first new call.
    if (append) rows[0]?.link.focus({ preventScroll: true });
  }

  /**
   * The list of a day's calls, below its heading.
   *
   * @param {string} iso
   */
  function dayList(iso) {
    const name = dayName(iso);
    if (day?.name !== name) {
      day = { name, list: h("ol", { class: "call-rows" }) };
      days.append(h("section", {}, h("h3", {}, name), day.list));
    }
    return day.list;
  }
}
