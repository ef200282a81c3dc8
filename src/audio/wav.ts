/** WAV files in memory: reads the usual formats, writes 16-bit PCM. */

import { decodeAlaw, decodeMulaw } from "./g711.js";

/** A recording: one array of 16-bit samples for each channel, all of the same length. */
export interface Recording {
  /** Samples per second in each channel. */
  sampleRate: number;
  channels: Int16Array[];
}

interface Format {
  tag: number;
  channels: number;
  sampleRate: number;
  bits: number;
}

/** Sample rates of recordings (Hz). A rate outside is a damaged header, and its conversion could take minutes. */
const MIN_RATE = 4_000, MAX_RATE = 192_000;
const PCM = 1, FLOAT = 3, ALAW = 6, MULAW = 7, EXTENSIBLE = 0xfffe;
const COMPRESSED: Record<number, string> = {
  0x02: "Microsoft ADPCM",
  0x11: "IMA ADPCM",
  0x31: "GSM 06.10",
  0x55: "MP3",
};
// A sub-format of WAVE_FORMAT_EXTENSIBLE (KSDATAFORMAT_SUBTYPE_…) is a GUID: two bytes of format tag, then these 14.
const SUBTYPE_TAIL = "000000001000800000aa00389b71";

/**
 * Reads a RIFF WAVE file of PCM (8, 16, 24 or 32 bits), 32-bit float, µ-law or A-law, mono or stereo, plain or
 * WAVE_FORMAT_EXTENSIBLE, at 4,000 to 192,000 Hz. Other chunks are skipped. Samples of more than 16 bits are rounded, and
 * saturate.
 *
 * @param name The file's name, for errors.
 * @throws {TypeError} if the format is not supported, or the file is truncated or inconsistent about its size.
 */
export function readWav(bytes: Uint8Array, name: string): Recording {
  const fail = (why: string): never => {
    throw new TypeError(`Cannot read "${name}": ${why}`);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 0) fail("the file is empty");
  const ids = bytes.length < 12 ? "" : ascii(bytes, 0) + ascii(bytes, 8);
  if (ids !== "RIFFWAVE") {
    fail(
      `it is not a WAV file ("RIFF", a size, "WAVE"); convert it, for example with sox or ffmpeg`,
    );
  }

  let format: Format | undefined;
  let data: Uint8Array | undefined;
  for (let at = 12; at + 8 <= bytes.length && !data;) {
    const id = ascii(bytes, at);
    const size = view.getUint32(at + 4, true);
    const body = bytes.subarray(at + 8, at + 8 + size);
    if (body.length < size) {
      fail(
        `its "${id}" chunk claims ${size} bytes and has ${body.length}: ` +
          `the file is truncated, or was written to a pipe without a corrected header`,
      );
    }
    if (id === "fmt ") format = readFormat(body, fail);
    if (id === "data") data = body;
    at += 8 + size + size % 2; // chunks start at even offsets
  }
  if (!format) return fail(`it has no "fmt " chunk before its audio`);
  if (!data) return fail(`it has no "data" chunk: the file is truncated`);
  if (data.length === 0) return fail(`it has no audio: its "data" chunk has 0 bytes`);
  const riff = view.getUint32(4, true);
  if (riff > bytes.length - 8 + 1) {
    fail(`its header claims ${riff + 8} bytes and the file has ${bytes.length}`);
  }
  return { sampleRate: format.sampleRate, channels: readSamples(data, format, fail) };
}

/**
 * Returns a 16-bit PCM WAV file.
 *
 * @param channels One array of samples for each channel, all of the same length.
 * @throws {RangeError} if there is no channel, or their lengths differ.
 */
export function writeWav(channels: readonly Int16Array[], sampleRate: number): Uint8Array<ArrayBuffer> {
  const samples = interleave(channels);
  const bytes = new Uint8Array(WAV_HEADER_BYTES + samples.length);
  bytes.set(wavHeader(channels.length, sampleRate, samples.length));
  bytes.set(samples, WAV_HEADER_BYTES);
  return bytes;
}

/** Size of the header of a 16-bit PCM WAV file (bytes). */
export const WAV_HEADER_BYTES = 44;

/** The header of a 16-bit PCM WAV file with `dataBytes` bytes of samples. */
export function wavHeader(channels: number, sampleRate: number, dataBytes: number): Uint8Array<ArrayBuffer> {
  const frame = 2 * channels;
  const bytes = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, dataBytes + WAV_HEADER_BYTES - 8, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * frame, true);
  view.setUint16(32, frame, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, dataBytes, true);
  return bytes;
}

/**
 * Interleaves channels as in a WAV file: 16 bits, little-endian, one sample of each channel in turn.
 *
 * @throws {RangeError} if there is no channel, or their lengths differ.
 */
export function interleave(channels: readonly Int16Array[]): Uint8Array<ArrayBuffer> {
  const length = channels[0]?.length;
  if (length === undefined || channels.some((channel) => channel.length !== length)) {
    const lengths = channels.map((channel) => channel.length).join(", ");
    throw new RangeError(`Cannot write a WAV file: channels must have the same length, not [${lengths}]`);
  }
  const bytes = new Uint8Array(2 * channels.length * length);
  const view = new DataView(bytes.buffer);
  for (const [c, channel] of channels.entries()) {
    for (let i = 0; i < length; i++) view.setInt16(2 * (i * channels.length + c), channel[i] as number, true);
  }
  return bytes;
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}

function readFormat(body: Uint8Array, fail: (why: string) => never): Format {
  if (body.length < 16) fail(`its "fmt " chunk has ${body.length} bytes; it needs at least 16`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const [channels, sampleRate, bits] = [
    view.getUint16(2, true),
    view.getUint32(4, true),
    view.getUint16(14, true),
  ];
  let tag = view.getUint16(0, true);
  if (tag === EXTENSIBLE) {
    if (body.length < 40) fail(`its extensible "fmt " chunk has ${body.length} bytes; it needs 40`);
    const tail = Array.from(body.subarray(26, 40), (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (tail !== SUBTYPE_TAIL) fail("its sub-format is unknown; convert it to 16-bit PCM");
    tag = view.getUint16(24, true);
  }
  const isSupported = tag === PCM && [8, 16, 24, 32].includes(bits) || tag === FLOAT && bits === 32 ||
    (tag === ALAW || tag === MULAW) && bits === 8;
  if (!isSupported) {
    const what = COMPRESSED[tag] ??
      (tag === PCM || tag === FLOAT ? "samples" : `format 0x${tag.toString(16)}`);
    fail(
      `it has ${what} of ${bits} bits; convert it to PCM of 8, 16, 24 or 32 bits, 32-bit float, µ-law or A-law`,
    );
  }
  if (channels !== 1 && channels !== 2) fail(`it has ${channels} channels; it must have 1 or 2`);
  if (sampleRate < MIN_RATE || sampleRate > MAX_RATE) {
    fail(`its sample rate is ${sampleRate} Hz; convert it to a rate from ${MIN_RATE} to ${MAX_RATE} Hz`);
  }
  return { tag, channels, sampleRate, bits };
}

function readSamples(data: Uint8Array, format: Format, fail: (why: string) => never): Int16Array[] {
  const width = format.bits / 8;
  const frame = width * format.channels;
  if (data.length % frame !== 0) {
    fail(`its "data" chunk of ${data.length} bytes is not a whole number of ${frame}-byte frames`);
  }
  const all = decodeAll(data, format, width);
  return Array.from(
    { length: format.channels },
    (_, c) =>
      Int16Array.from({ length: data.length / frame }, (_, i) => all[i * format.channels + c] as number),
  );
}

function decodeAll(data: Uint8Array, { tag, bits }: Format, width: number): Int16Array {
  if (tag === MULAW) return decodeMulaw(data);
  if (tag === ALAW) return decodeAlaw(data);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = (at: number): number => {
    if (tag === FLOAT) return view.getFloat32(at, true) * 32768 || 0; // NaN is silence
    if (bits === 8) return (view.getUint8(at) - 128) * 256;
    if (bits === 16) return view.getInt16(at, true);
    if (bits === 24) return view.getInt16(at + 1, true) + view.getUint8(at) / 256;
    return view.getInt32(at, true) / 65536;
  };
  const samples = new Int16Array(data.length / width);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.max(-32768, Math.min(32767, Math.round(read(i * width))));
  }
  return samples;
}
