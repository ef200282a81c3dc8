/** What is said of calls in more than one view. */

import { h } from "../dom.js";
import { dictionary } from "../words.js";

const word = dictionary({
  en: {
    "caller hung up": "The caller hung up",
    "stream lost": "The connection was lost",
    "flood": "Broken off: too many messages",
    "no media": "Broken off: no sound came",
    "model failed": "The model failed",
    "never connected": "Never connected",
    "assistant hung up": "The assistant hung up",
    "operator hung up": "Ended from this page",
    "transferred": "Passed on to somebody else",
    "answering machine": "An answering machine",
    "silence": "The caller fell silent",
    "spending limit": "The spending limit was reached",
    "time limit": "The time limit was reached",
    "drained": "The line was closed",
    "shutdown": "Parley was shut down",
    from: "from {party}",
    to: "to {party}",
    anonymous: "a withheld number",
    nobody: "an unknown number",
    retry: "Try again",
  },
  es: {
    "caller hung up": "Colgó quien llamaba",
    "stream lost": "Se perdió la conexión",
    "flood": "Cortada: demasiados mensajes",
    "no media": "Cortada: no llegó sonido",
    "model failed": "Falló el modelo",
    "never connected": "No llegó a conectarse",
    "assistant hung up": "Colgó el asistente",
    "operator hung up": "Terminada desde esta página",
    "transferred": "Se pasó a otra persona",
    "answering machine": "Un contestador automático",
    "silence": "Quien llamaba dejó de hablar",
    "spending limit": "Se alcanzó el límite de gasto",
    "time limit": "Se alcanzó el límite de tiempo",
    "drained": "Se cerró la línea",
    "shutdown": "Se apagó Parley",
    from: "de {party}",
    to: "a {party}",
    anonymous: "un número oculto",
    nobody: "un número desconocido",
    retry: "Volver a intentar",
  },
});

/** How a call may have ended, as `src/call/ending.ts` has it, and how that is: as it should, not quite, or badly. */
const ENDINGS = {
  "caller hung up": "good",
  "assistant hung up": "good",
  "operator hung up": "",
  "transferred": "good",
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
  "flood": "bad",
};

/** Reasons for which calls end. */
export const REASONS = Object.keys(ENDINGS);

/** How a call ended, in words; a reason nobody knows as it is. */
export function ending(reason) {
  return Object.hasOwn(ENDINGS, reason) ? word(reason) : reason;
}

/** `good`, `warn`, `bad`, or empty where it is neither. */
export function endingKind(reason) {
  return Object.hasOwn(ENDINGS, reason) ? ENDINGS[reason] : "";
}

/** Who is at the other end: a number, or words for none. */
export function party({ direction, from, to }) {
  const other = direction === "outbound" ? to : from;
  return other === "" ? word("nobody") : other === "anonymous" ? word("anonymous") : other;
}

/** `from +1555…`, or `to …` for a call that was placed. */
export function otherEnd(call) {
  return word(call.direction === "outbound" ? "to" : "from", { party: party(call) });
}

/** What went wrong, and a way to try again. */
export function problem(error, retry) {
  return h(
    "div",
    { class: "notice bad row", role: "alert" },
    h("p", { class: "grow" }, error instanceof Error ? error.message : String(error)),
    h("button", { type: "button", onclick: retry }, word("retry")),
  );
}
