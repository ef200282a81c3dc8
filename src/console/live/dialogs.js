/** What is asked once more before it is done to a call. */

import { get } from "../api.js";
import { h } from "../dom.js";
import { word } from "./words.js";

/** @param hangUp Called when it is meant. */
export function hangUpDialog(hangUp) {
  const yes = h("button", { type: "button", class: "danger" }, word("hangUp"));
  const box = dialog(word("hangUpAsk"), h("p", {}, word("hangUpWhat")), yes);
  yes.addEventListener("click", () => {
    box.close();
    hangUp();
  });
  return box;
}

/** @param transfer Called with a destination's name, or a number. */
export function takeOverDialog(transfer) {
  const places = h("ul", { class: "destinations" });
  const number = h("input", {
    id: "take-over-number",
    type: "tel",
    autocomplete: "tel",
    required: true,
    pattern: "\\+[1-9][0-9]{1,14}",
    placeholder: word("numberExample"),
  });
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
      h("label", { for: number.id }, word("toNumber")),
      h("div", { class: "row" }, h("div", { class: "grow" }, number), h("button", {}, word("putThrough"))),
    ),
  );
  const box = dialog(word("takeOver"), h("p", { class: "quiet" }, word("takeOverWhat")), places, form);
  const draw = ({ destinations }) =>
    places.replaceChildren(
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
      ...(destinations.length > 0 ? [] : [h("li", { class: "quiet small" }, word("noDestinations"))]),
    );
  return {
    ...box,
    async open() {
      try {
        draw(await get("setup"));
      } catch ({ message }) {
        // A number can still be typed.
        places.replaceChildren(h("li", { class: "alarm" }, message));
      }
      if (box.element.isConnected) box.open();
    },
  };
}

/** A question above the page; Escape and a click beside it are a no. */
function dialog(title, ...content) {
  const heading = h("h3", {}, title);
  const close = () => element.close();
  const element = h(
    "dialog",
    { class: "card", "aria-label": title, onclick: ({ target }) => target === element && close() },
    h(
      "div",
      { class: "stack" },
      heading,
      ...content,
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", class: "plain", onclick: close }, word("cancel")),
      ),
    ),
  );
  return { element, open: () => element.showModal(), close };
}
