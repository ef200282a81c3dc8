/** Response latency of the last turns, hop by hop. */

import { h } from "../dom.js";
import { number } from "../locale.js";
import { t } from "./live_texts.js";

/** @import { TurnLatency } from "../api_types.ts" */

/** Maximum number of shown turns. */
const MAX_ROWS = 6;
/** Minimum latency for the bar's full width (ms), so that fast calls look fast. */
const MIN_SCALE_MS = 1_000;
const HOPS = /** @type {const} */ ([
  { name: "modelHop", field: "modelMs", look: "model" },
  { name: "sendHop", field: "sendMs", look: "send" },
  { name: "playbackHop", field: "playbackMs", look: "playback" },
]);

export function latencyTable() {
  const emptyNote = h("p", { class: "quiet small" }, t("noLatency"));
  const rows = h("tbody");
  const table = h(
    "table",
    { class: "latency", hidden: true },
    h("caption", { class: "visually-hidden" }, `${t("latency")}, ${t("inMs")}`),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("td"),
        HOPS.map(({ name, look }) =>
          h("th", { class: "number", scope: "col" }, h("span", { class: `swatch ${look}` }), t(name))
        ),
        h("th", { class: "number", scope: "col" }, t("total")),
      ),
    ),
    rows,
  );
  /** @type {TurnLatency[]} */
  let turns = [];
  /** Number of the first turn shown, from 1. */
  let first = 1;
  const draw = () => {
    emptyNote.hidden = turns.length > 0;
    table.hidden = turns.length === 0;
    const scaleMs = Math.max(MIN_SCALE_MS, ...turns.map(totalMs));
    rows.replaceChildren(...turns.map((turn, at) => drawTurn(turn, first + at, scaleMs)).toReversed().flat());
  };
  return {
    element: h("div", {}, emptyNote, table),
    /**
     * Shows the last of these turns.
     *
     * @param {readonly TurnLatency[]} all
     */
    replace(all) {
      turns = all.slice(-MAX_ROWS);
      first = all.length - turns.length + 1;
      draw();
    },
    /** @param {TurnLatency} turn */
    add(turn) {
      turns.push(turn);
      if (turns.length > MAX_ROWS) {
        turns.shift();
        first++;
      }
      draw();
    },
  };
}

/**
 * A row of numbers, and a row with the bar.
 *
 * @param {TurnLatency} turn
 * @param {number} count
 * @param {number} scaleMs
 */
function drawTurn(turn, count, scaleMs) {
  const bar = HOPS.map(({ field, look }) => h("i", { class: look, "--share": (turn[field] ?? 0) / scaleMs }));
  return [
    h(
      "tr",
      {},
      h("th", { class: "number quiet", scope: "row" }, number(count)),
      HOPS.map(({ field }) => h("td", { class: "number" }, rounded(turn[field]))),
      h("td", { class: "number" }, h("b", {}, rounded(totalMs(turn)))),
    ),
    h(
      "tr",
      { "aria-hidden": "true" },
      h("td", { colspan: HOPS.length + 2 }, h("div", { class: "bar" }, bar)),
    ),
  ];
}

/** @param {TurnLatency} turn */
function totalMs(turn) {
  return HOPS.reduce((sum, { field }) => sum + (turn[field] ?? 0), 0);
}

/** @param {number | undefined} ms */
function rounded(ms) {
  return ms === undefined ? "–" : number(Math.round(ms));
}
