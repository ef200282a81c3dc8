/**
 * A FIFO of audio chunks that is read in pieces of any length. Bytes have positions, counted from the first one pushed; what
 * was read stays until {@linkcode AudioQueue.keep} releases it, so that it can be read again.
 */
export class AudioQueue {
  #chunks: Uint8Array[] = [];
  /** Position of the first chunk. */
  #start = 0;
  /** The chunk to read from, and how much of it has been read. */
  #index = 0;
  #offset = 0;

  /** Position of the first byte that can be read again. */
  get start(): number {
    return this.#start;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  /** Returns the next `length` bytes, without a copy if one chunk holds them all. The caller checks that the queue holds
   * that many. */
  read(length: number): Uint8Array {
    const first = this.#chunks[this.#index];
    if (first && first.length - this.#offset >= length) return this.#cut(first, length);
    const piece = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const chunk = this.#chunks[this.#index];
      if (!chunk) break;
      const part = this.#cut(chunk, Math.min(length - filled, chunk.length - this.#offset));
      piece.set(part, filled);
      filled += part.length;
    }
    return piece;
  }

  /** Reads on at `position`, which must be in the queue. */
  seek(position: number): void {
    let rest = position - this.#start;
    this.#index = 0;
    for (let chunk = this.#chunks[0]; chunk && rest >= chunk.length; chunk = this.#chunks[this.#index]) {
      rest -= chunk.length;
      this.#index++;
    }
    this.#offset = rest;
  }

  /** Releases the audio before `position` that has been read. */
  keep(position: number): void {
    for (let chunk = this.#chunks[0]; chunk; chunk = this.#chunks[0]) {
      if (this.#index === 0 || this.#start + chunk.length > position) return;
      this.#chunks.shift();
      this.#start += chunk.length;
      this.#index--;
    }
  }

  /** Releases everything. The next chunk starts at `position`. */
  clear(position: number): void {
    this.#chunks = [];
    this.#start = position;
    this.#index = 0;
    this.#offset = 0;
  }

  #cut(chunk: Uint8Array, length: number): Uint8Array {
    const part = chunk.subarray(this.#offset, this.#offset += length);
    if (this.#offset === chunk.length) {
      this.#index++;
      this.#offset = 0;
    }
    return part;
  }
}
