import { MULAW_SILENCE } from "../audio/g711.js";

/** Initial capacity: two seconds of µ-law (bytes). */
const INITIAL_BYTES = 16_384;

/**
 * Caller audio not yet read, addressed by position: bytes of µ-law on the call's timeline. One buffer holds it all; thousands
 * of small buffers per second would keep the garbage collector busy.
 */
export class CallerTrack {
  #bytes = new Uint8Array(INITIAL_BYTES).fill(MULAW_SILENCE);
  /** Position of the first byte, and the end of the last audio written. */
  #from: number;
  #until: number;

  /** @param from The first position that will be written or read. */
  constructor(from: number) {
    this.#from = this.#until = from;
  }

  /** Writes audio at a position that has not been read yet. */
  write(at: number, audio: Uint8Array): void {
    const end = at + audio.length - this.#from;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes.set(audio, at - this.#from);
    this.#until = Math.max(this.#until, at + audio.length);
  }

  /** Fills `into` with the next bytes; gaps are silence. */
  readInto(into: Uint8Array): void {
    const length = into.length;
    const bufferedBytes = Math.max(0, this.#until - this.#from);
    const count = Math.min(length, bufferedBytes);
    into.set(this.#bytes.subarray(0, count));
    into.fill(MULAW_SILENCE, count);
    this.#bytes.copyWithin(0, count, bufferedBytes);
    this.#bytes.fill(MULAW_SILENCE, bufferedBytes - count, bufferedBytes);
    this.#from += length;
    this.#until = Math.max(this.#until, this.#from);
  }

  #grow(length: number): void {
    const larger = new Uint8Array(2 * length).fill(MULAW_SILENCE);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
