/**
 * Sound in memory: G.711, sample rates, WAV files. Pure functions and small state machines over typed arrays, without
 * input or output. Samples are 16-bit integers, one array for each channel.
 *
 * @module
 */

export { convertRate } from "./convert_rate.ts";
export {
  decodeAlaw,
  decodeAlawInto,
  decodeMulaw,
  decodeMulawInto,
  encodeAlaw,
  encodeAlawInto,
  encodeMulaw,
  encodeMulawInto,
  MULAW_SILENCE,
} from "./g711.ts";
export type { Rate } from "./polyphase.ts";
export { Resampler } from "./resampler.ts";
export { MulawToPcm24, Pcm24ToMulaw } from "./transcode.ts";
export { readWav, type Recording, writeWav } from "./wav.ts";
export { type WavSink, WavWriter } from "./wav_writer.ts";
