/** The page to sign in, in the reader's language. Without this it is in English. */

import { languageChoice } from "./language_choice.js";
import { dictionary, language } from "./words.js";

const word = dictionary({
  en: {
    title: "Sign in · Parley",
    token: "Admin token",
    signIn: "Sign in",
    where: "It is the value of ADMIN_TOKEN in the settings of the service.",
    https: "Signing in needs https; at http://localhost Chromium and Firefox do without, Safari does not.",
    status401: "This is not the ADMIN_TOKEN",
    status429: "Too many wrong tokens came from your address; try again in {seconds} s",
  },
  es: {
    title: "Iniciar sesión · Parley",
    token: "Token de administración",
    signIn: "Iniciar sesión",
    where: "Es el valor de ADMIN_TOKEN en los ajustes del servicio.",
    https:
      "Iniciar sesión requiere https; en http://localhost Chromium y Firefox prescinden de él, Safari no.",
    status401: "Este no es el ADMIN_TOKEN",
    status429: "Han llegado demasiados tokens erróneos desde su dirección; inténtelo de nuevo en {seconds} s",
  },
});

// This may be the answer to a form: loading it again would send the form again.
history.replaceState(null, "", "./");
document.documentElement.lang = language;
document.title = word("title");
for (const element of document.querySelectorAll("[data-word]")) {
  element.textContent = word(element.dataset.word);
}
document.querySelector("#language").append(languageChoice());

const message = document.querySelector("#message");
const { status, seconds } = message.dataset;
// What else the service may say is for who runs it, in English.
if (status === "401" || status === "429") message.textContent = word(`status${status}`, { seconds });
else message.lang = "en";
