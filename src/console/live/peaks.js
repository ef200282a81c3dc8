/** The last peaks of one side of a call, each at its place in time. */

/** A peak is for so much sound (ms). */
export const PEAK_MS = 20;

/** Remembers as many peaks as asked for, also where some never came. */
export class Peaks {
  #values;
  #end = 0;

  /** @param length How many are remembered. */
  constructor(length) {
    this.#values = new Uint8Array(length);
  }

  /** The place after the newest one. */
  get end() {
    return this.#end;
  }

  /** Puts peaks, from 0 to 255, from `atMs` of the call on. What is too old by now is left out. */
  put(atMs, peaks) {
    const from = Math.round(atMs / PEAK_MS);
    const { length } = this.#values;
    // Nothing is known of the time in between.
    for (let i = Math.max(this.#end, from - length); i < from; i++) this.#values[i % length] = 0;
    peaks.forEach((peak, i) => {
      if (from + i >= this.#end - length) this.#values[(from + i) % length] = peak;
    });
    this.#end = Math.max(this.#end, from + peaks.length);
  }

  /** The highest from one place to before another; 0 where nothing is known. */
  highest(from, to) {
    const { length } = this.#values;
    let highest = 0;
    for (let i = Math.max(0, from, this.#end - length); i < Math.min(to, this.#end); i++) {
      highest = Math.max(highest, this.#values[i % length]);
    }
    return highest;
  }
}
