import { decodeMulaw } from "../audio/g711.ts";

/** One peak for so much audio (bytes of µ-law at 8 kHz): 20 ms. */
const PEAK_BYTES = 160;

/** The height of a 16-bit sample in a drawing, 0 to 255: the square root of its magnitude, or quiet speech is a flat line. */
export function heightOf(sample: number): number {
  return Math.round(255 * Math.sqrt(Math.abs(sample) / 32_768));
}

/** That of each byte of µ-law. */
const HEIGHTS = decodeMulaw(Uint8Array.from({ length: 256 }, (_, byte) => byte)).map(heightOf);

/** How loud µ-law audio is, for a drawing: from 0 to 255, one value for each 20 ms. */
export function peaks(audio: Uint8Array): number[] {
  const heights: number[] = [];
  for (let from = 0; from < audio.length; from += PEAK_BYTES) {
    let peak = 0;
    for (const byte of audio.subarray(from, from + PEAK_BYTES)) peak = Math.max(peak, HEIGHTS[byte] ?? 0);
    heights.push(peak);
  }
  return heights;
}
