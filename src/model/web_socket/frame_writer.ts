import { CLOSE, LONGEST_CONTROL, PING, PONG, READ_BYTES, TEXT } from "./frame.ts";

/** Buffers for writing start this large. */
const WRITE_BYTES = 4 * 1024;
const LONGEST_HEADER = 14;

const encoder = new TextEncoder();

/**
 * Builds masked client frames one behind the other in a buffer it uses again and again.
 * `fillRandom` is asked for masking keys a pool at a time.
 */
export class FrameWriter {
  #bytes = new Uint8Array(WRITE_BYTES);
  #spare = new Uint8Array(WRITE_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  readonly #pool = new Uint8Array(1024);
  readonly #keys = new DataView(this.#pool.buffer);
  #nextKey = this.#pool.length;
  readonly #fillRandom: (bytes: Uint8Array<ArrayBuffer>) => void;

  constructor(fillRandom: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#fillRandom = fillRandom;
  }

  /** Bytes that wait for `take`. */
  get length(): number {
    return this.#length;
  }

  /** Appends `message` as one text frame. */
  text(message: string): void {
    this.#reserve(3 * message.length);
    // Right for ASCII, which is all that base64 and most JSON is; the other case moves the payload once.
    const guess = headerBytes(message.length);
    const payload = this.#length + guess;
    const { written } = encoder.encodeInto(message, this.#bytes.subarray(payload));
    const header = headerBytes(written);
    if (header !== guess) this.#bytes.copyWithin(this.#length + header, payload, payload + written);
    this.#seal(TEXT, header, written);
  }

  /** Appends a ping without payload. */
  ping(): void {
    this.#control(PING, new Uint8Array());
  }

  /** Appends the answer to a ping. */
  pong(payload: Uint8Array): void {
    this.#control(PONG, payload);
  }

  /** Appends a close frame; 1005 means one without a code. A reason is cut to the 123 bytes that fit. */
  close(code: number, reason: string): void {
    const payload = new Uint8Array(LONGEST_CONTROL);
    new DataView(payload.buffer).setUint16(0, code);
    const { written } = encoder.encodeInto(reason, payload.subarray(2));
    this.#control(CLOSE, payload.subarray(0, code === 1005 ? 0 : 2 + written));
  }

  /** Hands over what was appended; it stays untouched until the next `take`. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#use(this.#spare);
    this.#spare = taken.buffer.byteLength > READ_BYTES
      ? new Uint8Array(WRITE_BYTES)
      : new Uint8Array(taken.buffer);
    this.#length = 0;
    return taken;
  }

  #control(opcode: number, payload: Uint8Array): void {
    this.#reserve(payload.length);
    this.#bytes.set(payload, this.#length + headerBytes(payload.length));
    this.#seal(opcode, headerBytes(payload.length), payload.length);
  }

  #seal(opcode: number, header: number, payload: number): void {
    const view = this.#view;
    const start = this.#length;
    view.setUint8(start, 0x80 | opcode);
    view.setUint8(start + 1, 0x80 | (header === 6 ? payload : header === 8 ? 126 : 127));
    if (header === 8) view.setUint16(start + 2, payload);
    if (header === 14) view.setBigUint64(start + 2, BigInt(payload));
    const key = this.#key();
    view.setUint32(start + header - 4, key);
    const end = start + header + payload;
    // Four bytes a step; the last step may spoil up to three bytes behind the frame, which nobody has written yet.
    for (let at = start + header; at < end; at += 4) view.setUint32(at, view.getUint32(at) ^ key);
    this.#length = end;
  }

  #key(): number {
    if (this.#nextKey === this.#pool.length) {
      this.#fillRandom(this.#pool);
      this.#nextKey = 0;
    }
    this.#nextKey += 4;
    return this.#keys.getUint32(this.#nextKey - 4);
  }

  #reserve(payload: number): void {
    const needed = this.#length + LONGEST_HEADER + payload + 3;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#use(grown);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function headerBytes(payload: number): number {
  return payload < 126 ? 6 : payload < 65536 ? 8 : 14;
}
