/** Call events in words. */

import { dictionary, language, number } from "../locale.js";

/** @import { CallEvent } from "../api_types.ts" */

const t = dictionary({
  en: { secret: "secret", failed: "failed", ms: "{ms} ms" },
  es: { secret: "secreto", failed: "falló", ms: "{ms} ms" },
});

const kinds = dictionary({
  en: {
    "tool": "Tool",
    "transfer": "Transfer",
    "barge-in": "Barge-in",
    "keypad": "Keypad",
    "language": "Language",
    "reconnect": "Reconnect",
    "answering-machine": "Answering machine",
    "whisper": "Instruction",
    "recording": "Recording",
  },
  es: {
    "tool": "Herramienta",
    "transfer": "Transferencia",
    "barge-in": "Interrupción",
    "keypad": "Teclado",
    "language": "Idioma",
    "reconnect": "Reconexión",
    "answering-machine": "Contestador automático",
    "whisper": "Indicación",
    "recording": "Grabación",
  },
});

/** Event names that Parley defines. Other names are data. */
const names = dictionary({
  en: {
    on: "on",
    paused: "paused",
    incomplete: "incomplete",
    "continue": "spoken to",
    "mute": "waited for its end",
    "leave message": "left a message",
    "hang up": "hung up",
  },
  es: {
    on: "en marcha",
    paused: "en pausa",
    incomplete: "incompleta",
    "continue": "se le habló",
    "mute": "se esperó su final",
    "leave message": "se dejó un mensaje",
    "hang up": "se colgó",
  },
});

/**
 * The kind of an event in words; an unknown one unchanged.
 *
 * @param {string} kind
 */
export function kindText(kind) {
  return kinds.has(kind) ? kinds(kind) : kind;
}

/**
 * An event in words: its kind, its subject, and the rest.
 *
 * @param {Omit<CallEvent, "kind" | "atMs"> & { readonly kind: string }} event
 */
export function eventText({ kind, name, ok, ms, detail }) {
  const more = [
    ok === false ? t("failed") : "",
    ms === undefined ? "" : t("ms", { ms: number(Math.round(ms)) }),
    detail === undefined ? "" : kind === "keypad" && detail === "secret" ? t("secret") : detail,
  ];
  return {
    kind: kindText(kind),
    label: nameText(kind, name),
    detail: more.filter((part) => part !== "").join(", "),
  };
}

/** @param {string} kind @param {string} name */
function nameText(kind, name) {
  // A barge-in's name is the id of the model's item, which means nothing to a reader.
  if (kind === "barge-in") return "";
  if ((kind === "recording" || kind === "answering-machine") && names.has(name)) return names(name);
  if (kind !== "language" || !/^[a-z]{2,3}(-[A-Z]{2})?$/.test(name)) return name;
  return new Intl.DisplayNames(language, { type: "language" }).of(name) ?? name;
}
