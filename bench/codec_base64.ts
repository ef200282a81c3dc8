/** Base64 by lookup table in plain TypeScript, to compare with Deno's built-in methods. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ENCODED = new TextEncoder().encode(ALPHABET);
const DECODED = new Uint8Array(128);
for (const [value, code] of ENCODED.entries()) DECODED[code] = value;
const ascii = new TextDecoder("latin1");

/** Encodes bytes, with padding. */
export function base64Encode(bytes: Uint8Array): string {
  const codes = new Uint8Array(4 * Math.ceil(bytes.length / 3));
  let at = 0;
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i] ?? 0) << 16 | (bytes[i + 1] ?? 0) << 8 | (bytes[i + 2] ?? 0);
    codes[at++] = ENCODED[three >> 18] ?? 0;
    codes[at++] = ENCODED[three >> 12 & 63] ?? 0;
    codes[at++] = ENCODED[three >> 6 & 63] ?? 0;
    codes[at++] = ENCODED[three & 63] ?? 0;
  }
  const missing = codes.length * 3 / 4 - bytes.length;
  codes.fill(0x3d, codes.length - missing);
  return ascii.decode(codes);
}

/** Decodes valid base64. */
export function base64Decode(text: string): Uint8Array {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array(text.length * 3 / 4 - padding);
  let at = 0;
  for (let i = 0; i < text.length; i += 4) {
    const four = (DECODED[text.charCodeAt(i)] ?? 0) << 18 | (DECODED[text.charCodeAt(i + 1)] ?? 0) << 12 |
      (DECODED[text.charCodeAt(i + 2)] ?? 0) << 6 | (DECODED[text.charCodeAt(i + 3)] ?? 0);
    bytes[at++] = four >> 16; // writes past the end are ignored
    bytes[at++] = four >> 8;
    bytes[at++] = four;
  }
  return bytes;
}
