import { sinePeak } from "./dbm0.ts";
import { encodeMulaw } from "./g711.ts";

const RATE = 8000;
/** A tone and the pause after it (ms). ITU-T Q.24: receivers know 40 ms of either, and one that wants 70. */
const TONE_MS = 100;
const GAP_MS = 100;
/** How long a tone takes to begin and to end (ms): without it, each would click. */
const RAMP_MS = 4;
/** Dialling pauses (ms). */
const PAUSES: Readonly<Record<string, number>> = { w: 500, W: 1_000 };
/** Longest text of digits. */
const MOST_DIGITS = 40;

/** The keypad as ITU-T Q.23 has it: a row's frequency (Hz), and a column's. */
const KEYS = ["123A", "456B", "789C", "*0#D"];
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477, 1633];
// Lines lose more of the high frequencies than of the low ones, so those start 2 dB louder, as telephones send them.
const ROW_PEAK = sinePeak(-7);
const COLUMN_PEAK = sinePeak(-5);

/**
 * The sound of telephone keys, pressed one after the other: µ-law, 8000 bytes a second. A digit is 100 ms of tone and
 * 100 ms of silence.
 *
 * @param digits `0` to `9`, `*`, `#`, `A` to `D`; `w` waits half a second, `W` a second. At most 40 in all.
 * @throws {TypeError} if there is anything else among them, or more of them.
 */
export function dtmfTones(digits: string): Uint8Array<ArrayBuffer> {
  const keys = [...digits];
  if (keys.length > MOST_DIGITS) {
    throw new TypeError(`Cannot play ${keys.length} digits: at most ${MOST_DIGITS} are played at a time`);
  }
  const sounds = keys.map((key) => {
    const pauseMs = PAUSES[key];
    return pauseMs === undefined ? tone(key) : new Int16Array(pauseMs * RATE / 1000);
  });
  const samples = new Int16Array(sounds.reduce((sum, sound) => sum + sound.length, 0));
  let at = 0;
  for (const sound of sounds) {
    samples.set(sound, at);
    at += sound.length;
  }
  return encodeMulaw(samples);
}

/** A key's tone and the silence after it. */
function tone(key: string): Int16Array {
  const row = KEYS.findIndex((keys) => keys.includes(key));
  const [low, high] = [ROWS[row], COLUMNS[KEYS[row]?.indexOf(key) ?? -1]];
  if (low === undefined || high === undefined) {
    throw new TypeError(`Cannot play the digit "${key}": allowed are 0 to 9, *, #, A to D, w and W`);
  }
  const samples = new Int16Array((TONE_MS + GAP_MS) * RATE / 1000);
  const length = TONE_MS * RATE / 1000;
  const ramp = RAMP_MS * RATE / 1000;
  for (let i = 0; i < length; i++) {
    const turn = 2 * Math.PI * i / RATE;
    // Half a cosine up, and down.
    const fade = (1 - Math.cos(Math.PI * Math.min(1, i / ramp, (length - i) / ramp))) / 2;
    samples[i] = Math.round(
      fade * (ROW_PEAK * Math.sin(turn * low) + COLUMN_PEAK * Math.sin(turn * high)),
    );
  }
  return samples;
}
