import { CLOSE, FrameError, isCloseCode, MAX_CONTROL_BYTES, PING, PONG, READ_BYTES, TEXT } from "./frame.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Receives the server's messages and control frames in order. */
export interface FrameSink {
  text(message: string): void;
  /** `payload` is valid only during the call. */
  ping(payload: Uint8Array): void;
  /** `payload` is valid only during the call. */
  pong(payload: Uint8Array): void;
  /** Called last. `code` is 1005 if the frame had none. */
  close(code: number, reason: string): void;
}

/**
 * Parses server frames from a buffer it owns: read bytes into `space`, then pass their count to `readFrames`.
 * Decodes an unfragmented message in place.
 */
export class FrameReader {
  readonly #initialBuffer = new Uint8Array(READ_BYTES);
  #buffer = this.#initialBuffer;
  #view = new DataView(this.#buffer.buffer);
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

  /** Buffer space for the next bytes; never empty. */
  get space(): Uint8Array {
    return this.#buffer.subarray(this.#end);
  }

  /**
   * Parses all complete frames after `count` new bytes. Returns false after the server's close frame.
   *
   * @throws {FrameError} for protocol violations, binary messages and messages that are too long.
   */
  readFrames(count: number): boolean {
    this.#end += count;
    let start = 0;
    let frameBytes = 0;
    while (this.#end - start >= 2) {
      const first = this.#view.getUint8(start);
      const second = this.#view.getUint8(start + 1);
      this.#checkHeader(first, second);
      const header = second === 127 ? 10 : second === 126 ? 4 : 2;
      if (this.#end - start < header) break;
      const length = this.#payloadBytes(start, header, second);
      if ((first & 0x08) === 0 && this.#fragmentBytes + length > this.#maxMessageBytes) {
        throw new FrameError(1009, `a message is longer than ${this.#maxMessageBytes} bytes`);
      }
      frameBytes = header + length;
      if (start + frameBytes > this.#end) break;
      if (!this.#handleFrame(first, this.#buffer.subarray(start + header, start + frameBytes))) return false;
      start += frameBytes;
      frameBytes = 0;
    }
    this.#makeRoom(start, frameBytes);
    return true;
  }

  /** Validates the first two bytes of a frame, before the rest has arrived (RFC 6455, 5.2 to 5.5). */
  #checkHeader(first: number, second: number): void {
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) throw new FrameError(1002, "a frame has reserved bits set");
    if ((second & 0x80) !== 0) throw new FrameError(1002, "a frame is masked");
    if (opcode === CLOSE || opcode === PING || opcode === PONG) {
      if ((first & 0x80) === 0) throw new FrameError(1002, "a control frame is fragmented");
      if (second > MAX_CONTROL_BYTES) throw new FrameError(1002, "a control frame is longer than 125 bytes");
      return;
    }
    if (opcode === 2) throw new FrameError(1003, "a message is binary; only text is supported");
    if (opcode > TEXT) throw new FrameError(1002, `a frame has the reserved opcode ${opcode}`);
    if ((opcode === TEXT) === this.#fragmented) {
      throw new FrameError(
        1002,
        this.#fragmented
          ? "a message starts inside a fragmented one"
          : "a continuation frame continues nothing",
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

  #handleFrame(first: number, payload: Uint8Array<ArrayBuffer>): boolean {
    const opcode = first & 0x0f;
    if (opcode === CLOSE) {
      this.#close(payload);
      return false;
    }
    if (opcode === PING) this.#sink.ping(payload);
    if (opcode === PONG) this.#sink.pong(payload);
    if (opcode > TEXT) return true;
    const last = (first & 0x80) !== 0;
    if (last && !this.#fragmented) {
      this.#sink.text(decode(payload));
      return true;
    }
    this.#appendFragment(payload);
    this.#fragmented = !last;
    if (last) {
      const message = decode(this.#fragments.subarray(0, this.#fragmentBytes));
      this.#fragments = new Uint8Array(0);
      this.#fragmentBytes = 0;
      this.#sink.text(message);
    }
    return true;
  }

  #appendFragment(fragment: Uint8Array): void {
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
    if (!isCloseCode(code)) throw new FrameError(1002, `a close frame has the invalid code ${code}`);
    this.#sink.close(code, decode(payload.subarray(2)));
  }

  /** Moves the incomplete frame at `start` to the front, and into a larger buffer if its `frameBytes` do not fit. */
  #makeRoom(start: number, frameBytes: number): void {
    const partial = this.#buffer.subarray(start, this.#end);
    const size = Math.max(frameBytes, READ_BYTES);
    if (size !== this.#buffer.length) {
      this.#buffer = size === READ_BYTES ? this.#initialBuffer : new Uint8Array(size);
      this.#view = new DataView(this.#buffer.buffer);
      this.#buffer.set(partial);
    } else if (start > 0 && partial.length > 0) {
      this.#buffer.copyWithin(0, start, this.#end);
    }
    this.#end = partial.length;
  }
}

function decode(utf8: Uint8Array<ArrayBuffer>): string {
  try {
    return decoder.decode(utf8);
  } catch {
    throw new FrameError(1007, "a text message is not valid UTF-8");
  }
}
