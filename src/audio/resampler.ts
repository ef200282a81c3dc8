/** Streaming conversion between the sample rates of telephones and of speech models. */

import { polyphaseFilter, type Rate } from "./polyphase.ts";

/** Input is filtered in pieces of at most so many samples. */
const PIECE = 960;
/** Outputs of one phase that are computed side by side. */
const ROUNDS = 4;

/**
 * Converts a stream of 16-bit samples from one rate to another by a polyphase FIR filter (see `low_pass.ts`: pass band
 * to 3.4 kHz within 0.001 dB, images and aliases 80 dB down from 4.6 kHz; twice as high between 16000 and 24000).
 *
 * Nothing is shifted in time: output sample `n` is the input at the moment `n / to` seconds, and before and after the
 * stream lies silence. What it takes is a wait: a sample comes out once the input {@linkcode delayMs} later is known.
 * So the first chunk yields less than its length, the others theirs, and {@linkcode flush} the rest. The output does
 * not depend on where the input was cut into chunks. Peaks that overshoot saturate.
 *
 * ```ts
 * const up = new Resampler(8000, 24000);
 * up.process(new Int16Array(160)).length; // 396: 20 ms less 3.5
 * up.process(new Int16Array(160)).length; // 480
 * up.flush().length; // 84
 * ```
 */
export class Resampler {
  /** How much later than a moment its sample can come out, in ms: 3.5; 1.75 between 16000 and 24000; 0 at equal rates. */
  readonly delayMs: number;
  readonly #up: number;
  readonly #down: number;
  readonly #phases: readonly Float64Array[];
  /** Taps of each phase: odd, the one in the middle weighs the input sample at or before the output. */
  readonly #taps: number;
  /** Input that outputs to come will need; its first `#taps` samples are what the next one needs. */
  readonly #window: Float64Array;
  #filled = 0;
  /** Where the next output lies behind the input sample in the middle, in `#up`ths of a sample. */
  #phase = 0;
  #taken = 0;
  #given = 0;

  /** @throws {RangeError} if a rate is none of {@linkcode Rate}. */
  constructor(from: Rate, to: Rate) {
    const { up, down, phases, taps } = polyphaseFilter(from, to);
    this.#up = up;
    this.#down = down;
    this.#phases = phases;
    this.#taps = taps;
    this.#window = new Float64Array(taps - 1 + PIECE);
    this.delayMs = 1000 * (taps - 1) / 2 / from;
    this.#begin();
  }

  /** Converts the next samples, any number of them. */
  process(samples: Int16Array): Int16Array<ArrayBuffer> {
    const out = new Int16Array(this.outputLength(samples.length));
    this.processInto(samples, out);
    return out;
  }

  /**
   * Ends the stream and begins another.
   *
   * @returns The rest, of at most {@linkcode delayMs}, so that `Math.round(input * to / from)` samples came out in all.
   */
  flush(): Int16Array<ArrayBuffer> {
    const out = new Int16Array(this.#owed());
    this.flushInto(out);
    return out;
  }

  /** How many samples the next `length` samples of input yield: at most `Math.ceil(length * to / from)`. */
  outputLength(length: number): number {
    const places = this.#filled + length - this.#taps + 1;
    return Math.max(0, Math.ceil((places * this.#up - this.#phase) / this.#down));
  }

  /**
   * {@linkcode process} without an allocation.
   *
   * @returns The number of samples written to `out`, by {@linkcode outputLength}.
   * @throws {RangeError} if they have no room in `out`; then no input was taken.
   */
  processInto(samples: Int16Array, out: Int16Array): number {
    const length = this.outputLength(samples.length);
    checkRoom(length, out);
    let written = 0;
    for (let read = 0; read < samples.length;) {
      const count = Math.min(samples.length - read, this.#window.length - this.#filled);
      for (let i = 0; i < count; i++) this.#window[this.#filled + i] = samples[read + i] as number;
      this.#filled += count;
      read += count;
      written = this.#filter(out, written, length);
    }
    this.#taken += samples.length;
    this.#given += length;
    return length;
  }

  /**
   * {@linkcode flush} without an allocation.
   *
   * @returns The number of samples written to `out`: at most `delayMs * to / 1000`.
   * @throws {RangeError} if they have no room in `out`; then the stream goes on.
   */
  flushInto(out: Int16Array): number {
    const owed = this.#owed();
    checkRoom(owed, out);
    const reach = (this.#taps - 1) / 2;
    this.#window.fill(0, this.#filled, this.#filled + reach);
    this.#filled += reach;
    this.#filter(out, 0, owed);
    this.#begin();
    return owed;
  }

  #begin(): void {
    this.#filled = (this.#taps - 1) / 2;
    this.#window.fill(0, 0, this.#filled);
    this.#phase = this.#taken = this.#given = 0;
  }

  #owed(): number {
    return Math.round(this.#taken * this.#up / this.#down) - this.#given;
  }

  /** Writes what the window suffices for, at most up to `end`; forgets the input that served. Returns where it ended. */
  #filter(out: Int16Array, begin: number, end: number): number {
    const [up, down] = [this.#up, this.#down];
    const last = Math.min(end, begin + this.outputLength(0));
    let phase = this.#phase;
    let at = 0;
    for (let n = begin; n < last;) {
      const rounds = last - n < ROUNDS * up ? 1 : ROUNDS;
      // The outputs of one phase come every `up`, and each needs the input `down` samples later than the one before.
      for (let k = 0; k < up && n < last; k++, n++) {
        const taps = this.#phases[phase] as Float64Array;
        if (rounds === 1) weighOne(this.#window, at, down, taps, out, n);
        else weighFour(this.#window, at, down, taps, out, n, up);
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
 * Writes to `out[n]` the sum of the samples from `at` on, each times its tap; in the order of {@linkcode weighFour},
 * or floating point would let the output depend on where chunks end.
 */
function weighOne(
  samples: Float64Array,
  at: number,
  step: number,
  taps: Float64Array,
  out: Int16Array,
  n: number,
): void {
  let sum = 0;
  for (let k = 0; k < step; k++) {
    for (let i = k; i < taps.length; i += step) sum += (samples[at + i] as number) * (taps[i] as number);
  }
  out[n] = saturate(sum);
}

/**
 * The same for four outputs `nStep` apart, whose samples begin `step` apart: what one of them has weighed the next
 * weighs by the tap before, so that a sample is loaded once for all four. That halves the time.
 */
function weighFour(
  samples: Float64Array,
  at: number,
  step: number,
  taps: Float64Array,
  out: Int16Array,
  n: number,
  nStep: number,
): void {
  let a = 0, b = 0, c = 0, d = 0;
  const ahead = at + 3 * step;
  for (let k = 0; k < step; k++) {
    let x0 = samples[at + k] as number;
    let x1 = samples[at + k + step] as number;
    let x2 = samples[at + k + 2 * step] as number;
    for (let i = k; i < taps.length; i += step) {
      const tap = taps[i] as number;
      const x3 = samples[ahead + i] as number;
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

function saturate(sample: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(sample)));
}

function checkRoom(needed: number, out: Int16Array): void {
  if (out.length >= needed) return;
  throw new RangeError(
    `Cannot resample: ${needed} samples are due and the output has room for ${out.length}`,
  );
}
