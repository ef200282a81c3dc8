/** A phrase for a caller who brought no recording: four "words" of vowel-like sound. */

const RATE = 8000;
/** Two vowels a word as their two lowest formants in Hz, and the pitch in Hz they glide from and to. */
const SYLLABLES: [formants: [number, number], pitch: [number, number]][] = [
  [[730, 1090], [120, 132]],
  [[530, 1840], [132, 126]],
  [[270, 2290], [128, 140]],
  [[570, 840], [140, 122]],
  [[660, 1720], [118, 126]],
  [[300, 870], [126, 116]],
  [[490, 1350], [116, 108]],
  [[440, 1020], [108, 92]],
];
const SYLLABLE_MS = 210, WORD_GAP_MS = 70;

/** About 2 s of 8 kHz samples with the rhythm, pitch and formants of speech; always the same. */
export function phrase(): Int16Array {
  const syllable = RATE * SYLLABLE_MS / 1000, gap = RATE * WORD_GAP_MS / 1000;
  const samples = new Int16Array(SYLLABLES.length * syllable + (SYLLABLES.length / 2 - 1) * gap);
  let phase = 0;
  for (const [s, [formants, [from, to]]] of SYLLABLES.entries()) {
    const start = s * syllable + Math.floor(s / 2) * gap;
    for (let i = 0; i < syllable; i++) {
      const part = i / syllable;
      const pitch = from + (to - from) * part;
      phase += pitch / RATE;
      let sum = 0;
      for (let k = 1; k * pitch < 3400; k++) {
        sum += Math.sin(2 * Math.PI * k * phase) * loudness(k * pitch, formants);
      }
      samples[start + i] = Math.round(2600 * sum * Math.sin(Math.PI * part) ** 0.5);
    }
  }
  return samples;
}

/** A harmonic's share: the voice's slope, raised where the mouth resonates. */
function loudness(hz: number, formants: [number, number]): number {
  const resonance = formants.reduce((sum, formant) => sum + 1 / (1 + ((hz - formant) / 90) ** 2), 0.03);
  return resonance * Math.min(1, 300 / hz) * 3;
}
