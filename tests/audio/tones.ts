/** Tone measurements for tests. */

import { decodeMulaw } from "../../src/audio/g711.js";

/** The digital milliwatt, 1 kHz at 0 dBm0 (ITU-T G.711, table 6), as 16-bit samples: the reference for levels. */
export function milliwatt(): Int16Array {
  return decodeMulaw(Uint8Array.of(0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e));
}

/** The level of one frequency in 8 kHz samples, in dB like `level` of sound.ts (Goertzel's algorithm). */
export function toneLevel(samples: Int16Array, hertz: number): number {
  const turn = 2 * Math.PI * hertz / 8000;
  let [last, before] = [0, 0];
  for (const sample of samples) [last, before] = [sample + 2 * Math.cos(turn) * last - before, last];
  const power = last ** 2 + before ** 2 - 2 * Math.cos(turn) * last * before;
  return 10 * Math.log10(2 * power / samples.length ** 2 + 1e-9);
}
