import { CLOSE, FrameError, isCloseCode, LONGEST_CONTROL, PING, PONG, READ_BYTES, TEXT } from "./frame.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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
