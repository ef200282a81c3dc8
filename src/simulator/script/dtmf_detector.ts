/** Detects keypad tones (ITU-T Q.23, Q.24): exactly one tone of each group at the same time. */

import { LINE_RATE } from "../../audio/line_format.js";

const LOW = [697, 770, 852, 941];
const HIGH = [1209, 1336, 1477, 1633];
const KEYS = ["123A", "456B", "789C", "*0#D"];
/** 20 ms in samples: enough to separate the frequencies. */
const BLOCK = 160;
/** A tone lasts at least 40 ms. */
const MIN_BLOCKS = 2;
/** The mean square of a tone is at least this (about -40 dBFS). */
const MIN_POWER = 100_000;
/** Minimum share of the two tones in the total power. */
const MIN_PURITY = 0.8;
/** Minimum power ratio of the weaker tone to the stronger one. */
const MIN_TWIST = 0.1;

/** The keys in 8 kHz samples, in order. */
export function detectKeys(samples: Int16Array): string {
  let keys = "", last = "", count = 0;
  for (let at = 0; at + BLOCK <= samples.length; at += BLOCK) {
    const key = keyIn(samples.subarray(at, at + BLOCK));
    count = key === last ? count + 1 : 1;
    last = key;
    if (key && count === MIN_BLOCKS) keys += key;
  }
  return keys;
}

function keyIn(block: Int16Array): string {
  const power = block.reduce((sum, sample) => sum + sample * sample, 0) / block.length;
  if (power < MIN_POWER) return "";
  const low = strongest(block, LOW), high = strongest(block, HIGH);
  if (Math.min(low.power, high.power) < MIN_TWIST * Math.max(low.power, high.power)) return "";
  return low.power + high.power >= MIN_PURITY * power ? KEYS[low.index]?.[high.index] ?? "" : "";
}

function strongest(block: Int16Array, hertz: readonly number[]): { index: number; power: number } {
  const powers = hertz.map((frequency) => powerAt(block, frequency));
  const power = Math.max(...powers);
  return { index: powers.indexOf(power), power };
}

/** The mean square of one frequency (Goertzel algorithm). */
function powerAt(block: Int16Array, hertz: number): number {
  const coefficient = 2 * Math.cos(2 * Math.PI * hertz / LINE_RATE);
  let one = 0, two = 0;
  for (const sample of block) [one, two] = [sample + coefficient * one - two, one];
  return 2 * (one * one + two * two - coefficient * one * two) / block.length ** 2;
}
