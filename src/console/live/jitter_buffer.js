/** Buffers 8 kHz stereo audio that arrives in uneven chunks. */

const SAMPLE_RATE = 8_000;
/**
 * Playback starts, and resumes after an underrun, when this much is buffered (samples). Exceeds one chunk.
 */
const START_SAMPLES = 0.3 * SAMPLE_RATE;
/**
 * When more than this is buffered (samples), playback skips to the newest audio, so that no delay builds up.
 */
const MAX_SAMPLES = 1.2 * SAMPLE_RATE;
/** Fade-in and fade-out (samples), to avoid clicks. */
const FADE_SAMPLES = 40;

export class JitterBuffer {
  #left = new Float32Array(2 * MAX_SAMPLES);
  #right = new Float32Array(2 * MAX_SAMPLES);
  /** Samples written and read since the start. */
  #written = 0;
  #read = 0;
  #playing = false;
  #gain = 0;
  #lastLeft = 0;
  #lastRight = 0;

  /** Samples buffered. */
  get buffered() {
    return this.#written - this.#read;
  }

  /** @param {Int16Array} samples Left and right interleaved. */
  push(samples) {
    const size = this.#left.length;
    for (let i = 0; i + 1 < samples.length; i += 2) {
      const at = this.#written++ % size;
      this.#left[at] = (samples[i] ?? 0) / 32_768;
      this.#right[at] = (samples[i + 1] ?? 0) / 32_768;
    }
    if (this.buffered > MAX_SAMPLES) this.#read = this.#written - START_SAMPLES;
  }

  /**
   * Fills both channels with the next samples, or with silence.
   *
   * @param {Float32Array} left
   * @param {Float32Array} right
   */
  read(left, right) {
    const size = this.#left.length;
    if (this.buffered >= START_SAMPLES) this.#playing = true;
    for (let i = 0; i < left.length; i++) {
      if (this.buffered === 0) this.#playing = false;
      this.#gain = Math.min(1, Math.max(0, this.#gain + (this.#playing ? 1 : -1) / FADE_SAMPLES));
      if (this.#playing) {
        const at = this.#read++ % size;
        this.#lastLeft = this.#left[at] ?? 0;
        this.#lastRight = this.#right[at] ?? 0;
      }
      left[i] = this.#lastLeft * this.#gain;
      right[i] = this.#lastRight * this.#gain;
    }
  }
}
