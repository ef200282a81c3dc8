/** What scripted words sound like. */

import { type Syllable, voice, VOWELS } from "../phrase.ts";

/** How long a text takes to say, in ms: about as long as an unhurried speaker does. */
export function msToSay(text: string): number {
  return Math.max(360, text.length * 60);
}

/**
 * A made-up voice at 8 kHz that speaks for `ms` milliseconds. Each text has a rhythm and a loudness of its own, by
 * which it can be told from others.
 */
export function madeUpVoice(ms: number, text: string): Int16Array {
  const next = random(text);
  const syllables: Syllable[] = [];
  for (let left = ms; left > 0;) {
    const long = 110 + Math.round(10 * next()) * 10;
    // What would be too short for a syllable makes the last one longer.
    const length = left - long < 110 ? left : long;
    const gapMs = left - length > 150 && next() < 0.3 ? 40 : 0;
    const vowel = VOWELS[Math.floor(next() * VOWELS.length)] ?? { formants: [730, 1090], pitch: [120, 132] };
    syllables.push({ ...vowel, ms: length, level: 0.35 + 0.65 * next(), gapMs });
    left -= length + gapMs;
  }
  return voice(syllables);
}

/** Numbers from 0 to 1 that depend on the text alone (FNV-1a into Mulberry32). */
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
