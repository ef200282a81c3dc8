import { convertRate } from "../audio/convert_rate.ts";
import { LINE_RATE } from "../audio/line_format.js";
import { readWav } from "../audio/wav.ts";

/**
 * A WAV recording as one channel of 16-bit samples at 8 kHz.
 *
 * @param name The file's name, for errors.
 * @throws {Error} when the WAV cannot be read.
 */
export function readWavSpeech(wav: Uint8Array, name: string): Int16Array {
  const { channels, sampleRate } = readWav(wav, name);
  const [left = new Int16Array(), right = left] = channels;
  return convertRate(left.map((sample, i) => (sample + (right[i] ?? 0)) / 2), sampleRate, LINE_RATE);
}
