import { decodeBase64 } from "@std/encoding/base64";
import { convertRate } from "../../audio/convert_rate.ts";
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from "../../audio/g711.ts";
import { ModelFault } from "./wire.ts";

/** An audio format of the Realtime API; G.711 is 8000 Hz and must not say so, PCM is 24000 Hz and must. */
export type AudioFormat =
  | { readonly type: "audio/pcmu" }
  | { readonly type: "audio/pcma" }
  | { readonly type: "audio/pcm"; readonly rate: 24000 };

/** Samples per second. */
export function rateOf(format: AudioFormat): 8000 | 24000 {
  return format.type === "audio/pcm" ? 24000 : 8000;
}

/** Bytes per ms: 8 of G.711, 48 of PCM. */
export function bytesPerMs(format: AudioFormat): 8 | 48 {
  return format.type === "audio/pcm" ? 48 : 8;
}

const MOST_BYTES = 15 * 1024 * 1024;

/**
 * Audio bytes from the base64 of an event; `param` is where in the event it stands.
 *
 * @throws {ModelFault} `invalid_value` for anything but base64, half a sample of PCM, and more than 15 MiB.
 */
export function fromBase64(format: AudioFormat, base64: string, param: string): Uint8Array {
  const refuse = (expected: string) =>
    new ModelFault("invalid_value", `Invalid '${param}'. Expected ${expected}.`, param);
  let audio: Uint8Array;
  try {
    audio = decodeBase64(base64);
  } catch {
    throw refuse("base64-encoded audio bytes");
  }
  if (format.type === "audio/pcm" && audio.length % 2 !== 0) throw refuse("samples of two bytes");
  if (audio.length > MOST_BYTES) throw refuse("at most 15 MiB of audio");
  return audio;
}

/** Audio bytes of the wire to 16-bit samples; PCM is little-endian and has an even number of bytes. */
export function toSamples(format: AudioFormat, bytes: Uint8Array): Int16Array {
  if (format.type === "audio/pcmu") return decodeMulaw(bytes);
  if (format.type === "audio/pcma") return decodeAlaw(bytes);
  return new Int16Array(bytes.slice().buffer);
}

/** 16-bit samples to audio bytes of the wire. */
export function toBytes(format: AudioFormat, samples: Int16Array): Uint8Array {
  if (format.type === "audio/pcmu") return encodeMulaw(samples);
  if (format.type === "audio/pcma") return encodeAlaw(samples);
  return new Uint8Array(samples.slice().buffer);
}

/** The same audio in another format; untouched, to the byte, where the format is the same. */
export function transcode(bytes: Uint8Array, from: AudioFormat, to: AudioFormat): Uint8Array {
  if (from.type === to.type) return bytes;
  return toBytes(to, convertRate(toSamples(from, bytes), rateOf(from), rateOf(to)));
}
