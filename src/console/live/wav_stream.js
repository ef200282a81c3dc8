/** Takes the samples out of a WAV that comes in pieces, however it is cut. 16 bits, stereo. */

/** Bytes of a sample of both sides. */
const FRAME_BYTES = 4;
const DATA = [..."data"].map((letter) => letter.charCodeAt(0));
/** Name and length of the chunk the samples are in. */
const CHUNK_HEAD_BYTES = 8;

export class WavStream {
  #rest = new Uint8Array(0);
  #inData = false;

  /** The samples that are complete with this piece: left and right in turn. */
  samples(piece) {
    let bytes = new Uint8Array(this.#rest.length + piece.length);
    bytes.set(this.#rest);
    bytes.set(piece, this.#rest.length);
    if (!this.#inData) {
      const at = bytes.findIndex((_, i) => DATA.every((letter, j) => bytes[i + j] === letter));
      this.#inData = at >= 0 && bytes.length >= at + CHUNK_HEAD_BYTES;
      if (!this.#inData) {
        this.#rest = bytes;
        return new Int16Array(0);
      }
      bytes = bytes.slice(at + CHUNK_HEAD_BYTES);
    }
    const whole = bytes.length - bytes.length % FRAME_BYTES;
    this.#rest = bytes.slice(whole);
    const view = new DataView(bytes.buffer, 0, whole);
    return Int16Array.from({ length: whole / 2 }, (_, i) => view.getInt16(2 * i, true));
  }
}
