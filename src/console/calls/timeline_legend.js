/** What the signs of a timeline mean. */

import { h, svg } from "../dom.js";
import { dictionary } from "../words.js";

const word = dictionary({
  en: {
    legendCaller: "the caller speaks",
    legendMade: "the model makes an answer",
    legendHeard: "the assistant is heard",
    legendCut: "cut, not heard",
    legendWait: "waiting: model, sending, heard",
    legendMark: "marks back",
  },
  es: {
    legendCaller: "habla quien llama",
    legendMade: "el modelo hace una respuesta",
    legendHeard: "se oye al asistente",
    legendCut: "cortado, no se oyó",
    legendWait: "espera: modelo, envío, oído",
    legendMark: "marcas de vuelta",
  },
});

/** What is cut is told by stripes and not by a colour. */
export function hatch() {
  return svg(
    "defs",
    {},
    svg(
      "pattern",
      {
        id: "timeline-cut",
        width: 6,
        height: 6,
        patternUnits: "userSpaceOnUse",
        patternTransform: "rotate(45)",
      },
      svg("path", { class: "hatch", d: "M0 0V6" }),
    ),
  );
}

/** @param keys How it is worked by keyboard: shown while one does. */
export function legend(keys) {
  const sign = (...shapes) =>
    svg("svg", { width: 22, height: 12, viewBox: "0 0 22 12", "aria-hidden": "true" }, ...shapes);
  const box = (kind, more = {}) =>
    svg("rect", { class: kind, x: 1, y: 1, width: 20, height: 10, rx: 2, ...more });
  const hop = (kind, x) => svg("rect", { class: `hop ${kind}`, x, y: 2, width: 7, height: 8 });
  const signs = [
    ["legendCaller", svg("g", { class: "caller" }, box("voice"))],
    ["legendHeard", svg("g", { class: "assistant" }, box("voice"))],
    ["legendCut", svg("g", { class: "assistant" }, box("cut", { fill: "url(#timeline-cut)" }))],
    ["legendMade", box("made")],
    ["legendWait", hop("model", 0), hop("sent", 7.5), hop("heard", 15)],
    ["legendMark", svg("path", { class: "mark", d: "M11 0v11m-3 0h6" })],
  ];
  return h(
    "div",
    { class: "timeline-legend small quiet" },
    h("ul", { class: "row" }, signs.map(([key, ...shapes]) => h("li", {}, sign(...shapes), word(key)))),
    h("p", { id: "timeline-keys", class: "timeline-keys" }, keys),
  );
}
