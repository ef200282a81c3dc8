/** The arguments and the result of a tool call, collapsed at first. */

import { h } from "../dom.js";
import { dictionary } from "../locale.js";

/** @import { CallEvent } from "../api_types.ts" */

const t = dictionary({
  en: { both: "Arguments and result", arguments: "Arguments", result: "Result" },
  es: { both: "Argumentos y resultado", arguments: "Argumentos", result: "Resultado" },
});

/**
 * @param {Pick<CallEvent, "arguments" | "result">} event
 * @returns {HTMLElement | undefined} Undefined without either.
 */
export function toolData(event) {
  const names = /** @type {const} */ (["arguments", "result"]).filter((name) => event[name] !== undefined);
  const [first, second] = names;
  if (!first) return undefined;
  return h(
    "details",
    { class: "tool-data" },
    h("summary", {}, t(second ? "both" : first)),
    h(
      "dl",
      {},
      names.flatMap((name) => [
        h("dt", {}, t(name)),
        h("dd", {}, h("pre", { class: "small" }, indented(event[name]))),
      ]),
    ),
  );
}

/**
 * JSON with indentation. A string that is not JSON, because it was shortened, is returned unchanged.
 *
 * @param {string} [text]
 */
function indented(text = "") {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
