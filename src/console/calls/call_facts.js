/** What is known of a call beside its words: who, when, how long, how much, what it came to. */

import { waitOf } from "./call_lanes.js";
import { h } from "../dom.js";
import { dictionary, duration, money, number } from "../words.js";

const word = dictionary({
  en: {
    facts: "Facts",
    length: "Length",
    turns: "Turns",
    bargeIns: "Barge-ins",
    wait: "Median wait",
    model: "Model",
    modelCost: "Model cost",
    carrier: "Minutes the carrier bills",
    assistant: "Assistant",
    from: "From",
    to: "To",
    direction: "Direction",
    inbound: "They called",
    outbound: "We called",
    sid: "CallSid",
    ms: "{ms} ms",
    tokens: "Tokens",
    text: "Text",
    audio: "Sound",
    in: "In",
    cached: "of these cached",
    out: "Out",
    summary: "Summary",
    messages: "Messages left",
    urgent: "urgent",
  },
  es: {
    facts: "Datos",
    length: "Duración",
    turns: "Turnos",
    bargeIns: "Interrupciones",
    wait: "Espera mediana",
    model: "Modelo",
    modelCost: "Coste del modelo",
    carrier: "Minutos que cobra el operador",
    assistant: "Asistente",
    from: "De",
    to: "A",
    direction: "Sentido",
    inbound: "Llamaron ellos",
    outbound: "Llamamos nosotros",
    sid: "CallSid",
    ms: "{ms} ms",
    tokens: "Tokens",
    text: "Texto",
    audio: "Sonido",
    in: "Entrada",
    cached: "de ellos en caché",
    out: "Salida",
    summary: "Resumen",
    messages: "Mensajes dejados",
    urgent: "urgente",
  },
});

/** In figures, and in words of those who were there. */
export function callSummary(call) {
  const { summary, messages, turns, events } = call;
  const waits = turns.map((turn) => waitOf(turn)).filter(({ hops }) => hops.length === 3);
  const middle = waits.map(({ totalMs }) => totalMs).toSorted((a, b) => a - b)[(waits.length - 1) >> 1];
  const figures = [
    ["length", duration(call.seconds)],
    ["turns", number(turns.length)],
    ["bargeIns", number(events.filter(({ kind }) => kind === "barge-in").length)],
    ["wait", middle === undefined ? "–" : word("ms", { ms: number(Math.round(middle)) })],
    ["modelCost", money(call.modelUsd)],
    ["carrier", number(call.carrierMinutes)],
  ];
  const parts = [
    ...(summary ? [part("summary", h("p", { class: "call-summary" }, summary))] : []),
    ...(messages.length > 0
      ? [part("messages", h("ul", { class: "stack call-messages" }, messages.map(message)))]
      : []),
  ];
  return [
    h("dl", { class: "figures card" }, figures.map((figure) => pair(...figure))),
    ...(parts.length > 0 ? [h("div", { class: "columns" }, parts)] : []),
  ];
}

/** What one looks up. */
export function callFacts(call) {
  return h(
    "div",
    { class: "columns" },
    part(
      "facts",
      h(
        "dl",
        { class: "facts" },
        ["assistant", "model", "from", "to"].map((key) => pair(key, call[key])),
        pair("direction", word(call.direction === "outbound" ? "outbound" : "inbound")),
        pair("sid", call.callSid, "mono"),
      ),
    ),
    part("tokens", tokens(call.tokens)),
  );
}

function part(name, ...children) {
  return h("section", { class: "card" }, h("h3", {}, word(name)), ...children);
}

function pair(key, value, kind) {
  return h("div", {}, h("dt", {}, word(key)), h("dd", { class: kind }, value));
}

function message({ name, number, message, urgent }) {
  return h(
    "li",
    {},
    h(
      "p",
      { class: "row" },
      h("strong", {}, name),
      h("span", { class: "number" }, number),
      urgent ? h("span", { class: "badge warn" }, word("urgent")) : undefined,
    ),
    h("p", { class: "call-summary" }, message),
  );
}

function tokens({ textIn, textCached, textOut, audioIn, audioCached, audioOut }) {
  const cell = (count) => h("td", { class: "number" }, number(count));
  const head = (key) => h("th", { scope: "col", class: "number" }, word(key));
  const line = (key, ...counts) => h("tr", {}, h("th", { scope: "row" }, word(key)), ...counts.map(cell));
  return h(
    "table",
    { class: "small call-tokens" },
    h("thead", {}, h("tr", {}, h("td"), head("in"), head("cached"), head("out"))),
    h(
      "tbody",
      {},
      line("text", textIn, textCached, textOut),
      line("audio", audioIn, audioCached, audioOut),
    ),
  );
}
