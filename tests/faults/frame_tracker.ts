/** Finds the WebSocket frames in the bytes of one direction (RFC 6455, 5.2), after the HTTP head of the upgrade. */

const HEAD_END = [0x0d, 0x0a, 0x0d, 0x0a];

export class FrameTracker {
  /** Matched bytes of the empty line that ends the HTTP head; undefined after it. */
  #matched: number | undefined = 0;
  #header: number[] = [];
  /** Bytes of the payload that are still to come. */
  #payloadLeft = 0;

  /** Whether the next byte begins a frame. */
  get atBoundary(): boolean {
    return this.#matched === undefined && this.#header.length === 0 && this.#payloadLeft === 0;
  }

  /** @returns Offsets in `chunk` at which a frame can be inserted, and at which text payloads start. */
  feed(chunk: Uint8Array): { boundaries: number[]; texts: number[] } {
    const boundaries: number[] = [], texts: number[] = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#matched !== undefined) {
        this.#readHead(chunk[at++] ?? 0);
      } else if (this.#payloadLeft > 0) {
        const length = Math.min(this.#payloadLeft, chunk.length - at);
        this.#payloadLeft -= length;
        at += length;
      } else {
        this.#header.push(chunk[at++] ?? 0);
        const payload = payloadLength(this.#header);
        if (payload === undefined) continue;
        if (isText(this.#header) && payload > 0 && at < chunk.length) texts.push(at);
        this.#header = [];
        this.#payloadLeft = payload;
      }
      if (this.atBoundary) boundaries.push(at);
    }
    return { boundaries, texts };
  }

  #readHead(byte: number): void {
    const matched = this.#matched ?? 0;
    const next = byte === HEAD_END[matched] ? matched + 1 : byte === HEAD_END[0] ? 1 : 0;
    this.#matched = next === HEAD_END.length ? undefined : next;
  }
}

/** Length of the payload; undefined while the header is incomplete. */
function payloadLength(header: readonly number[]): number | undefined {
  const [, second] = header;
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const mask = second & 0x80 ? 4 : 0;
  if (header.length < 2 + extended + mask) return undefined;
  if (extended === 0) return short;
  return header.slice(2, 2 + extended).reduce((length, byte) => length * 256 + byte, 0);
}

function isText([first = 0]: readonly number[]): boolean {
  return (first & 0x0f) === 1;
}

/** A text frame; a client's frames are masked, here with a key of zeros. */
export function textFrame(text: string, masked: boolean): Uint8Array {
  return frame(1, new TextEncoder().encode(text), masked);
}

export function closeFrame(code: number, masked: boolean): Uint8Array {
  return frame(8, Uint8Array.of(code >> 8, code & 0xff), masked);
}

function frame(opcode: number, payload: Uint8Array, masked: boolean): Uint8Array {
  const { length } = payload;
  const size = length < 126 ? [length] : [126, length >> 8, length & 0xff];
  const [first = 0, ...rest] = size;
  const header = [0x80 | opcode, first | (masked ? 0x80 : 0), ...rest, ...(masked ? [0, 0, 0, 0] : [])];
  return Uint8Array.from([...header, ...payload]);
}
