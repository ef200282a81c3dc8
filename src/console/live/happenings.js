/** Tools, keys, barge-ins and what else happens in a call, the newest first. */

import { h } from "../dom.js";
import { kindOf, word } from "./words.js";
import { duration, number } from "../words.js";

/** Most that are shown; the record has all. */
const SHOWN = 50;

/** @returns the element, `replace` to show these, and `add` for one more. */
export function happenings() {
  const none = h("p", { class: "quiet small" }, word("noEvents"));
  const list = h("ol", { class: "happenings small" });
  const add = (event) => {
    none.hidden = true;
    list.prepend(drawEvent(event));
    if (list.children.length > SHOWN) list.lastElementChild.remove();
  };
  return {
    element: h("div", {}, none, list),
    replace(events) {
      list.replaceChildren();
      none.hidden = false;
      events.slice(-SHOWN).forEach(add);
    },
    add,
  };
}

function drawEvent(event) {
  const { atMs, kind, ok, ms, detail } = event;
  // What was interrupted is a name only the model knows; the transcript shows it.
  const name = kind === "barge-in" ? undefined : event.name;
  return h(
    "li",
    {},
    h("span", { class: "number quiet" }, duration(atMs / 1000)),
    h(
      "div",
      {},
      h("span", { class: `badge ${ok === false ? "bad" : ""}` }, kindOf(event)),
      " ",
      name === undefined ? undefined : h("b", {}, name),
      ok === undefined ? undefined : ` ${word(ok ? "worked" : "failed")}`,
      ms === undefined ? undefined : h("span", { class: "number quiet" }, ` ${number(Math.round(ms))} ms`),
      detail === undefined ? undefined : h("p", { class: "quiet" }, detail),
    ),
  );
}
