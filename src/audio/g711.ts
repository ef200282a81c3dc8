/**
 * G.711 companding: 16-bit linear PCM to and from 8-bit µ-law and A-law (ITU-T G.711, 11/1988), by table.
 *
 * G.711 compands 14 bits (µ-law) or 13 (A-law) and leaves open how 16 become so few. This is the way of ITU-T
 * G.191's `ulaw_compress` and `alaw_compress`: the low bits are dropped by an arithmetic shift, so that a sample on a
 * decision value goes to the greater of its two neighbours. sox rounds instead, and its decisions lie 2 samples (µ-law)
 * or 4 (A-law) away from G.711's; docs/audio.md lists them.
 */

/** The µ-law byte of a silent line: +0, which Twilio's silence is made of. */
export const MULAW_SILENCE = 0xff;

/** µ-law bytes to as many 16-bit samples (magnitude up to 32124). */
export function decodeMulaw(bytes: Uint8Array): Int16Array<ArrayBuffer> {
  const samples = new Int16Array(bytes.length);
  decodeMulawInto(bytes, samples);
  return samples;
}

/** 16-bit samples to as many µ-law bytes; loud ones saturate. */
export function encodeMulaw(samples: Int16Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(samples.length);
  encodeMulawInto(samples, bytes);
  return bytes;
}

/** A-law bytes to as many 16-bit samples (magnitude up to 32256). */
export function decodeAlaw(bytes: Uint8Array): Int16Array<ArrayBuffer> {
  const samples = new Int16Array(bytes.length);
  decodeAlawInto(bytes, samples);
  return samples;
}

/** 16-bit samples to as many A-law bytes. */
export function encodeAlaw(samples: Int16Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(samples.length);
  encodeAlawInto(samples, bytes);
  return bytes;
}

/** {@linkcode decodeMulaw} into the beginning of `out`. Returns the number of samples: `bytes.length`. */
export function decodeMulawInto(bytes: Uint8Array, out: Int16Array): number {
  return decode(bytes, MULAW_TO_LINEAR, out);
}

/** {@linkcode encodeMulaw} into the beginning of `out`. Returns the number of bytes: `samples.length`. */
export function encodeMulawInto(samples: Int16Array, out: Uint8Array): number {
  return encode(samples, LINEAR_TO_MULAW, 2, out);
}

/** {@linkcode decodeAlaw} into the beginning of `out`. Returns the number of samples: `bytes.length`. */
export function decodeAlawInto(bytes: Uint8Array, out: Int16Array): number {
  return decode(bytes, ALAW_TO_LINEAR, out);
}

/** {@linkcode encodeAlaw} into the beginning of `out`. Returns the number of bytes: `samples.length`. */
export function encodeAlawInto(samples: Int16Array, out: Uint8Array): number {
  return encode(samples, LINEAR_TO_ALAW, 4, out);
}

const MULAW_BIAS = 33;
const MULAW_TO_LINEAR = Int16Array.from({ length: 256 }, (_, code) => mulawToLinear(code));
const ALAW_TO_LINEAR = Int16Array.from({ length: 256 }, (_, code) => alawToLinear(code));
// The tables begin at the lowest sample, -8192 of 14 bits and -2048 of 12 (G.191 drops A-law's 13th bit too).
const LINEAR_TO_MULAW = Uint8Array.from({ length: 1 << 14 }, (_, index) => linearToMulaw(index - (1 << 13)));
const LINEAR_TO_ALAW = Uint8Array.from({ length: 1 << 12 }, (_, index) => linearToAlaw(index - (1 << 11)));

function decode(bytes: Uint8Array, table: Int16Array, out: Int16Array): number {
  checkRoom("decode", bytes.length, out.length);
  for (let i = 0; i < bytes.length; i++) out[i] = table[bytes[i] as number] as number;
  return bytes.length;
}

function encode(samples: Int16Array, table: Uint8Array, dropBits: number, out: Uint8Array): number {
  checkRoom("encode", samples.length, out.length);
  const zero = table.length >> 1;
  for (let i = 0; i < samples.length; i++) {
    out[i] = table[((samples[i] as number) >> dropBits) + zero] as number;
  }
  return samples.length;
}

// A typed array swallows what is written past its end.
function checkRoom(what: string, needed: number, room: number): void {
  if (room < needed) throw new RangeError(`Cannot ${what} G.711: ${needed} samples and room for ${room}`);
}

function mulawToLinear(code: number): number {
  const exponent = (~code >> 4) & 7;
  const mantissa = ~code & 15;
  const magnitude = ((2 * mantissa + MULAW_BIAS) << exponent) - MULAW_BIAS;
  return (code & 0x80 ? magnitude : -magnitude) * 4;
}

function linearToMulaw(sample: number): number {
  // The one's complement of a negative sample: -1 is the magnitude 0 below zero.
  const biased = Math.min((sample < 0 ? ~sample : sample) + MULAW_BIAS, 0x1fff);
  const exponent = 26 - Math.clz32(biased);
  const mantissa = (biased >> (exponent + 1)) & 15;
  // Every bit goes out inverted (G.711, table 2a), the sign too: 1 is positive.
  return (sample < 0 ? 0x7f : 0xff) ^ (exponent << 4 | mantissa);
}

function alawToLinear(code: number): number {
  const exponent = ((code ^ 0x55) >> 4) & 7;
  const mantissa = (code ^ 0x55) & 15;
  const magnitude = exponent === 0 ? 2 * mantissa + 1 : (2 * mantissa + 33) << (exponent - 1);
  return (code & 0x80 ? magnitude : -magnitude) * 8;
}

function linearToAlaw(sample: number): number {
  const magnitude = sample < 0 ? ~sample : sample;
  const exponent = Math.max(0, 28 - Math.clz32(magnitude));
  const mantissa = (magnitude >> Math.max(0, exponent - 1)) & 15;
  // Every second bit goes out inverted (G.711, table 1a).
  return (sample < 0 ? 0x55 : 0xd5) ^ (exponent << 4 | mantissa);
}
