/**
 * Streaming sample-rate conversion.
 *
 * The service, the simulator and the browser console import this file.
 */

/** @import { PolyphaseFilter } from "./low_pass.js" */

/** Maximum number of input samples filtered at once. */
const BLOCK_LENGTH = 960;
/** Outputs of one phase that {@linkcode convolveFour} computes together. */
const ROUNDS = 4;

/**
 * Converts a stream of 16-bit samples from one rate to another by a polyphase FIR filter of `low_pass.js`.
 *
 * Output sample `n` is the input at `n / to` seconds: nothing is shifted in time. The input before and after the stream
 * counts as silence. An output needs {@linkcode delayMs} of later input. The first chunk therefore yields that much less
 * than its length, later chunks yield their length, and {@linkcode flush} yields the rest. Chunk boundaries do not affect
 * the output. Peaks that overshoot saturate.
 *
 * ```js
 * const up = new Resampler(speechFilter(8000, 24000));
 * up.process(new Int16Array(160)).length; // 396: 20 ms minus 3.5 ms
 * up.process(new Int16Array(160)).length; // 480
 * up.flush().length; // 84
 * ```
 */
export class Resampler {
  /** How much later input an output needs (ms): 3.5 between 8000 and 24000, 0 at equal rates. */
  delayMs;
  #up;
  #down;
  #phases;
  #taps;
  /** Input that future outputs need. The next output needs the first `#taps` samples. */
  #window;
  #filled = 0;
  /** Distance from the middle sample of the next output's input to that output, in units of `1 / #up` samples. */
  #phase = 0;
  /** Samples in and out since the stream began. */
  #received = 0;
  #produced = 0;

  /** @param {PolyphaseFilter} filter */
  constructor({ from, up, down, phases, taps }) {
    this.#up = up;
    this.#down = down;
    this.#phases = phases;
    this.#taps = taps;
    this.#window = new Float64Array(taps - 1 + BLOCK_LENGTH);
    this.delayMs = 1000 * (taps - 1) / 2 / from;
    this.#restart();
  }

  /**
   * Converts the next samples.
   *
   * @param {Int16Array} samples Any number of them.
   * @returns {Int16Array<ArrayBuffer>} {@linkcode outputLength} samples.
   */
  process(samples) {
    const out = new Int16Array(this.outputLength(samples.length));
    this.processInto(samples, out);
    return out;
  }

  /**
   * Ends the stream and starts another.
   *
   * @returns {Int16Array<ArrayBuffer>} The last {@linkcode delayMs} at most: together with the earlier output,
   * `Math.round(input * to / from)` samples.
   */
  flush() {
    const out = new Int16Array(this.#pendingLength());
    this.flushInto(out);
    return out;
  }

  /**
   * How many samples the next `length` samples of input yield: at most `Math.ceil(length * to / from)`.
   *
   * @param {number} length
   */
  outputLength(length) {
    const positions = this.#filled + length - this.#taps + 1;
    return Math.max(0, Math.ceil((positions * this.#up - this.#phase) / this.#down));
  }

  /**
   * {@linkcode process} without an allocation.
   *
   * @param {Int16Array} samples
   * @param {Int16Array} out
   * @returns {number} The number of samples written to `out`: {@linkcode outputLength}.
   * @throws {RangeError} if `out` is shorter than that; no input is consumed.
   */
  processInto(samples, out) {
    const length = this.outputLength(samples.length);
    checkCapacity(length, out);
    let written = 0;
    for (let read = 0; read < samples.length;) {
      const count = Math.min(samples.length - read, this.#window.length - this.#filled);
      for (let i = 0; i < count; i++) this.#window[this.#filled + i] = samples[read + i] ?? 0;
      this.#filled += count;
      read += count;
      written = this.#filter(out, written, length);
    }
    this.#received += samples.length;
    this.#produced += length;
    return length;
  }

  /**
   * {@linkcode flush} without an allocation.
   *
   * @param {Int16Array} out
   * @returns {number} The number of samples written to `out`: at most `delayMs * to / 1000`.
   * @throws {RangeError} if `out` is shorter than that; the stream continues.
   */
  flushInto(out) {
    const length = this.#pendingLength();
    checkCapacity(length, out);
    const reach = (this.#taps - 1) / 2;
    this.#window.fill(0, this.#filled, this.#filled + reach);
    this.#filled += reach;
    this.#filter(out, 0, length);
    this.#restart();
    return length;
  }

  /**
   * Fills `out` completely, pulling each input sample only when an output needs it. For playback, which must know when each
   * input sample is first heard.
   *
   * @param {Int16Array} out
   * @param {(index: number) => number} next Returns the next input sample; `out[index]` is the first output that uses it.
   */
  pullInto(out, next) {
    for (let n = 0; n < out.length;) {
      const due = this.outputLength(0);
      if (due > 0) {
        const end = this.#filter(out, n, out.length);
        this.#produced += end - n;
        n = end;
      } else {
        this.#window[this.#filled++] = next(n);
        this.#received++;
      }
    }
  }

  #restart() {
    this.#filled = (this.#taps - 1) / 2;
    this.#window.fill(0, 0, this.#filled);
    this.#phase = this.#received = this.#produced = 0;
  }

  #pendingLength() {
    return Math.round(this.#received * this.#up / this.#down) - this.#produced;
  }

  /**
   * Computes as many outputs as the window allows, and discards the input that no later output needs.
   *
   * @param {Int16Array} out
   * @param {number} begin Index in `out` of the first output.
   * @param {number} end Index in `out` to stop at.
   * @returns {number} The index after the last one written.
   */
  #filter(out, begin, end) {
    const [up, down] = [this.#up, this.#down];
    const last = Math.min(end, begin + this.outputLength(0));
    let phase = this.#phase;
    let at = 0;
    for (let n = begin; n < last;) {
      const rounds = last - n < ROUNDS * up ? 1 : ROUNDS;
      // Outputs of one phase are `up` apart; each starts `down` input samples after the one before.
      for (let k = 0; k < up && n < last; k++, n++) {
        const taps = /** @type {Float64Array} */ (this.#phases[phase]);
        if (rounds === 1) convolveOne(this.#window, at, down, taps, out, n);
        else convolveFour(this.#window, at, down, taps, out, n, up);
        phase += down;
        while (phase >= up) {
          phase -= up;
          at++;
        }
      }
      n += (rounds - 1) * up;
      at += (rounds - 1) * down;
    }
    this.#window.copyWithin(0, at, this.#filled);
    this.#filled -= at;
    this.#phase = phase;
    return last;
  }
}

/**
 * Writes the weighted sum of the samples from `at` on to `out[n]`. It adds in the order of {@linkcode convolveFour};
 * otherwise floating-point rounding would make the output depend on where chunks end.
 *
 * @param {Float64Array} samples
 * @param {number} at
 * @param {number} step
 * @param {Float64Array} taps
 * @param {Int16Array} out
 * @param {number} n
 */
function convolveOne(samples, at, step, taps, out, n) {
  let sum = 0;
  for (let k = 0; k < step && k < taps.length; k++) {
    for (let i = k; i < taps.length; i += step) sum += (samples[at + i] ?? 0) * (taps[i] ?? 0);
  }
  out[n] = saturate(sum);
}

/**
 * Does the same for four outputs that are `nStep` apart and whose input starts `step` apart. Each sample is loaded once
 * and used by all four, which halves the time.
 *
 * @param {Float64Array} samples
 * @param {number} at
 * @param {number} step
 * @param {Float64Array} taps
 * @param {Int16Array} out
 * @param {number} n
 * @param {number} nStep
 */
function convolveFour(samples, at, step, taps, out, n, nStep) {
  let a = 0, b = 0, c = 0, d = 0;
  const ahead = at + 3 * step;
  for (let k = 0; k < step; k++) {
    let x0 = samples[at + k] ?? 0;
    let x1 = samples[at + k + step] ?? 0;
    let x2 = samples[at + k + 2 * step] ?? 0;
    for (let i = k; i < taps.length; i += step) {
      const tap = taps[i] ?? 0;
      const x3 = samples[ahead + i] ?? 0;
      a += x0 * tap;
      b += x1 * tap;
      c += x2 * tap;
      d += x3 * tap;
      x0 = x1;
      x1 = x2;
      x2 = x3;
    }
  }
  out[n] = saturate(a);
  out[n + nStep] = saturate(b);
  out[n + 2 * nStep] = saturate(c);
  out[n + 3 * nStep] = saturate(d);
}

/** @param {number} sample */
function saturate(sample) {
  return Math.max(-32768, Math.min(32767, Math.round(sample)));
}

/**
 * @param {number} needed
 * @param {Int16Array} out
 */
function checkCapacity(needed, out) {
  if (out.length >= needed) return;
  throw new RangeError(`Cannot resample: ${needed} samples do not fit in an array of ${out.length}`);
}
