/** The search and filter form of the call list. The filter is kept in the address: `#calls/?search=…`. */

import { get } from "../api_client.js";
import { h } from "../dom.js";
import { dictionary } from "../locale.js";
import { END_REASONS, endReasonText } from "./call_texts.js";

/** @import { Setup } from "../api_types.ts" */
/** @typedef {"search" | "assistant" | "endReason" | "since" | "until"} FilterName */

/** The search starts after a pause in typing of this length (ms). */
const TYPING_PAUSE_MS = 250;

const t = dictionary({
  en: {
    find: "Find calls",
    search: "Search",
    searchHint: "Words or a number",
    assistant: "Assistant",
    endReason: "End reason",
    all: "All",
    since: "From",
    until: "To",
    clear: "Clear",
  },
  es: {
    find: "Buscar llamadas",
    search: "Buscar",
    searchHint: "Palabras o un número",
    assistant: "Asistente",
    endReason: "Motivo de fin",
    all: "Todos",
    since: "Desde",
    until: "Hasta",
    clear: "Quitar filtros",
  },
});

/**
 * @param {() => void} onChange Called when the filter, and with it the address, changed.
 * @param {Promise<Setup>} setup
 */
export function callFilter(onChange, setup) {
  const filter = new URLSearchParams(location.hash.split("?").slice(1).join("?"));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  const search = h("input", {
    id: "call-search",
    type: "search",
    value: filter.get("search") ?? "",
    placeholder: t("searchHint"),
    autocomplete: "off",
  });
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => set("search", search.value), TYPING_PAUSE_MS);
  });
  const assistant = select("assistant");
  const endReason = select("endReason");
  endReason.append(...END_REASONS.map((reason) => option("endReason", reason, endReasonText(reason))));
  const since = dateInput("since");
  const until = dateInput("until");
  const clear = h(
    "button",
    { type: "button", class: "plain", hidden: filter.size === 0, onclick: clearAll },
    t("clear"),
  );
  addAssistants();

  /** @param {"assistant" | "endReason"} name */
  function select(name) {
    const control = h("select", { id: `call-${name}` }, h("option", { value: "" }, t("all")));
    control.addEventListener("change", () => set(name, control.value));
    return control;
  }

  /** @param {"since" | "until"} name */
  function dateInput(name) {
    const control = h("input", { id: `call-${name}`, type: "date", value: filter.get(name) ?? "" });
    control.addEventListener("change", () => set(name, control.value));
    return control;
  }

  /** @param {FilterName} name @param {string} value @param {string} [text] */
  function option(name, value, text = value) {
    return h("option", { value, selected: value === filter.get(name) }, text);
  }

  async function addAssistants() {
    /** @type {[Pick<Setup, "assistants">, { assistants: readonly string[] }]} */
    const [configured, stored] = await Promise.all([
      setup.catch(() => ({ assistants: [] })),
      get("assistants").catch(() => ({ assistants: [] })),
    ]);
    const names = new Set([...configured.assistants.map(({ name }) => name), ...stored.assistants]);
    // The address may name an assistant without calls.
    const chosen = filter.get("assistant");
    if (chosen) names.add(chosen);
    assistant.append(...[...names].map((name) => option("assistant", name)));
  }

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault();
    clearTimeout(typing);
    set("search", search.value);
  }

  function clearAll() {
    for (const control of [search, assistant, endReason, since, until]) control.value = "";
    for (const name of [...filter.keys()]) filter.delete(name);
    search.focus();
    apply();
  }

  /** @param {FilterName} name @param {string} value */
  function set(name, value) {
    if ((filter.get(name) ?? "") === value.trim()) return;
    if (value.trim() === "") filter.delete(name);
    else filter.set(name, value.trim());
    apply();
  }

  function apply() {
    clear.hidden = filter.size === 0;
    history.replaceState(null, "", filter.size > 0 ? `#calls/?${filter}` : "#calls");
    onChange();
  }

  return {
    element: h(
      "form",
      { class: "call-filter", role: "search", "aria-label": t("find"), onsubmit: submit },
      field("search", search),
      field("assistant", assistant),
      field("endReason", endReason),
      field("since", since),
      field("until", until),
      clear,
    ),
    /** The filter as in the address; empty without conditions. */
    get text() {
      return filter.toString();
    },
    /** The filter as a query of the API: its days are local days. */
    get query() {
      const { since, until, ...same } = Object.fromEntries(filter);
      return { ...same, since: since && dayStart(since, 0), until: until && dayStart(until, 1) };
    },
    end: () => clearTimeout(typing),
  };
}

/** @param {FilterName} name @param {HTMLElement} control */
function field(name, control) {
  return h("div", { class: `field ${name}` }, h("label", { for: control.id }, t(name)), control);
}

/**
 * Local midnight at the start of a day, some days later.
 *
 * @param {string} day `2026-11-21`
 * @param {number} daysLater
 * @returns {string} ISO 8601.
 */
function dayStart(day, daysLater) {
  const [year = 0, month = 0, date = 0] = day.split("-").map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}
