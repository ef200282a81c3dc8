/** What Twilio's own voice says: with a voice of this machine, where it has one. */

import { pause } from "./gather.js";

/** How long the browser may take to find its voices (ms). */
const VOICES_MS = 300;
/** What is said takes at most so long (ms), and so long for each letter: some voices never tell that they are done. */
const CAP_MS = 4_000;
const LETTER_MS = 110;
/** Where there is no voice, the text is there to be read for so long (ms). */
const READ_LETTER_MS = 25;
const READ_MS = 3_000;

/** Says a text, and resolves when it is said, or was cut off. */
export async function speak(text, language = "en-US", signal) {
  const voice = await voiceFor(language);
  if (signal.aborted || text === "") return;
  if (!voice) return await pause(Math.min(READ_MS, READ_LETTER_MS * text.length), signal);
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.voice = voice;
  utterance.lang = voice.lang;
  const said = new Promise((resolve) => {
    utterance.onend = utterance.onerror = resolve;
  });
  speechSynthesis.speak(utterance);
  const late = new AbortController();
  await Promise.race([said, pause(CAP_MS + LETTER_MS * text.length, AbortSignal.any([signal, late.signal]))]);
  late.abort();
  speechSynthesis.cancel();
}

/** A voice that speaks here: those of the browser's maker would send the text to another host. */
async function voiceFor(language) {
  if (!globalThis.speechSynthesis) return undefined;
  if (speechSynthesis.getVoices().length === 0) {
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, VOICES_MS);
      speechSynthesis.addEventListener("voiceschanged", () => {
        clearTimeout(timer);
        resolve();
      }, { once: true });
    });
  }
  const code = language.slice(0, 2).toLowerCase();
  const local = speechSynthesis.getVoices().filter(({ localService }) => localService);
  return local.find(({ lang }) => lang.replace("_", "-") === language) ??
    local.find(({ lang }) => lang.slice(0, 2).toLowerCase() === code);
}
