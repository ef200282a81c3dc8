import { encodeMulaw, sineAmplitude } from "./g711.js";
import { LINE_RATE } from "./line_format.js";

/** Length of a tone and of the pause after it (ms). The receivers listed in ITU-T Q.24 need 40 to 70 ms of each. */
const TONE_MS = 100;
const GAP_MS = 100;
/** Fade-in and fade-out of a tone (ms), so that it does not click. */
const RAMP_MS = 4;
/** Dialling pauses (ms). */
const PAUSES: Readonly<Record<string, number>> = { w: 500, W: 1_000 };
const MAX_DIGITS = 40;

/** The keypad of ITU-T Q.23, with the frequencies of its rows and columns (Hz). */
const KEYS = ["123A", "456B", "789C", "*0#D"];
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477, 1633];
// Lines attenuate high frequencies more, so telephones send them 2 dB louder.
const ROW_PEAK = sineAmplitude(-7);
const COLUMN_PEAK = sineAmplitude(-5);

/**
 * DTMF tones of a sequence of keys, as µ-law at 8 kHz. Each digit is 100 ms of tone and 100 ms of silence.
 *
 * @param digits At most 40 of `0` to `9`, `*`, `#`, `A` to `D`, and the pauses `w` (500 ms) and `W` (1 s).
 * @throws {TypeError} if there are more, or other characters.
 */
export function dtmfTones(digits: string): Uint8Array<ArrayBuffer> {
  const keys = [...digits];
  if (keys.length > MAX_DIGITS) {
    throw new TypeError(`Cannot play ${keys.length} digits: the maximum is ${MAX_DIGITS}`);
  }
  const sounds = keys.map((key) => {
    const pauseMs = PAUSES[key];
    return pauseMs === undefined ? tone(key) : new Int16Array(pauseMs * LINE_RATE / 1000);
  });
  const samples = new Int16Array(sounds.reduce((sum, sound) => sum + sound.length, 0));
  let at = 0;
  for (const sound of sounds) {
    samples.set(sound, at);
    at += sound.length;
  }
  return encodeMulaw(samples);
}

/** A key's tone and the silence after it, as 16-bit samples. */
function tone(key: string): Int16Array {
  const row = KEYS.findIndex((keys) => keys.includes(key));
  const [low, high] = [ROWS[row], COLUMNS[KEYS[row]?.indexOf(key) ?? -1]];
  if (low === undefined || high === undefined) {
    throw new TypeError(`Cannot play the digit "${key}": use 0 to 9, *, #, A to D, w or W`);
  }
  const samples = new Int16Array((TONE_MS + GAP_MS) * LINE_RATE / 1000);
  const length = TONE_MS * LINE_RATE / 1000;
  const ramp = RAMP_MS * LINE_RATE / 1000;
  for (let i = 0; i < length; i++) {
    const angle = 2 * Math.PI * i / LINE_RATE;
    // Raised cosine.
    const fade = (1 - Math.cos(Math.PI * Math.min(1, i / ramp, (length - i) / ramp))) / 2;
    samples[i] = Math.round(
      fade * (ROW_PEAK * Math.sin(angle * low) + COLUMN_PEAK * Math.sin(angle * high)),
    );
  }
  return samples;
}
