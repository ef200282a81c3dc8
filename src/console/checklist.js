/** The steps to a real phone number, drawn from the findings of `parley check`. */

import { get, messageOf } from "./api_client.js";
import { h, svg } from "./dom.js";
import { dictionary } from "./locale.js";

/** @import { Finding, Setup } from "./api_types.ts" */
/**
 * @typedef {{ name: "key" | "address" | "token" | "number", checks: readonly string[], link?: string }} Step
 */
/** @typedef {"done" | "todo" | "wrong"} State */

const t = dictionary({
  en: {
    heading: "Connect a real phone number",
    checking: "Running all checks. This takes a few seconds.",
    failed: "Cannot run the checks: {why}",
    again: "Check again",
    ready: "Setup is complete: this service answers real calls.",
    done: "Done",
    todo: "To do",
    wrong: "Wrong",
    how:
      "Put these settings into the file .env or into the environment. The task dev restarts by itself when " +
      ".env changes; otherwise, restart the service.",
    all: "All {count} checks",
    key: "OpenAI API key",
    keyHow:
      "Without a key, a stand-in model answers: it only repeats what you say. Create a key at {link}, in " +
      "a project with credit, and set OPENAI_API_KEY to it.",
    address: "Public address",
    addressHow:
      "Twilio must be able to reach this service over HTTPS, at your own domain or through a tunnel. Set " +
      "PUBLIC_URL to that address.",
    token: "Twilio auth token",
    tokenHow: "With the token, Parley accepts requests only from Twilio. Copy TWILIO_ACCOUNT_SID and " +
      "TWILIO_AUTH_TOKEN from {link}.",
    number: "Phone number",
    numberHow:
      "Set TWILIO_PHONE_NUMBER to a Twilio number that can receive voice calls. Then run {command}: it " +
      "points the number's voice webhook at this service.",
  },
  es: {
    heading: "Conectar un número de teléfono real",
    checking: "Se están haciendo todas las comprobaciones. Tarda unos segundos.",
    failed: "No se han podido hacer las comprobaciones: {why}",
    again: "Comprobar de nuevo",
    ready: "Todo está configurado: este servicio contesta llamadas reales.",
    done: "Hecho",
    todo: "Pendiente",
    wrong: "Mal",
    how:
      "Ponga estos ajustes en el archivo .env o en el entorno. La tarea dev se reinicia sola cuando cambia " +
      ".env; si no la usa, reinicie el servicio.",
    all: "Las {count} comprobaciones",
    key: "Clave de API de OpenAI",
    keyHow:
      "Sin clave contesta un modelo de prueba, que solo repite lo que oye. Cree una clave en {link}, en un " +
      "proyecto con saldo, y póngala en OPENAI_API_KEY.",
    address: "Dirección pública",
    addressHow:
      "Twilio tiene que poder llegar a este servicio por HTTPS, con un dominio propio o por un túnel. " +
      "Ponga esa dirección en PUBLIC_URL.",
    token: "Token de autenticación de Twilio",
    tokenHow:
      "Con el token, Parley solo acepta peticiones de Twilio. Copie TWILIO_ACCOUNT_SID y TWILIO_AUTH_TOKEN " +
      "de {link}.",
    number: "Número de teléfono",
    numberHow:
      "Ponga en TWILIO_PHONE_NUMBER un número de Twilio que admita llamadas de voz. Después ejecute " +
      "{command}: dirige a este servicio el webhook de voz del número.",
  },
});

/** In the order of setup; `checks` names the checks that decide about the step. */
const STEPS = /** @type {readonly Step[]} */ ([
  { name: "key", checks: ["model", "audio format"], link: "https://platform.openai.com/api-keys" },
  { name: "address", checks: ["public address"] },
  { name: "token", checks: ["signatures", "Twilio account"], link: "https://console.twilio.com" },
  { name: "number", checks: ["phone number"] },
]);

/** Icon paths (16 × 16). */
const ICONS = {
  done: "M3 8.5l3.5 3.5L13 4.5",
  todo: "M4.5 8a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0",
  wrong: "M4 4l8 8M12 4l-8 8",
};

/**
 * Draws the steps, and runs the checks.
 *
 * @param {HTMLElement} place
 * @param {Promise<Pick<Setup, "command">>} setup
 * @returns {() => void} Removes the checklist.
 */
export function checklist(place, setup) {
  let closed = false;
  const status = h("p", { role: "status" });
  const results = h("div");
  const again = h("button", { type: "button", class: "compact", onclick: run }, t("again"));
  const section = h(
    "section",
    { class: "checklist", "aria-label": t("heading") },
    h("div", { class: "checklist-head" }, h("h3", {}, t("heading")), again),
    status,
    results,
  );
  place.append(section);
  run();
  return () => {
    closed = true;
    section.remove();
  };

  async function run() {
    status.textContent = t("checking");
    again.disabled = true;
    try {
      /** @type {[{ findings: readonly Finding[] }, Pick<Setup, "command">]} */
      const [{ findings }, { command }] = await Promise.all([get("check"), setup]);
      if (closed) return;
      const steps = STEPS.map((step) => ({ ...step, ...stepState(step, findings) }));
      const ready = steps.every(({ state }) => state === "done");
      status.replaceChildren(...withCode(t(ready ? "ready" : "how")));
      results.replaceChildren(
        h("ol", { class: "steps" }, steps.map((step) => drawStep(step, `${command} check --fix`))),
        h(
          "details",
          {},
          h("summary", {}, t("all", { count: findings.length })),
          h("ul", {}, findings.map(drawFinding)),
        ),
      );
    } catch (error) {
      status.textContent = t("failed", { why: messageOf(error) });
    } finally {
      again.disabled = false;
    }
  }
}

/**
 * A step is done when one of its checks passed and none failed.
 *
 * @param {Pick<Step, "checks">} step
 * @param {readonly Finding[]} findings
 * @returns {{ state: State, reasons: readonly Finding[] }}
 */
function stepState({ checks }, findings) {
  const own = findings.filter(({ check }) => checks.includes(check));
  const failures = own.filter(({ level }) => level === "failed");
  if (failures.length > 0) return { state: "wrong", reasons: failures };
  const passed = own.filter(({ level }) => level === "ok");
  if (passed.length > 0) return { state: "done", reasons: passed };
  return { state: "todo", reasons: own };
}

/**
 * @param {Step & { state: State, reasons: readonly Finding[] }} step
 * @param {string} command Points the number at this service.
 */
function drawStep({ name, state, reasons, link }, command) {
  return h(
    "li",
    { class: `step ${state}` },
    stateIcon(state),
    h(
      "div",
      {},
      h("p", { class: "step-title" }, t(name), " ", h("span", { class: "step-state" }, t(state))),
      state === "done" ? undefined : h("p", {}, withCode(t(`${name}How`, { link: "\0", command }), link)),
      state === "todo" ? undefined : reasons.map(drawReason),
    ),
  );
}

/**
 * Findings are in English in every language.
 *
 * @param {Finding} finding
 */
function drawReason({ message, remedy }) {
  return h("p", { class: "found", lang: "en" }, remedy ? `${message}; ${remedy}` : message);
}

/** @param {Finding} finding */
function drawFinding(finding) {
  const { check, level } = finding;
  const state = level === "ok" ? "done" : level === "failed" ? "wrong" : "todo";
  return h(
    "li",
    { class: `step ${state}`, lang: "en" },
    stateIcon(state),
    h("div", {}, h("b", {}, check), drawReason(finding)),
  );
}

/** @param {State} state */
function stateIcon(state) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "step-mark", role: "img", "aria-label": t(state) },
    svg("path", { d: ICONS[state] }),
  );
}

/**
 * A sentence with `\0` replaced by a link, and with settings and commands marked as code.
 *
 * @param {string} sentence
 * @param {string} [link]
 */
function withCode(sentence, link = "") {
  return sentence.split(
    /(\0|\.env|[A-Z]+(?:_[A-Z]+)+|(?:parley|deno task|npx -y deno@[\d.]+ task) check --fix)/,
  ).map((part, at) => {
    if (part === "\0") {
      return h("a", { href: link, target: "_blank", rel: "noreferrer" }, link.replace("https://", ""));
    }
    return at % 2 === 0 ? part : h("code", {}, part);
  });
}
