/** Dialogs that confirm an action on a call. */

import { get, messageOf } from "../api_client.js";
import { h } from "../dom.js";
import { t } from "./live_texts.js";

/** @import { Setup } from "../api_types.ts" */
/** @import { Children } from "../dom_types.ts" */

/** @param {() => void} hangUp Called on confirmation. */
export function hangUpDialog(hangUp) {
  const confirm = h("button", { type: "button", class: "danger" }, t("hangUp"));
  const box = dialog(t("hangUpQuestion"), [h("p", {}, t("hangUpEffect"))], confirm);
  confirm.addEventListener("click", () => {
    box.close();
    hangUp();
  });
  return box;
}

/** @param {(to: string) => void} transfer Called with the name of a destination, or with a number. */
export function takeOverDialog(transfer) {
  const list = h("ul", { class: "destinations" });
  const number = h("input", {
    id: "take-over-number",
    type: "tel",
    autocomplete: "tel",
    required: true,
    pattern: "\\+[1-9][0-9]{1,14}",
    placeholder: t("numberExample"),
  });
  /** @param {string} to */
  const choose = (to) => {
    box.close();
    transfer(to);
  };
  const form = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        choose(number.value);
      },
    },
    h(
      "div",
      { class: "field" },
      h("label", { for: number.id }, t("toNumber")),
      h("div", { class: "row" }, h("div", { class: "grow" }, number), h("button", {}, t("transfer"))),
    ),
  );
  const box = dialog(t("takeOver"), [h("p", { class: "quiet" }, t("takeOverEffect")), list, form]);
  /** @param {Setup["destinations"]} destinations */
  const draw = (destinations) =>
    list.replaceChildren(
      ...destinations.map(({ name, number, about }) =>
        h(
          "li",
          {},
          h(
            "button",
            { type: "button", onclick: () => choose(name) },
            h("span", {}, h("b", {}, name), " ", h("span", { class: "number quiet" }, number)),
            about ? h("span", { class: "quiet small" }, about) : undefined,
          ),
        )
      ),
      ...(destinations.length > 0 ? [] : [h("li", { class: "quiet small" }, t("noDestinations"))]),
    );
  return {
    ...box,
    async open() {
      try {
        /** @type {Setup} */
        const { destinations } = await get("setup");
        draw(destinations);
      } catch (error) {
        // The form for a number still works.
        list.replaceChildren(h("li", { class: "alarm" }, messageOf(error)));
      }
      if (box.element.isConnected) box.open();
    },
  };
}

/**
 * A modal dialog. Escape and a click outside cancel it. The first control gets the focus; before the actions,
 * that is "Cancel".
 *
 * @param {string} title
 * @param {readonly Children[]} content
 * @param {...HTMLButtonElement} actions
 */
function dialog(title, content, ...actions) {
  const close = () => element.close();
  /** @type {HTMLDialogElement} */
  const element = h(
    "dialog",
    { class: "card", "aria-label": title, onclick: ({ target }) => target === element && close() },
    h(
      "div",
      { class: "stack" },
      h("h3", {}, title),
      ...content,
      h(
        "div",
        { class: "row actions" },
        h("button", { type: "button", onclick: close }, t("cancel")),
        ...actions,
      ),
    ),
  );
  return { element, open: () => element.showModal(), close };
}
