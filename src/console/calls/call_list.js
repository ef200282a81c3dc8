/** Calls that are over, the newest first. */

import { get } from "../api.js";
import { callRow, dayName } from "./call_row.js";
import { ending, problem, REASONS } from "./call_words.js";
import { h } from "../dom.js";
import { dictionary, number } from "../words.js";

const PAGE = 50;
/** As many as the service gives at once. */
const MOST = 500;
/** How long (ms) whoever types may pause between two letters. */
const TYPING_MS = 250;

const word = dictionary({
  en: {
    title: "Calls",
    find: "Find calls",
    search: "Search",
    searchHint: "Words or a number",
    assistant: "Assistant",
    ending: "Ending",
    all: "All",
    since: "From",
    until: "To",
    clear: "Clear",
    more: "Show more",
    shown: "{count} shown, there are more",
    shownAll: "{count} calls",
    shownOne: "One call",
    live: "{count} in progress",
    none: "No calls are kept yet.",
    noneDo: "Ring your number, try the phone of this page, or place a call without a phone:",
    phone: "Call from this page",
    nothing: "No call is like that.",
    nothingDo: "Look for something else, or clear the filter to see all calls.",
  },
  es: {
    title: "Llamadas",
    find: "Buscar llamadas",
    search: "Buscar",
    searchHint: "Palabras o un número",
    assistant: "Asistente",
    ending: "Final",
    all: "Todos",
    since: "Desde",
    until: "Hasta",
    clear: "Quitar filtros",
    more: "Mostrar más",
    shown: "Se muestran {count}, hay más",
    shownAll: "{count} llamadas",
    shownOne: "Una llamada",
    live: "{count} en curso",
    none: "Todavía no hay llamadas guardadas.",
    noneDo: "Llame a su número, pruebe el teléfono de esta página, o haga una llamada sin teléfono:",
    phone: "Llamar desde esta página",
    nothing: "Ninguna llamada es así.",
    nothingDo: "Busque otra cosa, o quite los filtros para ver todas las llamadas.",
  },
});

/** Where a reader of the list was before they opened a call. */
let left = { filter: "", shown: 0, scrolled: 0 };

/** Leads back to the list as it was. */
export function listAddress() {
  return left.filter === "" ? "#calls" : `#calls/?${left.filter}`;
}

/** Draws the list of what the address asks for; returns what ends it. */
export function showList(place) {
  let gone = false;
  /** Answers to questions nobody asks any more are dropped. */
  let asked = 0;
  let next;
  let typing;
  let day;
  const filter = new URLSearchParams(location.hash.split("?").slice(1).join("?"));

  const status = h("p", { class: "quiet small", role: "status" });
  const live = h("a", { href: "#live", class: "small", hidden: true });
  const days = h("div", { class: "call-days" });
  const more = h("button", { type: "button", hidden: true, onclick: () => load(true) }, word("more"));
  const search = h("input", {
    id: "call-search",
    type: "search",
    value: filter.get("search") ?? "",
    placeholder: word("searchHint"),
    autocomplete: "off",
    oninput: () => {
      clearTimeout(typing);
      typing = setTimeout(() => choose("search", search.value), TYPING_MS);
    },
  });
  const assistant = chooser("assistant", []);
  const reason = chooser("reason", REASONS.map((reason) => [reason, ending(reason)]));
  const since = h("input", { id: "call-since", type: "date", value: filter.get("since") ?? "" });
  const until = h("input", { id: "call-until", type: "date", value: filter.get("until") ?? "" });
  since.addEventListener("change", () => choose("since", since.value));
  until.addEventListener("change", () => choose("until", until.value));
  const clear = h("button", { type: "button", class: "plain", onclick: clearAll }, word("clear"));

  place.append(
    h("div", { class: "page-head" }, h("h2", {}, word("title")), h("div", { class: "row" }, status, live)),
    h(
      "form",
      { class: "call-filter", role: "search", "aria-label": word("find"), onsubmit: submit },
      field("search", search),
      field("assistant", assistant),
      field("ending", reason),
      field("since", since),
      field("until", until),
      clear,
    ),
    days,
    h("p", { class: "call-more" }, more),
  );
  assistants();
  const back = left.filter === filter.toString() ? left : undefined;
  load(false, back?.shown).then(() => back && scrollTo(0, back.scrolled));

  return () => {
    left = {
      filter: filter.toString(),
      shown: days.querySelectorAll("li").length,
      scrolled: globalThis.scrollY,
    };
    gone = true;
    clearTimeout(typing);
  };

  function chooser(name, options) {
    const select = h(
      "select",
      { id: `call-${name}`, onchange: () => choose(name, select.value) },
      h("option", { value: "" }, word("all")),
      ...options.map(([value, text]) => option(name, value, text)),
    );
    return select;
  }

  function option(name, value, text = value) {
    return h("option", { value, selected: value === filter.get(name) }, text);
  }

  async function assistants() {
    const names = await get("setup").then(({ assistants }) => assistants.map(({ name }) => name), () => []);
    const chosen = filter.get("assistant");
    // Calls of an assistant that is no more are still there.
    const all = chosen && !names.includes(chosen) ? [...names, chosen] : names;
    assistant.append(...all.map((name) => option("assistant", name)));
  }

  function submit(event) {
    event.preventDefault();
    clearTimeout(typing);
    choose("search", search.value);
  }

  function clearAll() {
    for (const control of [search, assistant, reason, since, until]) control.value = "";
    for (const name of [...filter.keys()]) filter.delete(name);
    search.focus();
    chosen();
  }

  function choose(name, value) {
    if ((filter.get(name) ?? "") === value.trim()) return;
    if (value.trim() === "") filter.delete(name);
    else filter.set(name, value.trim());
    chosen();
  }

  /** The address says what is shown, so that one can come back to it. */
  function chosen() {
    history.replaceState(null, "", filter.size > 0 ? `#calls/?${filter}` : "#calls");
    load(false);
  }

  async function load(further, count = PAGE) {
    const question = ++asked;
    const { search, assistant, reason, since, until } = Object.fromEntries(filter);
    more.disabled = true;
    clear.hidden = filter.size === 0;
    try {
      const answer = await get("calls", {
        search,
        assistant,
        reason,
        since: since && startOf(since, 0),
        until: until && startOf(until, 1),
        before: further ? next : undefined,
        limit: Math.min(MOST, Math.max(PAGE, count)),
      });
      if (gone || question !== asked) return;
      fill(answer, further);
    } catch (error) {
      if (gone || question !== asked) return;
      if (!further) days.replaceChildren();
      days.querySelector(".notice")?.remove();
      days.append(problem(error, () => load(further, count)));
      more.hidden = true;
      status.textContent = "";
    }
  }

  function fill({ calls, ended, next: following }, further) {
    days.querySelector(".notice")?.remove();
    if (!further) {
      days.replaceChildren();
      day = undefined;
    }
    const rows = ended.map((call) => [call, callRow(call)]);
    for (const [call, item] of rows) dayOf(call.startedAt).append(item);
    next = following;
    more.hidden = next === undefined;
    more.disabled = false;
    const shown = days.querySelectorAll("li").length;
    if (shown === 0) days.append(filter.size > 0 ? nothing() : none());
    status.textContent = shown === 0
      ? ""
      : next !== undefined
      ? word("shown", { count: number(shown) })
      : shown === 1
      ? word("shownOne")
      : word("shownAll", { count: number(shown) });
    live.hidden = calls.length === 0;
    live.textContent = word("live", { count: number(calls.length) });
    // The button is gone or has moved away: who pressed it reads on at the first new call.
    if (further) rows[0]?.[1].firstChild.focus({ preventScroll: true });
  }

  /** The list of a day's calls, under its name. */
  function dayOf(iso) {
    const name = dayName(iso);
    if (day?.name !== name) {
      const list = h("ol", { class: "call-rows" });
      days.append(h("section", {}, h("h3", {}, name), list));
      day = { name, list };
    }
    return day.list;
  }
}

function field(name, control) {
  return h(
    "div",
    { class: `field ${name}` },
    h("label", { for: control.id }, word(name)),
    control,
  );
}

/** Midnight here at the beginning of a day, or so many days later. */
function startOf(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

function none() {
  const address = new URL("..", location.href).href.replace(/\/$/, "");
  return h(
    "div",
    { class: "card empty stack" },
    h("p", {}, h("strong", {}, word("none"))),
    h("p", {}, word("noneDo")),
    h("pre", { class: "call-command" }, h("code", {}, `parley rehearse --url ${address}`)),
    h("p", {}, h("a", { href: "#phone", class: "button primary" }, word("phone"))),
  );
}

function nothing() {
  return h(
    "div",
    { class: "card empty stack" },
    h("p", {}, h("strong", {}, word("nothing"))),
    h("p", {}, word("nothingDo")),
  );
}
