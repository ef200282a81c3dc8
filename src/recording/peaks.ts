import { decodeMulaw } from "../audio/g711.js";
import { FRAME_BYTES } from "../audio/line_format.js";

/** The height of a 16-bit sample in a waveform, 0 to 255: the square root of its magnitude, so that quiet speech shows. */
export function peakHeight(sample: number): number {
  return Math.round(255 * Math.sqrt(Math.abs(sample) / 32_768));
}

/** {@linkcode peakHeight} of each µ-law byte. */
const HEIGHTS = decodeMulaw(Uint8Array.from({ length: 256 }, (_, byte) => byte)).map(peakHeight);

/** The waveform of µ-law audio: one height from 0 to 255 for each frame of 20 ms. */
export function peakHeights(audio: Uint8Array): number[] {
  const heights: number[] = [];
  for (let from = 0; from < audio.length; from += FRAME_BYTES) {
    let peak = 0;
    for (const byte of audio.subarray(from, from + FRAME_BYTES)) peak = Math.max(peak, HEIGHTS[byte] ?? 0);
    heights.push(peak);
  }
  return heights;
}
