/** Made-up voices: vowel-like sound with the rhythm, pitch and formants of speech. */

const RATE = 8000;

/** One sound of a made-up voice. */
export interface Syllable {
  /** The vowel's two lowest formants, in Hz. */
  formants: readonly [number, number];
  /** The pitch it glides from and to, in Hz. */
  pitch: readonly [number, number];
  ms: number;
  /** 1 is loud. */
  level: number;
  /** Silence behind it, in ms. */
  gapMs: number;
}

/** 8 kHz samples of these syllables, one after the other. */
export function voice(syllables: readonly Syllable[]): Int16Array {
  const length = syllables.reduce((sum, { ms, gapMs }) => sum + samplesIn(ms) + samplesIn(gapMs), 0);
  const samples = new Int16Array(length);
  let phase = 0, start = 0;
  for (const { formants, pitch: [from, to], ms, level, gapMs } of syllables) {
    const count = samplesIn(ms);
    for (let i = 0; i < count; i++) {
      const part = i / count;
      const pitch = from + (to - from) * part;
      phase += pitch / RATE;
      let sum = 0;
      for (let k = 1; k * pitch < 3400; k++) {
        sum += Math.sin(2 * Math.PI * k * phase) * loudness(k * pitch, formants);
      }
      samples[start + i] = Math.round(2600 * level * sum * Math.sin(Math.PI * part) ** 0.5);
    }
    start += count + samplesIn(gapMs);
  }
  return samples;
}

function samplesIn(ms: number): number {
  return Math.round(RATE * ms / 1000);
}

/** A harmonic's share: the voice's slope, raised where the mouth resonates. */
function loudness(hz: number, formants: readonly [number, number]): number {
  const resonance = formants.reduce((sum, formant) => sum + 1 / (1 + ((hz - formant) / 90) ** 2), 0.03);
  return resonance * Math.min(1, 300 / hz) * 3;
}

/** Vowels and how the pitch goes over them. */
export const VOWELS: readonly Pick<Syllable, "formants" | "pitch">[] = [
  { formants: [730, 1090], pitch: [120, 132] },
  { formants: [530, 1840], pitch: [132, 126] },
  { formants: [270, 2290], pitch: [128, 140] },
  { formants: [570, 840], pitch: [140, 122] },
  { formants: [660, 1720], pitch: [118, 126] },
  { formants: [300, 870], pitch: [126, 116] },
  { formants: [490, 1350], pitch: [116, 108] },
  { formants: [440, 1020], pitch: [108, 92] },
];

/** For a caller who brought no recording: about 2 s, four "words" of two syllables; always the same. */
export function phrase(): Int16Array {
  return voice(VOWELS.map((vowel, i) => ({
    ...vowel,
    ms: 210,
    level: 1,
    gapMs: i % 2 === 1 && i < VOWELS.length - 1 ? 70 : 0,
  })));
}
