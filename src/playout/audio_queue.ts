/** A FIFO of audio chunks that is read in pieces of any length. */
export class AudioQueue {
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that have been read. */
  #offset = 0;

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  /** Removes and returns the next `length` bytes, without a copy if one chunk holds them all. The caller checks that the
   * queue holds that many. */
  read(length: number): Uint8Array {
    const first = this.#chunks[0];
    if (first && first.length - this.#offset >= length) return this.#cut(first, length);
    const piece = new Uint8Array(length);
    for (let filled = 0; filled < length;) {
      const chunk = this.#chunks[0];
      if (!chunk) break;
      const part = this.#cut(chunk, Math.min(length - filled, chunk.length - this.#offset));
      piece.set(part, filled);
      filled += part.length;
    }
    return piece;
  }

  clear(): void {
    this.#chunks = [];
    this.#offset = 0;
  }

  #cut(chunk: Uint8Array, length: number): Uint8Array {
    const part = chunk.subarray(this.#offset, this.#offset += length);
    if (this.#offset === chunk.length) {
      this.#chunks.shift();
      this.#offset = 0;
    }
    return part;
  }
}
