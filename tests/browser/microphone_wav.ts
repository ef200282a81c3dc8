import { convertRate } from "../../src/audio/convert_rate.ts";
import { writeWav } from "../../src/audio/wav.ts";
import { synthesize, VOWELS } from "../../src/simulator/synthetic_voice.ts";

/** Samples per second of the microphone. */
const RATE = 48_000;
/**
 * Silence around the speech (ms): the first utterance follows the greeting, the second interrupts the answer. The file
 * starts to play before the call is connected. When that takes longer, the caller says the same again.
 */
const BEFORE_MS = 4_500;
const BETWEEN_MS = 1_700;
const AFTER_MS = 4_000;

/** The utterance, spoken twice: 8 kHz samples without pauses, so that every cut is measurable. */
export const WORDS = synthesize(VOWELS.map((vowel) => ({ ...vowel, ms: 230, level: 1, gapMs: 0 })));
/** A tone above the telephone band. Without a filter, it aliases to `aliasHertz`. `level` is 0 to 1. */
export const HISS = { hertz: 6_500, aliasHertz: 1_500, level: 0.1 };

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
