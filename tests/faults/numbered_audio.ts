/** Audio whose 20 ms frames carry a number in their bytes, so that a test can follow each frame. */

import { FRAME_BYTES, FRAME_MS } from "../../src/audio/line_format.js";

/** µ-law codes of the two zeros: a bit that cannot be heard. */
const ZERO = 0xff, ONE = 0x7f;
const MAGIC = 0b10110101;
/** Magic, number and checksum. */
const MARKER_BYTES = 8 + 16 + 8;
/** A square wave of 500 Hz at -13 dBFS. */
const LOUD = [0xa0, 0x20] as const;
const HALF_WAVE_BYTES = 8;

/** One frame with this number, loud or silent. @param number 0 to 65,535. */
export function numberedFrame(number: number, loud: boolean): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES).fill(ZERO);
  if (loud) {
    for (let at = MARKER_BYTES; at < FRAME_BYTES; at++) {
      frame[at] = LOUD[Math.floor(at / HALF_WAVE_BYTES) % 2] ?? ZERO;
    }
  }
  const marker = (MAGIC << 24 | number << 8 | checksum(number)) >>> 0;
  for (let bit = 0; bit < MARKER_BYTES; bit++) {
    frame[bit] = marker >>> MARKER_BYTES - 1 - bit & 1 ? ONE : ZERO;
  }
  return frame;
}

/** Loud frames from `first` on, as long as `ms`. */
export function numberedSpeech(first: number, ms: number): Uint8Array {
  const count = ms / FRAME_MS;
  const audio = new Uint8Array(count * FRAME_BYTES);
  for (let i = 0; i < count; i++) audio.set(numberedFrame(first + i, true), i * FRAME_BYTES);
  return audio;
}

/** Reads the frame numbers in a stream of bytes, at any offset and in pieces of any size. */
export class FrameNumberReader {
  #rest = new Uint8Array(0);

  feed(bytes: Uint8Array): number[] {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const numbers: number[] = [];
    let at = 0;
    while (at + MARKER_BYTES <= all.length) {
      const number = numberAt(all, at);
      if (number !== undefined) numbers.push(number);
      at += number === undefined ? 1 : MARKER_BYTES;
    }
    this.#rest = all.slice(at);
    return numbers;
  }
}

/** Whether the caller could hear this frame: a sample above -38 dBFS. */
export function isAudible(frame: Uint8Array): boolean {
  // The codes of µ-law fall as the amplitude rises, in both halves.
  return frame.some((code) => (code & 0x7f) < 0x5f);
}

function numberAt(bytes: Uint8Array, at: number): number | undefined {
  let marker = 0;
  for (let bit = 0; bit < MARKER_BYTES; bit++) {
    const code = bytes[at + bit];
    if (code !== ZERO && code !== ONE) return undefined;
    if (bit === 8 && marker !== MAGIC) return undefined;
    marker = (marker << 1 | (code === ONE ? 1 : 0)) >>> 0;
  }
  const number = marker >>> 8 & 0xffff;
  return marker >>> 24 === MAGIC && (marker & 0xff) === checksum(number) ? number : undefined;
}

function checksum(number: number): number {
  return (number >> 8 ^ number ^ 0x5a) & 0xff;
}
