/** Facts about a call record: figures, summary, messages, parties, tokens. */

import { h, pair } from "../dom.js";
import { dictionary, duration, money, number } from "../locale.js";
import { turnLatency } from "./call_lanes.js";

/** @import { CallMessage, CallRecord, Tokens } from "../api_types.ts" */
/** @import { Children } from "../dom_types.ts" */

const t = dictionary({
  en: {
    facts: "Facts",
    length: "Length",
    turns: "Turns",
    bargeIns: "Barge-ins",
    latency: "Median latency",
    model: "Model",
    cost: "Cost",
    costs: "Costs",
    modelUsd: "Model",
    transcriptionUsd: "Transcription",
    summaryUsd: "Summary",
    carrierUsd: "Carrier",
    carrier: "Billed minutes",
    assistant: "Assistant",
    from: "From",
    to: "To",
    direction: "Direction",
    inbound: "Inbound",
    outbound: "Outbound",
    sid: "CallSid",
    ms: "{ms} ms",
    tokens: "Tokens",
    text: "Text",
    audio: "Audio",
    in: "In",
    cached: "of these cached",
    out: "Out",
    summary: "Summary",
    messages: "Messages",
    urgent: "urgent",
    callback: "Callback requested",
    voicemail: "Voicemail",
    recorded: "{from} to {to} in the recording",
  },
  es: {
    facts: "Datos",
    length: "Duración",
    turns: "Turnos",
    bargeIns: "Interrupciones",
    latency: "Latencia mediana",
    model: "Modelo",
    cost: "Coste",
    costs: "Costes",
    modelUsd: "Modelo",
    transcriptionUsd: "Transcripción",
    summaryUsd: "Resumen",
    carrierUsd: "Operador",
    carrier: "Minutos facturados",
    assistant: "Asistente",
    from: "De",
    to: "A",
    direction: "Sentido",
    inbound: "Entrante",
    outbound: "Saliente",
    sid: "CallSid",
    ms: "{ms} ms",
    tokens: "Tokens",
    text: "Texto",
    audio: "Audio",
    in: "Entrada",
    cached: "de ellos en caché",
    out: "Salida",
    summary: "Resumen",
    messages: "Mensajes",
    urgent: "urgente",
    callback: "Pide que le devuelvan la llamada",
    voicemail: "Mensaje de voz",
    recorded: "De {from} a {to} en la grabación",
  },
});

const COST_PARTS = /** @type {const} */ (["modelUsd", "transcriptionUsd", "summaryUsd", "carrierUsd"]);

/**
 * Figures, and the summary and messages if there are any.
 *
 * @param {CallRecord} call
 */
export function callSummary(call) {
  const { summary, messages, turns } = call;
  const latencies = turns.map(turnLatency).filter(({ hops }) => hops.length === 3)
    .map(({ totalMs }) => totalMs).toSorted((a, b) => a - b);
  const medianMs = latencies[(latencies.length - 1) >> 1];
  const parts = [
    ...(summary ? [section(t("summary"), h("p", { class: "call-summary" }, summary))] : []),
    ...(messages.length > 0
      ? [section(t("messages"), h("ul", { class: "stack call-messages" }, messages.map(drawMessage)))]
      : []),
  ];
  return [
    h(
      "dl",
      { class: "figures card" },
      pair(t("length"), duration(call.seconds)),
      pair(t("turns"), number(call.callerTurns)),
      pair(t("bargeIns"), number(call.bargeIns)),
      pair(t("latency"), medianMs === undefined ? "–" : t("ms", { ms: number(Math.round(medianMs)) })),
      pair(t("cost"), money(call.costUsd)),
      pair(t("carrier"), number(call.carrierMinutes)),
    ),
    ...(parts.length > 0 ? [h("div", { class: "columns" }, parts)] : []),
  ];
}

/** @param {CallRecord} call */
export function callFacts(call) {
  return h(
    "div",
    { class: "columns" },
    section(
      t("facts"),
      h(
        "dl",
        { class: "facts" },
        pair(t("assistant"), call.assistant),
        pair(t("model"), call.model),
        pair(t("from"), call.from),
        pair(t("to"), call.to),
        pair(t("direction"), t(call.direction)),
        pair(t("sid"), call.callSid, "mono"),
      ),
    ),
    section(
      t("costs"),
      h("dl", { class: "facts" }, COST_PARTS.map((part) => pair(t(part), money(call.costs[part])))),
    ),
    section(t("tokens"), tokensTable(call.tokens)),
  );
}

/** @param {string} title @param {...Children} content */
function section(title, ...content) {
  return h("section", { class: "card" }, h("h3", {}, title), ...content);
}

/** @param {CallMessage} message */
function drawMessage({ kind, name, number, message, urgent, recorded }) {
  const title = kind === "message" ? name : t(kind);
  const text = recorded
    ? t("recorded", { from: duration(recorded.fromMs / 1_000), to: duration(recorded.toMs / 1_000) })
    : message;
  return h(
    "li",
    {},
    h(
      "p",
      { class: "row" },
      h("strong", {}, title),
      h("span", { class: "number" }, number),
      urgent ? h("span", { class: "badge warn" }, t("urgent")) : undefined,
    ),
    text ? h("p", { class: "call-summary" }, text) : undefined,
  );
}

/** @param {Tokens} tokens */
function tokensTable({ textIn, textCached, textOut, audioIn, audioCached, audioOut }) {
  /** @type {(text: string) => HTMLTableCellElement} */
  const head = (text) => h("th", { scope: "col", class: "number" }, text);
  /** @type {(name: string, counts: readonly number[]) => HTMLTableRowElement} */
  const row = (name, counts) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, name),
      counts.map((count) => h("td", { class: "number" }, number(count))),
    );
  return h(
    "table",
    { class: "small call-tokens" },
    h("thead", {}, h("tr", {}, h("td"), head(t("in")), head(t("cached")), head(t("out")))),
    h(
      "tbody",
      {},
      row(t("text"), [textIn, textCached, textOut]),
      row(t("audio"), [audioIn, audioCached, audioOut]),
    ),
  );
}
