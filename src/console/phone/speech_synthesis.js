/** Speaks the text of `<Say>` with a voice of this computer, if it has one. */

import { pause } from "../../simulator/twilio/pause.js";

/** @import { Clock } from "../../clock.ts" */

/** Timeout for the voices (ms), which browsers load in the background. */
const VOICES_MS = 300;
/** Timeout of an utterance (ms) plus time per letter, because some voices never report their end. */
const MAX_SPEECH_MS = 4_000;
const MAX_LETTER_MS = 110;
/** Display time of the text without a voice: per letter, and at most (ms). */
const READ_LETTER_MS = 25;
const MAX_READ_MS = 3_000;

/**
 * Speaks `text`, and resolves when it was spoken or the signal aborts.
 *
 * @param {{ text: string, language: string | undefined }} say
 * @param {AbortSignal} signal
 * @param {Clock} clock
 */
export async function speak({ text, language = "en-US" }, signal, clock) {
  const voice = await localVoice(language);
  if (signal.aborted || text === "") return;
  if (!voice) return await pause(clock, Math.min(MAX_READ_MS, READ_LETTER_MS * text.length), signal);
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.voice = voice;
  utterance.lang = voice.lang;
  const spoken = new AbortController();
  utterance.onend = utterance.onerror = () => spoken.abort();
  speechSynthesis.speak(utterance);
  await pause(clock, MAX_SPEECH_MS + MAX_LETTER_MS * text.length, AbortSignal.any([signal, spoken.signal]));
  speechSynthesis.cancel();
}

/**
 * A voice that runs on this computer. Others would send the text to another host.
 *
 * @param {string} language
 */
async function localVoice(language) {
  if (!globalThis.speechSynthesis) return undefined;
  if (speechSynthesis.getVoices().length === 0) await voicesLoaded();
  const code = language.slice(0, 2).toLowerCase();
  const voices = speechSynthesis.getVoices().filter(({ localService }) => localService);
  return voices.find(({ lang }) => lang.replace("_", "-") === language) ??
    voices.find(({ lang }) => lang.slice(0, 2).toLowerCase() === code);
}

/** @returns {Promise<void>} */
function voicesLoaded() {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, VOICES_MS);
    speechSynthesis.addEventListener("voiceschanged", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
