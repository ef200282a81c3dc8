/**
 * Conversion between a call's µ-law (8 kHz) and the PCM of speech models (16 bits, little-endian, 24 kHz). Times
 * stay exact in both directions: byte `8 * n` of the µ-law stream and byte `48 * n` of the PCM stream are both `n` ms.
 */

import { decodeMulawInto, encodeMulaw } from "./g711.js";
import { LINE_RATE } from "./line_format.js";
import { speechFilter } from "./low_pass.js";
import { Resampler } from "./resampler.js";

const MODEL_RATE = 24_000;
// Designed when the program starts, not during the first call.
const UP = speechFilter(LINE_RATE, MODEL_RATE), DOWN = speechFilter(MODEL_RATE, LINE_RATE);

/** Converts caller audio for the model. One instance for each call, whose audio is one continuous stream. */
export class MulawToPcm24 {
  readonly #resampler = new Resampler(UP);
  // Kept between calls: the garbage of one array per frame would cost half as much time as the conversion.
  #samples = new Int16Array(160);

  /** Converts the next bytes, any number of them. The last 3.5 ms of the PCM come out with the bytes that follow. */
  convert(mulaw: Uint8Array): Uint8Array<ArrayBuffer> {
    if (this.#samples.length < mulaw.length) this.#samples = new Int16Array(mulaw.length);
    const count = decodeMulawInto(mulaw, this.#samples);
    const pcm = this.#resampler.process(this.#samples.subarray(0, count));
    return new Uint8Array(pcm.buffer); // every platform Deno runs on is little-endian
  }
}

/** Converts model audio for the caller. One instance for each speech item, or one that is flushed after each item. */
export class Pcm24ToMulaw {
  readonly #resampler = new Resampler(DOWN);
  /** The first byte of a sample whose second byte has not arrived. */
  #half: number | undefined;
  #bytes = new Uint8Array(960);
  #samples = new Int16Array(160);

  /**
   * Converts the next bytes, any number of them; they may end within a sample. The last 3.5 ms of the µ-law come out with
   * the bytes that follow, or from {@linkcode flush}.
   */
  convert(pcm: Uint8Array): Uint8Array<ArrayBuffer> {
    const carried = this.#half === undefined ? 0 : 1;
    const length = carried + pcm.length;
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(length);
    if (this.#half !== undefined) this.#bytes[0] = this.#half;
    this.#bytes.set(pcm, carried);
    this.#half = length % 2 ? this.#bytes[length - 1] : undefined;
    const samples = new Int16Array(this.#bytes.buffer, 0, length >> 1);
    const due = this.#resampler.outputLength(samples.length);
    if (this.#samples.length < due) this.#samples = new Int16Array(due);
    this.#resampler.processInto(samples, this.#samples);
    return encodeMulaw(this.#samples.subarray(0, due));
  }

  /**
   * Ends the item and starts another.
   *
   * @returns The rest of the item's µ-law, at most 28 bytes: in all, `n` samples of PCM yield `Math.round(n / 3)` bytes,
   * so each 48 bytes of PCM yield 8. Half a sample at the end is dropped.
   */
  flush(): Uint8Array<ArrayBuffer> {
    this.#half = undefined;
    return encodeMulaw(this.#resampler.flush());
  }
}
