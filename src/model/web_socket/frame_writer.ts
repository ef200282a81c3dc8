import { CLOSE, MAX_CONTROL_BYTES, PING, PONG, READ_BYTES, TEXT } from "./frame.ts";

/** Initial size of each write buffer. */
const WRITE_BYTES = 4 * 1024;
const MAX_HEADER_BYTES = 14;

const encoder = new TextEncoder();

/** Builds masked client frames, one after the other, in two reused buffers. */
export class FrameWriter {
  #buffer = new Uint8Array(WRITE_BYTES);
  #spare = new Uint8Array(WRITE_BYTES);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;
  readonly #keyPool = new Uint8Array(1024);
  readonly #keys = new DataView(this.#keyPool.buffer);
  #nextKey = this.#keyPool.length;
  readonly #fillRandom: (bytes: Uint8Array<ArrayBuffer>) => void;

  /** @param fillRandom Fills a pool of 256 masking keys at a time. */
  constructor(fillRandom: (bytes: Uint8Array<ArrayBuffer>) => void) {
    this.#fillRandom = fillRandom;
  }

  /** Bytes waiting for `flush`. */
  get length(): number {
    return this.#length;
  }

  /** Appends `message` as one text frame. */
  text(message: string): void {
    this.#reserve(3 * message.length);
    // Correct for ASCII, which covers base64 and most JSON; other text may move the payload once.
    const guess = headerBytes(message.length);
    const payload = this.#length + guess;
    const { written } = encoder.encodeInto(message, this.#buffer.subarray(payload));
    const header = headerBytes(written);
    if (header !== guess) this.#buffer.copyWithin(this.#length + header, payload, payload + written);
    this.#finishFrame(TEXT, header, written);
  }

  /** Appends a ping frame. */
  ping(payload: Uint8Array): void {
    this.#appendControl(PING, payload);
  }

  /** Appends a pong frame. */
  pong(payload: Uint8Array): void {
    this.#appendControl(PONG, payload);
  }

  /** Appends a close frame, without a code if `code` is 1005. `reason` is cut to 123 bytes. */
  close(code: number, reason: string): void {
    const payload = new Uint8Array(MAX_CONTROL_BYTES);
    new DataView(payload.buffer).setUint16(0, code);
    const { written } = encoder.encodeInto(reason, payload.subarray(2));
    this.#appendControl(CLOSE, payload.subarray(0, code === 1005 ? 0 : 2 + written));
  }

  /** Returns the appended frames; the bytes stay valid until the next `flush`. */
  flush(): Uint8Array {
    const frames = this.#buffer.subarray(0, this.#length);
    this.#setBuffer(this.#spare);
    this.#spare = frames.buffer.byteLength > READ_BYTES
      ? new Uint8Array(WRITE_BYTES)
      : new Uint8Array(frames.buffer);
    this.#length = 0;
    return frames;
  }

  #appendControl(opcode: number, payload: Uint8Array): void {
    this.#reserve(payload.length);
    this.#buffer.set(payload, this.#length + headerBytes(payload.length));
    this.#finishFrame(opcode, headerBytes(payload.length), payload.length);
  }

  #finishFrame(opcode: number, header: number, payload: number): void {
    const view = this.#view;
    const start = this.#length;
    view.setUint8(start, 0x80 | opcode);
    view.setUint8(start + 1, 0x80 | (header === 6 ? payload : header === 8 ? 126 : 127));
    if (header === 8) view.setUint16(start + 2, payload);
    if (header === 14) view.setBigUint64(start + 2, BigInt(payload));
    const key = this.#nextMask();
    view.setUint32(start + header - 4, key);
    const end = start + header + payload;
    // Masks four bytes per step. The last step may overwrite up to three unused bytes after the frame.
    for (let at = start + header; at < end; at += 4) view.setUint32(at, view.getUint32(at) ^ key);
    this.#length = end;
  }

  #nextMask(): number {
    if (this.#nextKey === this.#keyPool.length) {
      this.#fillRandom(this.#keyPool);
      this.#nextKey = 0;
    }
    this.#nextKey += 4;
    return this.#keys.getUint32(this.#nextKey - 4);
  }

  #reserve(payload: number): void {
    const needed = this.#length + MAX_HEADER_BYTES + payload + 3;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#setBuffer(grown);
  }

  #setBuffer(bytes: Uint8Array<ArrayBuffer>): void {
    this.#buffer = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function headerBytes(payload: number): number {
  return payload < 126 ? 6 : payload < 65536 ? 8 : 14;
}
