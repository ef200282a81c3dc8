/**
 * The framing of RFC 6455 as a client sees it, without a socket: text messages to masked frames, and what a server
 * sends to messages, pings and a close.
 */

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** Buffers start this large; one that grew for a long message is let go after it. */
const WRITE_BYTES = 4 * 1024;
const READ_BYTES = 64 * 1024;
const LONGEST_HEADER = 14;
const LONGEST_CONTROL = 125;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a server sent that no client may accept; `code` is the close code that answers it (RFC 6455, 7.4.1). */
export class FrameError extends Error {
  override readonly name = "FrameError";

  constructor(readonly code: number, problem: string) {
    super(`Cannot read what the server sent: ${problem}`);
  }
}

/** Whether a close frame may carry `code` (RFC 6455, 7.4, and the IANA registry of close codes). */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

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

/** Told what a server sent, in order. */
export interface FrameSink {
  text(message: string): void;
  /** `payload` is only lent for the call. */
  ping(payload: Uint8Array): void;
  /** The last thing told; `code` is 1005 when the frame had none. */
  close(code: number, reason: string): void;
}

/**
 * Reads server frames out of a buffer it owns: read bytes into `space`, then say how many with `filled`.
 * A message that lies in the buffer as one frame is decoded where it lies; each byte is moved at most a few times.
 */
export class FrameReader {
  readonly #home = new Uint8Array(READ_BYTES);
  #bytes = this.#home;
  #view = new DataView(this.#bytes.buffer);
  #end = 0;
  #fragments = new Uint8Array(0);
  #fragmentBytes = 0;
  #fragmented = false;
  readonly #sink: FrameSink;
  readonly #maxMessageBytes: number;

  constructor(sink: FrameSink, maxMessageBytes: number) {
    this.#sink = sink;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Where the next bytes go; never empty. */
  get space(): Uint8Array {
    return this.#bytes.subarray(this.#end);
  }

  /**
   * Reads every frame that is complete with `count` more bytes; false once the server's close was among them.
   * @throws {FrameError} on what RFC 6455 forbids, on binary messages, and on a message that will be too long.
   */
  filled(count: number): boolean {
    this.#end += count;
    let start = 0;
    let wanted = 0;
    while (this.#end - start >= 2) {
      const first = this.#view.getUint8(start);
      const second = this.#view.getUint8(start + 1);
      this.#check(first, second);
      const header = second === 127 ? 10 : second === 126 ? 4 : 2;
      if (this.#end - start < header) break;
      const length = this.#payloadBytes(start, header, second);
      if ((first & 0x08) === 0 && this.#fragmentBytes + length > this.#maxMessageBytes) {
        throw new FrameError(1009, `a message is longer than ${this.#maxMessageBytes} bytes`);
      }
      wanted = header + length;
      if (start + wanted > this.#end) break;
      if (!this.#take(first, this.#bytes.subarray(start + header, start + wanted))) return false;
      start += wanted;
      wanted = 0;
    }
    this.#makeRoom(start, wanted);
    return true;
  }

  /** What can be told from the first two bytes is told before the rest is waited for (RFC 6455, 5.2 to 5.5). */
  #check(first: number, second: number): void {
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) throw new FrameError(1002, "a frame has reserved bits set");
    if ((second & 0x80) !== 0) throw new FrameError(1002, "a frame is masked");
    if (opcode === CLOSE || opcode === PING || opcode === PONG) {
      if ((first & 0x80) === 0) throw new FrameError(1002, "a control frame is fragmented");
      if (second > LONGEST_CONTROL) throw new FrameError(1002, "a control frame is longer than 125 bytes");
      return;
    }
    if (opcode === 2) throw new FrameError(1003, "a message is binary, only text is spoken here");
    if (opcode > TEXT) throw new FrameError(1002, `a frame has the reserved opcode ${opcode}`);
    if ((opcode === TEXT) === this.#fragmented) {
      throw new FrameError(
        1002,
        this.#fragmented ? "a message is cut off by another" : "a fragment continues nothing",
      );
    }
  }

  #payloadBytes(start: number, header: number, second: number): number {
    if (header === 2) return second;
    const length = header === 4
      ? this.#view.getUint16(start + 2)
      : Number(this.#view.getBigUint64(start + 2));
    if (length < (header === 4 ? 126 : 65536) || length >= 2 ** 63) {
      throw new FrameError(1002, "a frame's length is not in its shortest form");
    }
    return length;
  }

  #take(first: number, payload: Uint8Array<ArrayBuffer>): boolean {
    const opcode = first & 0x0f;
    if (opcode === CLOSE) {
      this.#close(payload);
      return false;
    }
    if (opcode === PING) this.#sink.ping(payload);
    if (opcode > TEXT) return true;
    const last = (first & 0x80) !== 0;
    if (last && !this.#fragmented) {
      this.#sink.text(decode(payload));
      return true;
    }
    this.#keep(payload);
    this.#fragmented = !last;
    if (last) {
      const message = decode(this.#fragments.subarray(0, this.#fragmentBytes));
      this.#fragments = new Uint8Array(0);
      this.#fragmentBytes = 0;
      this.#sink.text(message);
    }
    return true;
  }

  #keep(fragment: Uint8Array): void {
    const needed = this.#fragmentBytes + fragment.length;
    if (needed > this.#fragments.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#fragments.length));
      grown.set(this.#fragments);
      this.#fragments = grown;
    }
    this.#fragments.set(fragment, this.#fragmentBytes);
    this.#fragmentBytes = needed;
  }

  #close(payload: Uint8Array<ArrayBuffer>): void {
    if (payload.length === 0) return this.#sink.close(1005, "");
    if (payload.length === 1) throw new FrameError(1002, "a close frame has half a code");
    const code = new DataView(payload.buffer, payload.byteOffset).getUint16(0);
    if (!isCloseCode(code)) throw new FrameError(1002, `a close frame has the code ${code}`);
    this.#sink.close(code, decode(payload.subarray(2)));
  }

  /** Moves the frame begun at `start` to the front, into a longer buffer when its `wanted` bytes do not fit. */
  #makeRoom(start: number, wanted: number): void {
    const begun = this.#bytes.subarray(start, this.#end);
    const into = wanted > READ_BYTES ? wanted : READ_BYTES;
    if (into !== this.#bytes.length) {
      this.#bytes = into === READ_BYTES ? this.#home : new Uint8Array(into);
      this.#view = new DataView(this.#bytes.buffer);
      this.#bytes.set(begun);
    } else if (start > 0 && begun.length > 0) {
      this.#bytes.copyWithin(0, start, this.#end);
    }
    this.#end = begun.length;
  }
}

function decode(utf8: Uint8Array<ArrayBuffer>): string {
  try {
    return decoder.decode(utf8);
  } catch {
    throw new FrameError(1007, "a text is no valid UTF-8");
  }
}
