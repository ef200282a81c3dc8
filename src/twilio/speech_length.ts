/** A slow voice (ms per character): 300 characters take Twilio's default voice about 20 s, 67 ms each. */
const LETTER_MS = 100;
/** One character is a syllable or a word. */
const IDEOGRAPH_MS = 300;
const IDEOGRAPHS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu;

/** Upper bound for the duration of `<Say>` with these texts (ms). */
export function maxSpeechMs(...texts: readonly string[]): number {
  const text = texts.join("");
  const ideographs = text.match(IDEOGRAPHS)?.length ?? 0;
  return ideographs * IDEOGRAPH_MS + (text.length - ideographs) * LETTER_MS;
}
