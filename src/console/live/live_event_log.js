/** Tool calls, keypad presses, barge-ins and other events of a call, newest first. */

import { kindText } from "../calls/event_texts.js";
import { toolData } from "../calls/tool_data.js";
import { h } from "../dom.js";
import { duration, number } from "../locale.js";
import { t } from "./live_texts.js";

/** @import { CallEvent } from "../api_types.ts" */

/** Maximum number of shown events; the call record has all. */
const MAX_EVENTS = 50;

export function liveEventLog() {
  const none = h("p", { class: "quiet small" }, t("noEvents"));
  const list = h("ol", { class: "live-events small" });
  /** @param {CallEvent} event */
  const add = (event) => {
    none.hidden = true;
    list.prepend(drawEvent(event));
    if (list.children.length > MAX_EVENTS) list.lastElementChild?.remove();
  };
  return {
    element: h("div", {}, none, list),
    /** @param {readonly CallEvent[]} events Replace the shown ones. */
    replace(events) {
      list.replaceChildren();
      none.hidden = false;
      events.slice(-MAX_EVENTS).forEach(add);
    },
    add,
  };
}

/** @param {CallEvent} event */
function drawEvent(event) {
  const { atMs, kind, name, ok, ms, detail } = event;
  return h(
    "li",
    {},
    h("span", { class: "number quiet" }, duration(atMs / 1000)),
    h(
      "div",
      {},
      h("span", { class: `badge ${ok === false ? "bad" : ""}` }, kindText(kind)),
      " ",
      // A barge-in's name is the id of the model's item, which means nothing to a reader.
      kind === "barge-in" ? undefined : h("b", {}, name),
      ok === undefined ? undefined : ` ${t(ok ? "succeeded" : "failed")}`,
      ms === undefined ? undefined : h("span", { class: "number quiet" }, ` ${number(Math.round(ms))} ms`),
      detail === undefined ? undefined : h("p", { class: "quiet" }, detail),
      toolData(event),
    ),
  );
}
