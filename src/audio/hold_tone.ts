import { sinePeak } from "./dbm0.ts";
import { encodeMulaw } from "./g711.ts";

const RATE = 8000;
/** A C major chord (Hz): none of it is a dial, ringing, busy or keypad tone. */
const CHORD = [392, 523.25, 659.25];
/** Power of the whole sound (dBm0). */
const LEVEL = -30;
// The swell's mean power is 3/8 of that of a steady chord.
const NOTE_PEAK = sinePeak(LEVEL) / Math.sqrt(CHORD.length * 3 / 8);

/**
 * A quiet sound to wait by: a chord that swells and fades away once. It begins and ends in silence, so that it may be
 * played again and again.
 *
 * @param ms Its length, in milliseconds.
 * @returns µ-law, 8000 bytes a second.
 */
export function holdTone(ms: number): Uint8Array<ArrayBuffer> {
  const samples = new Int16Array(Math.round(ms * RATE / 1000));
  for (let i = 0; i < samples.length; i++) {
    const swell = Math.sin(Math.PI * i / samples.length) ** 2;
    const chord = CHORD.reduce((sum, hertz) => sum + Math.sin(2 * Math.PI * hertz * i / RATE), 0);
    samples[i] = Math.round(NOTE_PEAK * swell * chord);
  }
  return encodeMulaw(samples);
}
