/** Evens out stereo sound that comes in uneven pieces. 8 kHz. */

const RATE = 8_000;
/** It waits until so much is there before it begins, or begins again; more than one piece (s). */
const START = 0.3 * RATE;
/** What it holds at most; with more it goes on at the newest, or it would stay behind for good. */
const MOST = 1.2 * RATE;
/** Sound begins, and breaks off, over so many samples, and not with a click. */
const FADE = 40;

export class JitterBuffer {
  #left = new Float32Array(2 * MOST);
  #right = new Float32Array(2 * MOST);
  /** Samples written and read, ever. */
  #written = 0;
  #read = 0;
  #playing = false;
  #gain = 0;
  #lastLeft = 0;
  #lastRight = 0;

  /** Samples that wait. */
  get waiting() {
    return this.#written - this.#read;
  }

  /** Takes 16-bit samples, left and right in turn. */
  put(samples) {
    const size = this.#left.length;
    for (let i = 0; i + 1 < samples.length; i += 2) {
      const at = this.#written++ % size;
      this.#left[at] = samples[i] / 32_768;
      this.#right[at] = samples[i + 1] / 32_768;
    }
    if (this.waiting > MOST) this.#read = this.#written - START;
  }

  /** Fills both sides with what comes next, or with silence. */
  take(left, right) {
    const size = this.#left.length;
    if (this.waiting >= START) this.#playing = true;
    for (let i = 0; i < left.length; i++) {
      if (this.waiting === 0) this.#playing = false;
      this.#gain = Math.min(1, Math.max(0, this.#gain + (this.#playing ? 1 : -1) / FADE));
      if (this.#playing) {
        const at = this.#read++ % size;
        this.#lastLeft = this.#left[at];
        this.#lastRight = this.#right[at];
      }
      left[i] = this.#lastLeft * this.#gain;
      right[i] = this.#lastRight * this.#gain;
    }
  }
}
