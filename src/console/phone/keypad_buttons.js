/** The keypad of the phone, on the page and on the keyboard. */

import { h } from "../dom.js";
import { t } from "./phone_texts.js";

/** Keys and their letters. @type {readonly (readonly [key: string, letters: string])[]} */
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
/** Time a button looks pressed after its key was typed (ms). */
const HIGHLIGHT_MS = 150;

/** @param {(key: string) => void} press */
export function keypadButtons(press) {
  const buttons = new Map(KEYS.map(([key, letters]) => [
    key,
    h(
      "button",
      { type: "button", class: "key", disabled: true, onclick: () => press(key) },
      h("span", {}, key),
      h("small", { "aria-hidden": "true" }, letters),
    ),
  ]));
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    const { key, target, repeat, ctrlKey, metaKey, altKey } = event;
    const button = buttons.get(key);
    if (!button || button.disabled || repeat || ctrlKey || metaKey || altKey) return;
    if (target instanceof Element && target.closest("input, select, textarea")) return;
    event.preventDefault();
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), HIGHLIGHT_MS);
    press(key);
  };
  return {
    element: h(
      "div",
      { class: "keypad", role: "group", "aria-label": t("keypad") },
      [...buttons.values()],
    ),
    /** @param {boolean} enabled */
    setEnabled(enabled) {
      for (const button of buttons.values()) button.disabled = !enabled;
    },
    /**
     * Listens to the keyboard.
     *
     * @returns {() => void} Stops listening.
     */
    listen() {
      document.addEventListener("keydown", onKey);
      return () => document.removeEventListener("keydown", onKey);
    },
  };
}
