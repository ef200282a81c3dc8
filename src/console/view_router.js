/** The console page: shows one view at a time, named by the hash of the address: `#calls/CA…`. */

import { get, messageOf } from "./api_client.js";
import { find, h } from "./dom.js";
import { languageSelect } from "./language_select.js";
import { dictionary, language } from "./locale.js";
import { showCallRecord } from "./calls/call_record_view.js";
import { showEndedCalls } from "./calls/ended_call_list.js";
import { showLiveCalls } from "./live/live_call_list.js";
import { showLiveCall } from "./live/live_call_view.js";
import { showOverview } from "./overview/overview_view.js";
import { showPhone } from "./phone/phone_view.js";

/** @import { Setup } from "./api_types.ts" */

const t = dictionary({
  en: {
    live: "Live",
    calls: "Calls",
    overview: "Overview",
    phone: "Phone",
    title: "{view} · Parley",
    signOut: "Sign out",
    views: "Views",
    skip: "Skip to content",
    standIn: "OPENAI_API_KEY is not set: a stand-in model answers and repeats what you say.",
    broken: "Cannot show this view: {why}",
  },
  es: {
    live: "En vivo",
    calls: "Llamadas",
    overview: "Resumen",
    phone: "Teléfono",
    title: "{view} · Parley",
    signOut: "Cerrar sesión",
    views: "Vistas",
    skip: "Ir al contenido",
    standIn: "OPENAI_API_KEY no está definida: contesta un modelo de prueba que repite lo que oye.",
    broken: "No se puede mostrar esta vista: {why}",
  },
});

/**
 * Views by name: each draws into an element and returns a function that ends the view.
 *
 * @satisfies {Record<string, (place: HTMLElement, parameter?: string) => () => void>}
 */
const VIEWS = {
  /** @param {HTMLElement} place @param {string} [callSid] */
  live: (place, callSid) => callSid ? showLiveCall(place, callSid) : showLiveCalls(place),
  /** @param {HTMLElement} place @param {string} [parameter] A CallSid, or `?` and a filter. */
  calls: (place, parameter = "?") =>
    /^(\?|$)/.test(parameter) ? showEndedCalls(place) : showCallRecord(place, parameter),
  overview: showOverview,
  phone: showPhone,
};

/** @typedef {keyof typeof VIEWS} ViewName */

const NAMES = /** @type {readonly ViewName[]} */ (Object.keys(VIEWS));

const main = find(document, "main");
const nav = find(document, "nav");
let endView = () => {};

function showView() {
  const [requested, parameter] = location.hash.slice(1).split("/");
  const name = NAMES.find((each) => each === requested) ?? "live";
  endView();
  endView = () => {};
  document.title = t("title", { view: t(name) });
  for (const link of nav.querySelectorAll("a")) {
    link.ariaCurrent = link.hash === `#${name}` ? "page" : null;
  }
  main.replaceChildren();
  try {
    endView = VIEWS[name](main, parameter === undefined ? undefined : decoded(parameter));
  } catch (error) {
    // Keep the other views usable.
    main.replaceChildren(
      h("p", { class: "notice bad", role: "alert" }, t("broken", { why: messageOf(error) })),
    );
    console.error(error);
  }
}

/**
 * Decodes a part of the address. A malformed escape, as in a typed address, is returned unchanged.
 *
 * @param {string} parameter
 */
function decoded(parameter) {
  try {
    return decodeURIComponent(parameter);
  } catch {
    return parameter;
  }
}

async function showStandInNotice() {
  const foot = find(document, "footer");
  /** @type {Partial<Setup>} */
  const { standInModel } = await get("setup").catch(() => ({}));
  foot.hidden = !standInModel;
  if (standInModel) foot.replaceChildren(h("p", {}, t("standIn")));
}

document.documentElement.lang = language;
const skip = find(document, ".skip");
skip.textContent = t("skip");
skip.addEventListener("click", (event) => {
  // Prevents the link from changing the hash, which selects the view.
  event.preventDefault();
  main.focus();
});
nav.ariaLabel = t("views");
nav.append(...NAMES.map((name) => h("a", { href: `#${name}` }, t(name))));
find(document, "#language").append(languageSelect());
const signOut = document.querySelector("form[action=logout] button");
if (signOut) {
  signOut.textContent = t("signOut");
  signOut.className = "compact";
}
addEventListener("hashchange", () => {
  showView();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
});
showView();
showStandInNotice();
