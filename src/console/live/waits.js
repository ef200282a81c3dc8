/** How long the caller waited for the last answers, hop by hop. */

import { h } from "../dom.js";
import { word } from "./words.js";
import { number } from "../words.js";

/** Answers shown. */
const SHOWN = 6;
/** The bars' full length is at least so long (ms), so that a fast call looks fast. */
const LEAST_MS = 1_000;
const HOPS = [
  { name: "hopModel", field: "modelMs", colour: "var(--hop-model)" },
  { name: "hopSent", field: "sentMs", colour: "var(--hop-sent)" },
  { name: "hopHeard", field: "heardMs", colour: "var(--hop-heard)" },
];

/** @returns the element, `replace` to show these answers, and `add` for one more. */
export function waits() {
  const none = h("p", { class: "quiet small" }, word("noWaits"));
  const rows = h("tbody", {});
  const table = h(
    "table",
    { class: "waits", hidden: true },
    h("caption", { class: "visually-hidden" }, `${word("waits")}, ${word("inMs")}`),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("td", {}),
        HOPS.map(({ name, colour }) =>
          h(
            "th",
            { class: "number", scope: "col" },
            coloured(h("span", { class: "swatch" }), colour),
            word(name),
          )
        ),
        h("th", { class: "number", scope: "col" }, word("total")),
      ),
    ),
    rows,
  );
  let turns = [];
  let first = 1;
  const draw = () => {
    none.hidden = turns.length > 0;
    table.hidden = turns.length === 0;
    const most = Math.max(LEAST_MS, ...turns.map(total));
    rows.replaceChildren(...turns.map((turn, i) => drawTurn(turn, first + i, most)).toReversed().flat());
  };
  return {
    element: h("div", {}, none, table),
    replace(all) {
      turns = all.slice(-SHOWN);
      first = all.length - turns.length + 1;
      draw();
    },
    add(turn) {
      turns.push(turn);
      if (turns.length > SHOWN) {
        turns.shift();
        first++;
      }
      draw();
    },
  };
}

/** Its numbers, and under them its bar. */
function drawTurn(turn, count, most) {
  const bar = HOPS.map(({ field, colour }) => {
    const piece = coloured(h("i"), colour);
    piece.style.setProperty("--share", String((turn[field] ?? 0) / most));
    return piece;
  });
  return [
    h(
      "tr",
      {},
      h("th", { class: "number quiet", scope: "row" }, number(count)),
      HOPS.map(({ field }) => h("td", { class: "number" }, ms(turn[field]))),
      h("td", { class: "number" }, h("b", {}, ms(total(turn)))),
    ),
    h(
      "tr",
      { "aria-hidden": "true" },
      h("td", { colspan: HOPS.length + 2 }, h("div", { class: "bar" }, bar)),
    ),
  ];
}

function coloured(element, colour) {
  element.style.setProperty("--colour", colour);
  return element;
}

function total(turn) {
  return HOPS.reduce((sum, { field }) => sum + (turn[field] ?? 0), 0);
}

function ms(value) {
  return value === undefined ? "–" : number(Math.round(value));
}
