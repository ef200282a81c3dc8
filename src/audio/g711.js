/**
 * G.711 companding: 16-bit linear PCM to and from 8-bit µ-law and A-law (ITU-T G.711, 11/1988), by table.
 *
 * G.711 compands 14 bits (µ-law) or 13 bits (A-law). Like `ulaw_compress` and `alaw_compress` of ITU-T G.191, this
 * encoder drops the low bits of a 16-bit sample by an arithmetic shift, so a sample on a decision value encodes to the
 * greater of its two neighbours. sox rounds instead; docs/audio.md lists the samples on which the two differ.
 *
 * The service, the simulator and the browser console import this file.
 */

/** The µ-law byte of silence: +0, the byte Twilio sends for silence. */
export const MULAW_SILENCE = 0xff;

const MULAW_BIAS = 33;
const MULAW_TO_LINEAR = Int16Array.from({ length: 256 }, (_, code) => mulawToLinear(code));
const ALAW_TO_LINEAR = Int16Array.from({ length: 256 }, (_, code) => alawToLinear(code));
// Index 0 is the lowest sample: -8192 of 14 bits, -2048 of 12 (G.191 drops A-law's 13th bit too).
const LINEAR_TO_MULAW = Uint8Array.from({ length: 1 << 14 }, (_, index) => linearToMulaw(index - (1 << 13)));
const LINEAR_TO_ALAW = Uint8Array.from({ length: 1 << 12 }, (_, index) => linearToAlaw(index - (1 << 11)));

/**
 * Decodes µ-law bytes to 16-bit samples, one for each byte; the largest magnitude is 32124.
 *
 * @param {Uint8Array} bytes
 */
export function decodeMulaw(bytes) {
  return decode(bytes, MULAW_TO_LINEAR);
}

/**
 * Encodes 16-bit samples to µ-law, one byte for each sample; magnitudes above 32635 saturate.
 *
 * @param {Int16Array} samples
 */
export function encodeMulaw(samples) {
  return encode(samples, LINEAR_TO_MULAW, 2);
}

/**
 * Decodes A-law bytes to 16-bit samples, one for each byte; the largest magnitude is 32256.
 *
 * @param {Uint8Array} bytes
 */
export function decodeAlaw(bytes) {
  return decode(bytes, ALAW_TO_LINEAR);
}

/**
 * Encodes 16-bit samples to A-law, one byte for each sample.
 *
 * @param {Int16Array} samples
 */
export function encodeAlaw(samples) {
  return encode(samples, LINEAR_TO_ALAW, 4);
}

/**
 * {@linkcode decodeMulaw} into the start of an existing array.
 *
 * @param {Uint8Array} bytes
 * @param {Int16Array} out
 * @returns {number} The number of samples written: `bytes.length`.
 * @throws {RangeError} if `out` is shorter than `bytes`.
 */
export function decodeMulawInto(bytes, out) {
  // A typed array silently ignores writes past its end.
  if (out.length < bytes.length) {
    throw new RangeError(
      `Cannot decode G.711: ${bytes.length} samples do not fit in an array of ${out.length}`,
    );
  }
  for (let i = 0; i < bytes.length; i++) out[i] = MULAW_TO_LINEAR[bytes[i] ?? 0] ?? 0;
  return bytes.length;
}

/**
 * @param {Uint8Array} bytes
 * @param {Int16Array} table
 */
function decode(bytes, table) {
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) samples[i] = table[bytes[i] ?? 0] ?? 0;
  return samples;
}

/**
 * @param {Int16Array} samples
 * @param {Uint8Array} table
 * @param {number} dropBits
 */
function encode(samples, table, dropBits) {
  const bytes = new Uint8Array(samples.length);
  const zero = table.length >> 1;
  for (let i = 0; i < samples.length; i++) bytes[i] = table[((samples[i] ?? 0) >> dropBits) + zero] ?? 0;
  return bytes;
}

/** @param {number} code */
function mulawToLinear(code) {
  const exponent = (~code >> 4) & 7;
  const mantissa = ~code & 15;
  const magnitude = ((2 * mantissa + MULAW_BIAS) << exponent) - MULAW_BIAS;
  return (code & 0x80 ? magnitude : -magnitude) * 4;
}

/** @param {number} sample 14 bits */
function linearToMulaw(sample) {
  // One's complement of a negative sample: -1 has magnitude 0.
  const biased = Math.min((sample < 0 ? ~sample : sample) + MULAW_BIAS, 0x1fff);
  const exponent = 26 - Math.clz32(biased);
  const mantissa = (biased >> (exponent + 1)) & 15;
  // G.711, table 2a: every bit is inverted. The sign bit is 1 for positive samples.
  return (sample < 0 ? 0x7f : 0xff) ^ (exponent << 4 | mantissa);
}

/** @param {number} code */
function alawToLinear(code) {
  const exponent = ((code ^ 0x55) >> 4) & 7;
  const mantissa = (code ^ 0x55) & 15;
  const magnitude = exponent === 0 ? 2 * mantissa + 1 : (2 * mantissa + 33) << (exponent - 1);
  return (code & 0x80 ? magnitude : -magnitude) * 8;
}

/** @param {number} sample 12 bits */
function linearToAlaw(sample) {
  const magnitude = sample < 0 ? ~sample : sample;
  const exponent = Math.max(0, 28 - Math.clz32(magnitude));
  const mantissa = (magnitude >> Math.max(0, exponent - 1)) & 15;
  // G.711, table 1a: every second bit is inverted.
  return (sample < 0 ? 0x55 : 0xd5) ^ (exponent << 4 | mantissa);
}

/**
 * The peak amplitude of a sine of the given power, on the scale of 16-bit samples. A full-scale µ-law sine, which reaches
 * the virtual decision value 8159 of 14 bits, has +3.17 dBm0.
 *
 * @param {number} dbm0 Power in dBm0, at most 3.17.
 */
export function sineAmplitude(dbm0) {
  return 4 * 8159 * 10 ** ((dbm0 - 3.17) / 20);
}
