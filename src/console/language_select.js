/** The language menu of every page. */

import { h } from "./dom.js";
import { chooseLanguage, dictionary, language, LANGUAGES } from "./locale.js";

const t = dictionary({ en: { language: "Language" }, es: { language: "Idioma" } });

/** A menu that reloads the page in the chosen language. */
export function languageSelect() {
  /** @type {HTMLSelectElement} */
  const select = h(
    "select",
    { class: "compact", "aria-label": t("language"), onchange: () => void chooseLanguage(select.value) },
    Object.entries(LANGUAGES).map(([code, name]) =>
      h("option", { value: code, lang: code, selected: code === language }, name)
    ),
  );
  return select;
}
