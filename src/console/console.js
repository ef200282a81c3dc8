/** The page: one view at a time, by what stands behind `#` in the address. */

import { get } from "./api.js";
import { h } from "./dom.js";
import { languageChoice } from "./language_choice.js";
import { dictionary, language } from "./words.js";
import * as calls from "./calls/calls.js";
import * as live from "./live/live.js";
import * as overview from "./overview/overview.js";
import * as phone from "./phone/phone.js";

const word = dictionary({
  en: {
    live: "Live",
    calls: "Calls",
    overview: "Overview",
    phone: "Phone",
    title: "{view} · Parley",
    signOut: "Sign out",
    views: "Views",
    skip: "Skip to content",
    standIn: "No model key is set: a stand-in model answers, and says back what it hears.",
    broken: "This view cannot be shown: {why}",
  },
  es: {
    live: "En vivo",
    calls: "Llamadas",
    overview: "Resumen",
    phone: "Teléfono",
    title: "{view} · Parley",
    signOut: "Salir",
    views: "Vistas",
    skip: "Ir al contenido",
    standIn: "No hay clave para el modelo: responde uno de prueba, que repite lo que oye.",
    broken: "Esta vista no se puede mostrar: {why}",
  },
});

/** By name: each draws into an element, and returns what ends it. */
const VIEWS = { live, calls, overview, phone };

const place = document.querySelector("main");
const nav = document.querySelector("nav");
let leave = () => {};

function show() {
  const [asked = "", parameter] = location.hash.slice(1).split("/");
  const name = Object.hasOwn(VIEWS, asked) ? asked : "live";
  leave();
  leave = () => {};
  document.title = word("title", { view: word(name) });
  for (const link of nav.querySelectorAll("a")) {
    link.ariaCurrent = link.hash === `#${name}` ? "page" : null;
  }
  place.replaceChildren();
  try {
    leave = VIEWS[name].show(place, decoded(parameter)) ?? leave;
  } catch (error) {
    // The other views still work.
    place.replaceChildren(
      h("p", { class: "notice bad", role: "alert" }, word("broken", { why: error.message })),
    );
    console.error(error);
  }
}

/** The address is whatever somebody typed. */
function decoded(parameter) {
  try {
    return parameter === undefined ? undefined : decodeURIComponent(parameter);
  } catch {
    return parameter;
  }
}

/** Tells who answers, where it is not who one would think. */
async function tellStandIn() {
  const foot = document.querySelector("footer");
  const { standIn } = await get("setup").catch(() => ({}));
  foot.hidden = !standIn;
  if (standIn) foot.replaceChildren(h("p", {}, word("standIn")));
}

document.documentElement.lang = language;
const skip = document.querySelector(".skip");
skip.textContent = word("skip");
skip.addEventListener("click", (event) => {
  // Its address is no view.
  event.preventDefault();
  place.focus();
});
nav.ariaLabel = word("views");
nav.append(...Object.keys(VIEWS).map((name) => h("a", { href: `#${name}` }, word(name))));
document.querySelector("#language").append(languageChoice());
const signOut = document.querySelector("form[action=logout] button");
if (signOut) {
  signOut.textContent = word("signOut");
  signOut.className = "compact";
}
addEventListener("hashchange", () => {
  show();
  place.focus({ preventScroll: true });
  scrollTo(0, 0);
});
show();
tellStandIn();
