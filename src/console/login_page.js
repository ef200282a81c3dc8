/** The sign-in page in the reader's language. Without this script it is in English. */

import { find } from "./dom.js";
import { languageSelect } from "./language_select.js";
import { dictionary, language } from "./locale.js";

const t = dictionary({
  en: {
    title: "Sign in · Parley",
    token: "Admin token",
    signIn: "Sign in",
    where: "The value of ADMIN_TOKEN in the settings of the service.",
    https: "Sign-in needs HTTPS. At http://localhost it also works in Chromium and Firefox, not in Safari.",
    status401: "Wrong token. Enter the value of ADMIN_TOKEN.",
    status429: "Too many wrong tokens from your address. Try again in {seconds} s.",
  },
  es: {
    title: "Iniciar sesión · Parley",
    token: "Token de administración",
    signIn: "Iniciar sesión",
    where: "El valor de ADMIN_TOKEN en los ajustes del servicio.",
    https:
      "Iniciar sesión requiere HTTPS. En http://localhost también funciona con Chromium y Firefox, no con " +
      "Safari.",
    status401: "Token incorrecto. Escriba el valor de ADMIN_TOKEN.",
    status429: "Demasiados tokens incorrectos desde su dirección. Inténtelo de nuevo en {seconds} s.",
  },
});

// The view to show after the sign-in: browsers keep the hash across the redirect.
find(document, "form").setAttribute("action", `login${location.hash}`);
// This page may be the response to a POST. The new address prevents a reload from sending the form again.
history.replaceState(null, "", `./${location.hash}`);
document.documentElement.lang = language;
document.title = t("title");
for (const key of /** @type {const} */ (["token", "signIn", "where", "https"])) {
  find(document, `[data-text=${key}]`).textContent = t(key);
}
find(document, "#language").append(languageSelect());

const message = find(document, "#message");
const { status, seconds } = message.dataset;
if (status === "401") message.textContent = t("status401");
else if (status === "429") message.textContent = t("status429", { seconds });
// The server's other messages are in English.
else message.lang = "en";
