/** The keys of a telephone, on the page and on the keyboard. */

import { h } from "../dom.js";
import { word } from "./words.js";

const KEYS = [
  ["1", ""],
  ["2", "ABC"],
  ["3", "DEF"],
  ["4", "GHI"],
  ["5", "JKL"],
  ["6", "MNO"],
  ["7", "PQRS"],
  ["8", "TUV"],
  ["9", "WXYZ"],
  ["*", ""],
  ["0", "+"],
  ["#", ""],
];
/** How long a key that was pressed on the keyboard looks pressed (ms). */
const LOOK_MS = 150;

/** @param press Told each key. @returns the element, and what lets the keyboard press keys. */
export function keypad(press) {
  const buttons = new Map(KEYS.map(([key, letters]) => [
    key,
    h(
      "button",
      { type: "button", class: "key", disabled: true, onclick: () => press(key) },
      h("span", {}, key),
      h("small", { "aria-hidden": "true" }, letters),
    ),
  ]));
  const typed = (event) => {
    const button = buttons.get(event.key);
    if (!button || button.disabled || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea")) return;
    event.preventDefault();
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), LOOK_MS);
    press(event.key);
  };
  return {
    element: h("div", { class: "keypad", role: "group", "aria-label": word("keypad") }, [
      ...buttons.values(),
    ]),
    enable(on) {
      for (const button of buttons.values()) button.disabled = !on;
    },
    /** Lets the keyboard press keys, until what is returned is called. */
    listen() {
      document.addEventListener("keydown", typed);
      return () => document.removeEventListener("keydown", typed);
    },
  };
}
