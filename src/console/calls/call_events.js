/** What was done in a call, in words. */

import { dictionary, language, number } from "../words.js";

const word = dictionary({
  en: {
    "tool": "Tool",
    "transfer": "Transfer",
    "barge-in": "Barge-in",
    "keys": "Keys",
    "language": "Language",
    "reconnect": "Reconnect",
    "machine": "Answering machine",
    "whisper": "Whisper",
    "recording": "Recording",
    on: "on",
    paused: "paused",
    secret: "secret",
    "go on": "spoken to",
    "keep silent": "waited for its end",
    "leave message": "left a message",
    "hang up": "hung up",
    failed: "failed",
    ms: "{ms} ms",
  },
  es: {
    "tool": "Herramienta",
    "transfer": "Traspaso",
    "barge-in": "Interrupción",
    "keys": "Teclas",
    "language": "Idioma",
    "reconnect": "Reconexión",
    "machine": "Contestador",
    "whisper": "Indicación",
    "recording": "Grabación",
    on: "en marcha",
    paused: "en pausa",
    secret: "secreto",
    "go on": "se le habló",
    "keep silent": "se esperó su final",
    "leave message": "se dejó un mensaje",
    "hang up": "se colgó",
    failed: "falló",
    ms: "{ms} ms",
  },
});

/** As `EVENT_KINDS` in `src/records/call_record.ts`. */
export const KINDS = [
  "tool",
  "transfer",
  "barge-in",
  "keys",
  "language",
  "reconnect",
  "machine",
  "whisper",
  "recording",
];

/**
 * An event in words: what kind it is, what it was about, and the rest.
 *
 * @param {Omit<import("../../records/call_record.ts").CallEvent, "kind" | "atMs"> & { kind: string }} event
 */
export function eventWords({ kind, name, ok, ms, detail }) {
  const more = [
    ok === false ? word("failed") : "",
    ms === undefined ? "" : word("ms", { ms: number(Math.round(ms)) }),
    detail === undefined ? "" : kind === "keys" && detail === "secret" ? word("secret") : detail,
  ];
  return {
    kind: KINDS.includes(kind) ? word(kind) : kind,
    label: nameOf(kind, name),
    detail: more.filter((part) => part !== "").join(", "),
  };
}

/** Names that are words of ours. */
const NAMED = {
  recording: ["on", "paused"],
  machine: ["go on", "keep silent", "leave message", "hang up"],
};

/** A barge-in is named by the item it cut, which says nothing to a reader. */
function nameOf(kind, name) {
  if (kind === "barge-in") return "";
  if (NAMED[kind]?.includes(name)) return word(name);
  if (kind !== "language" || !/^[a-z]{2,3}(-[A-Z]{2})?$/.test(name)) return name;
  return new Intl.DisplayNames(language, { type: "language" }).of(name) ?? name;
}
