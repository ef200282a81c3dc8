import { convertRate } from "../audio/convert_rate.ts";
import { readWav } from "../audio/wav.ts";

/**
 * A recording as a telephone has it: one channel at 8 kHz.
 *
 * @param name What it is called in an error.
 * @throws {Error} when it is no WAV that can be read.
 */
export function readRecording(wav: Uint8Array, name: string): Int16Array {
  const { channels, sampleRate } = readWav(wav, name);
  const [left = new Int16Array(), right = left] = channels;
  return convertRate(left.map((sample, i) => (sample + (right[i] ?? 0)) / 2), sampleRate, 8000);
}
