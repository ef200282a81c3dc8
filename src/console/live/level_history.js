/** The recent peak levels of one side of a call, addressed by time. */

/** Audio per peak (ms). */
export const PEAK_MS = 20;

export class LevelHistory {
  #peaks;
  #end = 0;

  /** @param {number} capacity Maximum number of stored peaks. */
  constructor(capacity) {
    this.#peaks = new Uint8Array(capacity);
  }

  /** Index after the newest peak; index 0 is the start of the call. */
  get end() {
    return this.#end;
  }

  /**
   * Stores peaks from `atMs` of the call on. Gaps become silence; peaks older than the capacity are ignored.
   *
   * @param {number} atMs
   * @param {readonly number[]} peaks From 0 to 255.
   */
  put(atMs, peaks) {
    const from = Math.round(atMs / PEAK_MS);
    const { length } = this.#peaks;
    for (let i = Math.max(this.#end, from - length); i < from; i++) this.#peaks[i % length] = 0;
    peaks.forEach((peak, i) => {
      if (from + i >= this.#end - length) this.#peaks[(from + i) % length] = peak;
    });
    this.#end = Math.max(this.#end, from + peaks.length);
  }

  /**
   * The highest peak of the indexes `from` (included) to `to` (excluded); 0 without peaks.
   *
   * @param {number} from
   * @param {number} to
   */
  highest(from, to) {
    const { length } = this.#peaks;
    let highest = 0;
    for (let i = Math.max(0, from, this.#end - length); i < Math.min(to, this.#end); i++) {
      highest = Math.max(highest, this.#peaks[i % length] ?? 0);
    }
    return highest;
  }
}
