import { decodeBase64 } from "@std/encoding/base64";
import { convertRate } from "../../audio/convert_rate.ts";
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from "../../audio/g711.js";
import { invalidValue } from "./server_events.ts";

/** An audio format of the Realtime API: G.711 at 8000 Hz has no `rate`, PCM at 24000 Hz requires it. */
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

const MAX_BYTES = 15 * 1024 * 1024;

/**
 * Decodes the audio of an event; `param` is its path in the event.
 *
 * @throws {ClientEventError} `invalid_value` for invalid base64, half a sample of PCM, and more than 15 MiB.
 */
export function fromBase64(format: AudioFormat, base64: string, param: string): Uint8Array {
  const invalidAudio = (expected: string) => invalidValue(`Invalid '${param}'. Expected ${expected}.`, param);
  let audio: Uint8Array;
  try {
    audio = decodeBase64(base64);
  } catch {
    throw invalidAudio("base64-encoded audio bytes");
  }
  if (format.type === "audio/pcm" && audio.length % 2 !== 0) throw invalidAudio("samples of two bytes");
  if (audio.length > MAX_BYTES) throw invalidAudio("at most 15 MiB of audio");
  return audio;
}

/** 16-bit samples from audio bytes; PCM is little-endian. */
export function toSamples(format: AudioFormat, bytes: Uint8Array): Int16Array {
  if (format.type === "audio/pcmu") return decodeMulaw(bytes);
  if (format.type === "audio/pcma") return decodeAlaw(bytes);
  return new Int16Array(bytes.slice().buffer);
}

export function toBytes(format: AudioFormat, samples: Int16Array): Uint8Array {
  if (format.type === "audio/pcmu") return encodeMulaw(samples);
  if (format.type === "audio/pcma") return encodeAlaw(samples);
  return new Uint8Array(samples.slice().buffer);
}

/** Audio in another format; the same bytes for the same format. */
export function transcode(bytes: Uint8Array, from: AudioFormat, to: AudioFormat): Uint8Array {
  if (from.type === to.type) return bytes;
  return toBytes(to, convertRate(toSamples(from, bytes), rateOf(from), rateOf(to)));
}
