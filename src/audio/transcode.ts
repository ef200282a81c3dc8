/**
 * A call's µ-law as the PCM speech models take and give, 16 bits little-endian at 24 kHz, and back. Milliseconds stay
 * exact: byte `8 * n` of all the µ-law and byte `48 * n` of all the PCM are the same moment, in both directions.
 */

import { decodeMulawInto, encodeMulaw } from "./g711.ts";
import { Resampler } from "./resampler.ts";

/** What a caller says, for a model to hear. One for each call: the line never falls silent in between. */
export class MulawToPcm24 {
  readonly #resampler = new Resampler(8000, 24000);
  // Room for what comes in between, kept: a frame's garbage would cost as much time as half its conversion.
  #samples = new Int16Array(160);

  /** Converts the next bytes, any number of them. The last 3.5 ms of the PCM come out with the bytes that follow. */
  convert(mulaw: Uint8Array): Uint8Array<ArrayBuffer> {
    if (this.#samples.length < mulaw.length) this.#samples = new Int16Array(mulaw.length);
    const count = decodeMulawInto(mulaw, this.#samples);
    const pcm = this.#resampler.process(this.#samples.subarray(0, count));
    return new Uint8Array(pcm.buffer); // every machine Deno runs on is little-endian
  }
}

/** What a model says, for a caller to hear. One for each item of speech, or one flushed after each. */
export class Pcm24ToMulaw {
  readonly #resampler = new Resampler(24000, 8000);
  /** The first byte of a sample whose second is still to come. */
  #half: number | undefined;
  #bytes = new Uint8Array(960);
  #samples = new Int16Array(160);

  /**
   * Converts the next bytes, any number of them; they may end in the middle of a sample. The last 3.5 ms of the µ-law
   * come out with the bytes that follow, or by {@linkcode flush}.
   */
  convert(pcm: Uint8Array): Uint8Array<ArrayBuffer> {
    const begun = this.#half === undefined ? 0 : 1;
    const length = begun + pcm.length;
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(length);
    if (this.#half !== undefined) this.#bytes[0] = this.#half;
    this.#bytes.set(pcm, begun);
    this.#half = length % 2 ? this.#bytes[length - 1] : undefined;
    const samples = new Int16Array(this.#bytes.buffer, 0, length >> 1);
    const due = this.#resampler.outputLength(samples.length);
    if (this.#samples.length < due) this.#samples = new Int16Array(due);
    this.#resampler.processInto(samples, this.#samples);
    return encodeMulaw(this.#samples.subarray(0, due));
  }

  /**
   * Ends the item and begins another: the rest of its µ-law, at most 28 bytes, so that `n` samples of PCM became
   * `Math.round(n / 3)` bytes in all and 48 bytes of PCM 8 bytes of µ-law. Half a sample at the end is dropped.
   */
  flush(): Uint8Array<ArrayBuffer> {
    this.#half = undefined;
    return encodeMulaw(this.#resampler.flush());
  }
}
