import { convertRate, writeWav } from "../../src/audio/mod.ts";
import { voice, VOWELS } from "../../src/simulator/phrase.ts";

/** Samples a second of a browser's microphone. */
const RATE = 48_000;
/** Silence around what is said (ms): the greeting is heard first; the second time, the answer is talked over. */
const BEFORE_MS = 1_500;
const BETWEEN_MS = 1_700;
const AFTER_MS = 4_000;

/** What is said, twice: samples of 8 kHz, without a pause in which nobody could tell whether it was cut off. */
export const WORDS = voice(VOWELS.map((vowel) => ({ ...vowel, ms: 230, level: 1, gapMs: 0 })));
/** Hiss that no telephone carries and that would be heard as 1.5 kHz if it were not filtered out (Hz, and level of 1). */
export const HISS = { hertz: 6_500, heardAs: 1_500, level: 0.1 };

/** The WAV a fake microphone plays. */
export function microphoneWav(): Uint8Array {
  const words = convertRate(WORDS, 8_000, RATE).map((sample, i) => {
    return sample + 32_767 * HISS.level * Math.sin(2 * Math.PI * HISS.hertz * i / RATE);
  });
  const silence = (ms: number) => new Int16Array(RATE * ms / 1000);
  const parts = [silence(BEFORE_MS), words, silence(BETWEEN_MS), words, silence(AFTER_MS)];
  const samples = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return writeWav([samples], RATE);
}
