/** Tool calls, keypad presses, barge-ins and other events of a call, newest first. */

import { eventText } from "../calls/event_texts.js";
import { toolData } from "../calls/tool_data.js";
import { h } from "../dom.js";
import { duration } from "../locale.js";
import { t } from "./live_texts.js";

/** @import { CallEvent } from "../api_types.ts" */

/** Maximum number of shown events; the call record has all. */
const MAX_EVENTS = 50;

export function liveEventLog() {
  const emptyNote = h("p", { class: "quiet small" }, t("noEvents"));
  const list = h("ol", { class: "live-events small" });
  /** @param {CallEvent} event */
  const add = (event) => {
    emptyNote.hidden = true;
    list.prepend(drawEvent(event));
    if (list.children.length > MAX_EVENTS) list.lastElementChild?.remove();
  };
  return {
    element: h("div", {}, emptyNote, list),
    /** @param {readonly CallEvent[]} events Replace the shown ones. */
    replace(events) {
      list.replaceChildren();
      emptyNote.hidden = false;
      events.slice(-MAX_EVENTS).forEach(add);
    },
    add,
  };
}

/** @param {CallEvent} event */
function drawEvent(event) {
  const { kind, label, detail } = eventText(event);
  return h(
    "li",
    {},
    h("span", { class: "number quiet" }, duration(event.atMs / 1000)),
    h(
      "div",
      {},
      h("span", { class: `badge ${event.ok === false ? "bad" : ""}` }, kind),
      " ",
      h("b", {}, label),
      h("span", { class: "number quiet" }, ` ${detail}`),
      toolData(event),
    ),
  );
}
