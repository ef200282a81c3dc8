/** Hears keypad tones (ITU-T Q.23, Q.24): two pure tones at once, one of each group, and nothing else. */

const LOW = [697, 770, 852, 941];
const HIGH = [1209, 1336, 1477, 1633];
const KEYS = ["123A", "456B", "789C", "*0#D"];
const RATE = 8000;
/** 20 ms, in which tones of both groups are told apart. */
const BLOCK = 160;
/** A tone lasts 40 ms at least. */
const LEAST_BLOCKS = 2;
/** The mean square of a tone is at least this (about -40 dBFS). */
const LEAST_POWER = 100_000;
/** So much of the power is in the two tones. */
const PURITY = 0.8;
/** One of them may be so much weaker than the other. */
const TWIST = 0.1;

/** The keys that were heard in 8 kHz samples, in order. */
export function keysHeard(samples: Int16Array): string {
  let keys = "", last = "", count = 0;
  for (let at = 0; at + BLOCK <= samples.length; at += BLOCK) {
    const key = keyIn(samples.subarray(at, at + BLOCK));
    count = key === last ? count + 1 : 1;
    last = key;
    if (key && count === LEAST_BLOCKS) keys += key;
  }
  return keys;
}

function keyIn(block: Int16Array): string {
  const power = block.reduce((sum, sample) => sum + sample * sample, 0) / block.length;
  if (power < LEAST_POWER) return "";
  const low = strongest(block, LOW), high = strongest(block, HIGH);
  if (Math.min(low.power, high.power) < TWIST * Math.max(low.power, high.power)) return "";
  return low.power + high.power >= PURITY * power ? KEYS[low.index]?.[high.index] ?? "" : "";
}

function strongest(block: Int16Array, hertz: readonly number[]): { index: number; power: number } {
  const powers = hertz.map((one) => powerAt(block, one));
  const power = Math.max(...powers);
  return { index: powers.indexOf(power), power };
}

/** The mean square of the tone of this frequency in it (Goertzel's algorithm). */
function powerAt(block: Int16Array, hertz: number): number {
  const turn = 2 * Math.cos(2 * Math.PI * hertz / RATE);
  let one = 0, two = 0;
  for (const sample of block) [one, two] = [sample + turn * one - two, one];
  return 2 * (one * one + two * two - turn * one * two) / block.length ** 2;
}
