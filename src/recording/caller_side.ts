import { MULAW_SILENCE } from "../audio/g711.ts";

/** Room for two seconds of µ-law at 8 kHz, at first (bytes). */
const FIRST_BYTES = 16_384;

/**
 * What the caller said and nobody was handed yet, on the call's time line (bytes of µ-law). It lies in one buffer: thousands
 * of small ones a second would keep the garbage collector busy, and everybody else waiting.
 */
export class CallerSide {
  #bytes = new Uint8Array(FIRST_BYTES).fill(MULAW_SILENCE);
  /** Where its first byte lies, and where the last one that is not silence by default ends. */
  #from: number;
  #until: number;

  /** @param from The first place there will be. */
  constructor(from: number) {
    this.#from = this.#until = from;
  }

  /** Puts audio at its place, which is none that was taken. */
  put(at: number, audio: Uint8Array): void {
    const end = at + audio.length - this.#from;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes.set(audio, at - this.#from);
    this.#until = Math.max(this.#until, at + audio.length);
  }

  /** Takes the next bytes, as many as `into` has room for; where there are none, silence. */
  take(into: Uint8Array): void {
    const length = into.length;
    const used = Math.max(0, this.#until - this.#from);
    const taken = Math.min(length, used);
    into.set(this.#bytes.subarray(0, taken));
    into.fill(MULAW_SILENCE, taken);
    this.#bytes.copyWithin(0, taken, used);
    this.#bytes.fill(MULAW_SILENCE, used - taken, used);
    this.#from += length;
    this.#until = Math.max(this.#until, this.#from);
  }

  #grow(length: number): void {
    const larger = new Uint8Array(2 * length).fill(MULAW_SILENCE);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
