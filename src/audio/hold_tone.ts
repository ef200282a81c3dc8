import { encodeMulaw, sineAmplitude } from "./g711.js";
import { LINE_RATE } from "./line_format.js";

/** A C major chord (Hz). None of its notes is a dial, ringing, busy, fax or DTMF tone. */
const CHORD = [392, 523.25, 659.25];
/** Power of the whole tone (dBm0). */
const LEVEL = -30;
// The mean power of the swell is 3/8 of a steady chord's.
const NOTE_PEAK = sineAmplitude(LEVEL) / Math.sqrt(CHORD.length * 3 / 8);

/**
 * A quiet hold tone: a chord that swells and fades once. It starts and ends in silence, so it can be looped.
 *
 * @param ms Length (ms).
 * @returns µ-law at 8 kHz.
 */
export function holdTone(ms: number): Uint8Array<ArrayBuffer> {
  const samples = new Int16Array(Math.round(ms * LINE_RATE / 1000));
  for (let i = 0; i < samples.length; i++) {
    const swell = Math.sin(Math.PI * i / samples.length) ** 2;
    const chord = CHORD.reduce((sum, hertz) => sum + Math.sin(2 * Math.PI * hertz * i / LINE_RATE), 0);
    samples[i] = Math.round(NOTE_PEAK * swell * chord);
  }
  return encodeMulaw(samples);
}
