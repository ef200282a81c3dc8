/** G.711 µ-law by table, as `src/audio/g711.ts` has it; docs/audio.md says whose way of dropping bits that is. */

/** The µ-law byte of a silent line. */
export const SILENCE = 0xff;

const BIAS = 33;

/** The sample a µ-law byte stands for, from -1 to 1. */
export const DECODED = Float32Array.from({ length: 256 }, (_, code) => decode(code) / 32768);

// Of 16 bits, 14 are companded; the table begins at the lowest.
const ENCODED = Uint8Array.from({ length: 1 << 14 }, (_, index) => encode(index - (1 << 13)));

/** The µ-law byte of a sample from -1 to 1; louder ones saturate. */
export function mulawOf(sample) {
  const pcm = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
  return ENCODED[(pcm >> 2) + (1 << 13)];
}

function decode(code) {
  const exponent = (~code >> 4) & 7;
  const mantissa = ~code & 15;
  const magnitude = ((2 * mantissa + BIAS) << exponent) - BIAS;
  return (code & 0x80 ? magnitude : -magnitude) * 4;
}

function encode(sample) {
  const biased = Math.min((sample < 0 ? ~sample : sample) + BIAS, 0x1fff);
  const exponent = 26 - Math.clz32(biased);
  const mantissa = (biased >> (exponent + 1)) & 15;
  return (sample < 0 ? 0x7f : 0xff) ^ (exponent << 4 | mantissa);
}
