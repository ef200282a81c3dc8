/** What is still to be done before a real telephone rings here: the findings of `parley check`, as four steps. */

import { get } from "./api.js";
import { h, svg } from "./dom.js";
import { dictionary } from "./words.js";

const word = dictionary({
  en: {
    heading: "From here to a real number",
    looking: "Looking at everything that can be wrong. This takes a few seconds.",
    failed: "This could not be looked at: {why}",
    again: "Look again",
    ready: "Everything is set: real calls come in.",
    done: "Done",
    todo: "To do",
    wrong: "Wrong",
    how: "Settings go into the file .env, or into the environment. Then start the service again.",
    all: "All {count} things that were looked at",
    key: "A key for the model",
    keyHow:
      "Without one the stand-in answers, which only says back what it hears. Create a key at {link}, in a " +
      "project with credit, and set OPENAI_API_KEY to it.",
    address: "A public address",
    addressHow:
      "Twilio must reach this service by https, at a name of yours or through a tunnel. Set PUBLIC_URL " +
      "to that address.",
    token: "The token of your Twilio account",
    tokenHow:
      "With it, nobody but Twilio gets in. Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN as {link} shows " +
      "them.",
    number: "A phone number",
    numberHow:
      "Set TWILIO_PHONE_NUMBER to a number of yours that can do voice. The command parley check --fix " +
      "then leads its calls here.",
  },
  es: {
    heading: "De aquí a un número real",
    looking: "Se está comprobando todo lo que puede fallar. Tarda unos segundos.",
    failed: "No se ha podido comprobar: {why}",
    again: "Comprobar otra vez",
    ready: "Todo está listo: las llamadas reales llegan aquí.",
    done: "Hecho",
    todo: "Pendiente",
    wrong: "Mal",
    how: "Los ajustes van en el archivo .env o en el entorno. Después hay que reiniciar el servicio.",
    all: "Las {count} cosas que se han comprobado",
    key: "Una clave para el modelo",
    keyHow:
      "Sin ella responde el modelo de prueba, que solo repite lo que oye. Cree una clave en {link}, en un " +
      "proyecto con saldo, y póngala en OPENAI_API_KEY.",
    address: "Una dirección pública",
    addressHow:
      "Twilio tiene que llegar a este servicio por https, con un nombre suyo o por un túnel. Ponga esa " +
      "dirección en PUBLIC_URL.",
    token: "El token de su cuenta de Twilio",
    tokenHow:
      "Con él solo entra Twilio. Ponga TWILIO_ACCOUNT_SID y TWILIO_AUTH_TOKEN como los muestra {link}.",
    number: "Un número de teléfono",
    numberHow:
      "Ponga en TWILIO_PHONE_NUMBER un número suyo con voz. La orden parley check --fix dirige entonces " +
      "sus llamadas aquí.",
  },
});

/** The steps, in the order a newcomer takes them, each with the lines of the check that tell of it. */
const STEPS = [
  { name: "key", lines: ["model", "audio format"], link: "https://platform.openai.com/api-keys" },
  { name: "address", lines: ["public address"] },
  { name: "token", lines: ["signatures", "Twilio account"], link: "https://console.twilio.com" },
  { name: "number", lines: ["phone number"] },
];

/** What each state looks like, beside its word. */
const MARKS = { done: "M3 8.5l3.5 3.5L13 4.5", todo: "M8 5v6M5 8h6", wrong: "M4 4l8 8M12 4l-8 8" };

/** Draws what is done and what is not into `place`, and returns what ends it. */
export function checklist(place) {
  let left = false;
  const section = h("section", { class: "checklist", "aria-label": word("heading") });
  const status = h("p", { role: "status" });
  const findings = h("div");
  const again = h("button", { type: "button", class: "compact", onclick: look }, word("again"));
  section.append(
    h("div", { class: "checklist-head" }, h("h3", {}, word("heading")), again),
    status,
    findings,
  );
  place.append(section);
  look();
  return () => {
    left = true;
    section.remove();
  };

  async function look() {
    status.textContent = word("looking");
    again.disabled = true;
    try {
      const { lines } = await get("check");
      if (left) return;
      const steps = STEPS.map((step) => ({ ...step, ...judge(step, lines) }));
      const ready = steps.every(({ state }) => state === "done");
      status.replaceChildren(...marked(word(ready ? "ready" : "how")));
      findings.replaceChildren(
        h("ol", { class: "steps" }, steps.map(drawStep)),
        h(
          "details",
          {},
          h("summary", {}, word("all", { count: lines.length })),
          h("ul", {}, lines.map(drawLine)),
        ),
      );
    } catch (error) {
      status.textContent = word("failed", { why: error.message });
    } finally {
      again.disabled = false;
    }
  }
}

/** A step is done when something says so and nothing speaks against it. */
export function judge({ lines: names }, lines) {
  const told = lines.filter(({ line }) => names.includes(line));
  const failures = told.filter(({ level }) => level === "failed");
  if (failures.length > 0) return { state: "wrong", told: failures };
  const done = told.some(({ level }) => level === "ok");
  return {
    state: done ? "done" : "todo",
    told: told.filter(({ level }) => level === (done ? "ok" : "warning")),
  };
}

function drawStep({ name, state, told, link }) {
  return h(
    "li",
    { class: `step ${state}` },
    mark(state),
    h(
      "div",
      {},
      h("p", { class: "step-title" }, word(name), " ", h("span", { class: "step-state" }, word(state))),
      state === "done" ? undefined : h("p", {}, ...marked(word(`${name}How`, { link: "\0" }), link)),
      state === "todo" ? undefined : told.map(drawFound),
    ),
  );
}

/** What was found is in English, whatever the page is in. */
function drawFound({ found, remedy }) {
  return h("p", { class: "found", lang: "en" }, remedy ? `${found}; ${remedy}` : found);
}

function drawLine({ line, level, found, remedy }) {
  const state = level === "ok" ? "done" : level === "failed" ? "wrong" : "todo";
  return h(
    "li",
    { class: `step ${state}`, lang: "en" },
    mark(state),
    h("div", {}, h("b", {}, line), drawFound({ found, remedy })),
  );
}

function mark(state) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "step-mark", role: "img", "aria-label": word(state) },
    svg("path", { d: MARKS[state] }),
  );
}

/** A sentence with its address as a link, and what one types as code. */
function marked(sentence, link) {
  return sentence.split(/(\0|\.env|[A-Z]+(?:_[A-Z]+)+|parley check --fix)/).map((part, i) => {
    if (part !== "\0") return i % 2 === 0 ? part : h("code", {}, part);
    return h("a", { href: link, target: "_blank", rel: "noreferrer" }, link.replace("https://", ""));
  });
}
