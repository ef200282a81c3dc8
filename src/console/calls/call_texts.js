/** Texts about calls that several views use. */

import { messageOf } from "../api_client.js";
import { h } from "../dom.js";
import { dictionary } from "../locale.js";

/** @import { CallRecord } from "../api_types.ts" */

const t = dictionary({
  en: {
    from: "from {party}",
    to: "to {party}",
    anonymous: "a withheld number",
    unknown: "an unknown number",
    retry: "Try again",
    phone: "Open the browser phone",
  },
  es: {
    from: "de {party}",
    to: "a {party}",
    anonymous: "un número oculto",
    unknown: "un número desconocido",
    retry: "Volver a intentar",
    phone: "Abrir el teléfono del navegador",
  },
});

const reasons = dictionary({
  en: {
    "caller hung up": "The caller hung up",
    "stream lost": "The connection was lost",
    "flood": "Closed: too many messages",
    "no media": "Closed: no audio arrived",
    "model failed": "The model failed",
    "voicemail": "Left a voicemail",
    "callback requested": "Callback requested",
    "never connected": "Never connected",
    "assistant hung up": "The assistant hung up",
    "operator hung up": "Ended from this page",
    "transferred": "Transferred",
    "answering machine": "Answering machine",
    "silence": "The caller fell silent",
    "spending limit": "Spending limit reached",
    "time limit": "Time limit reached",
    "drained": "The service was drained",
    "shutdown": "The service shut down",
    "interrupted": "The service stopped unexpectedly",
  },
  es: {
    "caller hung up": "Colgó quien llamaba",
    "stream lost": "Se perdió la conexión",
    "flood": "Cerrada: demasiados mensajes",
    "no media": "Cerrada: no llegó audio",
    "model failed": "Falló el modelo",
    "voicemail": "Dejó un mensaje de voz",
    "callback requested": "Pide que le devuelvan la llamada",
    "never connected": "No llegó a conectarse",
    "assistant hung up": "Colgó el asistente",
    "operator hung up": "Terminada desde esta página",
    "transferred": "Transferida",
    "answering machine": "Contestador automático",
    "silence": "Quien llamaba dejó de hablar",
    "spending limit": "Límite de gasto alcanzado",
    "time limit": "Límite de tiempo alcanzado",
    "drained": "El servicio se estaba vaciando",
    "shutdown": "El servicio se apagó",
    "interrupted": "El servicio se detuvo inesperadamente",
  },
});

/**
 * The badge class of each end reason of `src/call/end_reason.ts` and of `src/records/open_calls.ts`:
 * ordinary, unclear, warning, or failure. Only the last two have a colour, because most calls end in an
 * ordinary way.
 *
 * @satisfies {Record<import("../api_types.ts").RecordEndReason, "plain" | "" | "warn" | "bad">}
 */
const LOOKS = {
  "caller hung up": "plain",
  "assistant hung up": "plain",
  "operator hung up": "plain",
  "transferred": "plain",
  "answering machine": "",
  "silence": "warn",
  "time limit": "warn",
  "spending limit": "warn",
  "drained": "warn",
  "shutdown": "warn",
  "never connected": "bad",
  "no media": "bad",
  "stream lost": "bad",
  "model failed": "bad",
  "voicemail": "warn",
  "callback requested": "warn",
  "flood": "bad",
  "interrupted": "bad",
};

/** All end reasons. */
export const END_REASONS = Object.keys(LOOKS);

/**
 * An end reason in words; an unknown one unchanged.
 *
 * @param {string} reason
 */
export function endReasonText(reason) {
  return reasons.has(reason) ? reasons(reason) : reason;
}

/**
 * The badge class of an end reason: `plain`, `warn`, `bad`, or empty.
 *
 * @param {string} reason
 */
export function endReasonLook(reason) {
  return reasons.has(reason) ? LOOKS[reason] : "";
}

/**
 * The other party of a call: `from +1555…`, or `to +1555…` for an outbound call.
 *
 * @param {Pick<CallRecord, "direction" | "from" | "to">} call
 */
export function otherParty({ direction, from, to }) {
  const number = direction === "outbound" ? to : from;
  const party = number === "" ? t("unknown") : number === "anonymous" ? t("anonymous") : number;
  return t(direction === "outbound" ? "to" : "from", { party });
}

/**
 * A card without content that says what to do.
 *
 * @param {string} title
 * @param {...HTMLElement | string} lines
 */
export function emptyCard(title, ...lines) {
  return h(
    "div",
    { class: "card empty stack" },
    h("p", {}, h("strong", {}, title)),
    lines.map((line) => typeof line === "string" ? h("p", {}, line) : line),
  );
}

/** A link to the browser phone. */
export function phoneLink() {
  return h("p", {}, h("a", { href: "#phone", class: "button primary" }, t("phone")));
}

/**
 * A notice about a failed request, with a button to retry.
 *
 * @param {unknown} error
 * @param {() => void} retry
 */
export function requestProblem(error, retry) {
  return h(
    "div",
    { class: "notice bad row", role: "alert" },
    h("p", { class: "grow" }, messageOf(error)),
    h("button", { type: "button", onclick: retry }, t("retry")),
  );
}
