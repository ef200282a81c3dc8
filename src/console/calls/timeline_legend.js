/** The legend of a call's timeline. */

import { h, svg } from "../dom.js";
import { dictionary } from "../locale.js";

/** @import { Attributes } from "../dom_types.ts" */

const t = dictionary({
  en: {
    caller: "caller speaks",
    generated: "model generates",
    played: "assistant is heard",
    unheard: "interrupted, not heard",
    latency: "latency: model, send, playback",
    mark: "marks returned",
  },
  es: {
    caller: "habla quien llama",
    generated: "el modelo genera",
    played: "se oye al asistente",
    unheard: "interrumpido, no se oyó",
    latency: "latencia: modelo, envío, reproducción",
    mark: "marcas devueltas",
  },
});

/** Stripes for unheard audio, visible without colours. */
export function unheardPattern() {
  return svg(
    "defs",
    {},
    svg(
      "pattern",
      {
        id: "timeline-unheard",
        width: 6,
        height: 6,
        patternUnits: "userSpaceOnUse",
        patternTransform: "rotate(45)",
      },
      svg("path", { class: "hatch", d: "M0 0V6" }),
    ),
  );
}

/** @param {string} keyboardHelp Shown while the timeline has the focus. */
export function timelineLegend(keyboardHelp) {
  /** @type {(name: string, attributes?: Attributes) => SVGRectElement} */
  const box = (name, attributes = {}) =>
    svg("rect", { class: name, x: 1, y: 1, width: 20, height: 10, rx: 2, ...attributes });
  /** @type {(name: string, x: number) => SVGRectElement} */
  const hop = (name, x) => svg("rect", { class: `hop ${name}`, x, y: 2, width: 7, height: 8 });
  /** @type {(text: string, ...shapes: SVGElement[]) => HTMLLIElement} */
  const entry = (text, ...shapes) =>
    h(
      "li",
      {},
      svg("svg", { width: 22, height: 12, viewBox: "0 0 22 12", "aria-hidden": "true" }, shapes),
      text,
    );
  return h(
    "div",
    { class: "timeline-legend small quiet" },
    h(
      "ul",
      { class: "row" },
      entry(t("caller"), svg("g", { class: "caller" }, box("voice"))),
      entry(t("played"), svg("g", { class: "assistant" }, box("voice"))),
      entry(
        t("unheard"),
        svg("g", { class: "assistant" }, box("interrupted", { fill: "url(#timeline-unheard)" })),
      ),
      entry(t("generated"), box("generated")),
      entry(t("latency"), hop("model", 0), hop("send", 7.5), hop("playback", 15)),
      entry(t("mark"), svg("path", { class: "mark", d: "M11 0v11m-3 0h6" })),
    ),
    h("p", { id: "timeline-keys", class: "timeline-keys" }, keyboardHelp),
  );
}
