/** The choice of language, on every page. */

import { h } from "./dom.js";
import { choose, dictionary, language, LANGUAGES } from "./words.js";

const word = dictionary({ en: { language: "Language" }, es: { language: "Idioma" } });

/** A field that shows the page in another language. */
export function languageChoice() {
  return h(
    "select",
    {
      class: "compact",
      "aria-label": word("language"),
      onchange: ({ target }) => choose(target.value),
    },
    ...Object.entries(LANGUAGES).map(([code, name]) =>
      h("option", { value: code, lang: code, selected: code === language }, name)
    ),
  );
}
