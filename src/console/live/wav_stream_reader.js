/** Reads the samples of a WAV stream that arrives in arbitrary chunks. 16-bit stereo. */

/** Bytes of one sample of both channels. */
const FRAME_BYTES = 4;
const DATA = [..."data"].map((letter) => letter.charCodeAt(0));
/** Name and length of the data chunk. */
const CHUNK_HEADER_BYTES = 8;

export class WavStreamReader {
  #rest = new Uint8Array(0);
  #inData = false;

  /**
   * @param {Uint8Array} chunk
   * @returns {Int16Array<ArrayBuffer>} The samples completed by this chunk, left and right interleaved.
   */
  push(chunk) {
    let bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    if (!this.#inData) {
      const at = bytes.findIndex((_, i) => DATA.every((letter, j) => bytes[i + j] === letter));
      this.#inData = at >= 0 && bytes.length >= at + CHUNK_HEADER_BYTES;
      if (!this.#inData) {
        this.#rest = bytes;
        return new Int16Array(0);
      }
      bytes = bytes.slice(at + CHUNK_HEADER_BYTES);
    }
    const completeBytes = bytes.length - bytes.length % FRAME_BYTES;
    this.#rest = bytes.slice(completeBytes);
    const view = new DataView(bytes.buffer, 0, completeBytes);
    return Int16Array.from({ length: completeBytes / 2 }, (_, i) => view.getInt16(2 * i, true));
  }
}
