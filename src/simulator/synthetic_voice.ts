/**
 * Synthetic voices: vowel-like sound with the rhythm, pitch and formants of speech. 16-bit samples at 8 kHz.
 */

import { BYTES_PER_MS, LINE_RATE } from "../audio/line_format.js";

export interface Syllable {
  /** The vowel's two lowest formants (Hz). */
  formants: readonly [number, number];
  /** The pitch at its beginning and end (Hz). */
  pitch: readonly [number, number];
  ms: number;
  /** 1 is loud. */
  level: number;
  /** Silence after it (ms). */
  gapMs: number;
}

/** Vowels with their pitch contour. */
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
/** Minimum length of a syllable, and maximum length of a remainder that is not split (ms). */
const MIN_SYLLABLE_MS = 110;

export function synthesize(syllables: readonly Syllable[]): Int16Array {
  const length = syllables.reduce((sum, { ms, gapMs }) => sum + samplesIn(ms) + samplesIn(gapMs), 0);
  const samples = new Int16Array(length);
  let phase = 0, start = 0;
  for (const { formants, pitch: [from, to], ms, level, gapMs } of syllables) {
    const count = samplesIn(ms);
    for (let i = 0; i < count; i++) {
      const progress = i / count;
      const pitch = from + (to - from) * progress;
      phase += pitch / LINE_RATE;
      let sum = 0;
      for (let k = 1; k * pitch < 3400; k++) {
        sum += Math.sin(2 * Math.PI * k * phase) * harmonicLevel(k * pitch, formants);
      }
      samples[start + i] = Math.round(2600 * level * sum * Math.sin(Math.PI * progress) ** 0.5);
    }
    start += count + samplesIn(gapMs);
  }
  return samples;
}

/** Speech for a caller without a recording: about 2 s, four "words" of two syllables, always the same. */
export function samplePhrase(): Int16Array {
  return synthesize(VOWELS.map((vowel, i) => ({
    ...vowel,
    ms: 210,
    level: 1,
    gapMs: i % 2 === 1 && i < VOWELS.length - 1 ? 70 : 0,
  })));
}

/** Time an unhurried speaker takes to say `text` (ms). */
export function speakingMs(text: string): number {
  return Math.max(360, text.length * 60);
}

/**
 * A voice that speaks for `ms`. Rhythm and loudness depend on the text alone, so that texts can be
 * distinguished.
 */
export function syntheticVoice(ms: number, text: string): Int16Array {
  const next = random(text);
  const syllables: Syllable[] = [];
  for (let remainingMs = ms; remainingMs > 0;) {
    const syllableMs = MIN_SYLLABLE_MS + Math.round(10 * next()) * 10;
    // A remainder too short for a syllable extends the last one.
    const length = remainingMs - syllableMs < MIN_SYLLABLE_MS ? remainingMs : syllableMs;
    const gapMs = remainingMs - length > 150 && next() < 0.3 ? 40 : 0;
    const vowel = VOWELS[Math.floor(next() * VOWELS.length)] ?? { formants: [730, 1090], pitch: [120, 132] };
    syllables.push({ ...vowel, ms: length, level: 0.35 + 0.65 * next(), gapMs });
    remainingMs -= length + gapMs;
  }
  return synthesize(syllables);
}

function samplesIn(ms: number): number {
  return Math.round(BYTES_PER_MS * ms);
}

/** The level of a harmonic: the slope of the voice, raised at the formants. */
function harmonicLevel(hz: number, formants: readonly [number, number]): number {
  const resonance = formants.reduce((sum, formant) => sum + 1 / (1 + ((hz - formant) / 90) ** 2), 0.03);
  return resonance * Math.min(1, 300 / hz) * 3;
}

/** Numbers from 0 to 1 that depend on the text alone (FNV-1a seeds Mulberry32). */
function random(text: string): () => number {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) state = Math.imul(state ^ byte, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
