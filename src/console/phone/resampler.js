/** From the rate of the browser's audio to a telephone's 8 kHz, and back. */

/** Samples a second on a telephone line. */
export const LINE_RATE = 8000;

/** The pass band ends and the stop band begins here (Hz); what lies between the two may alias into itself. */
const PASS = 3400, STOP = 4600;
/** Images and aliases stay at least this far below the signal (dB). */
const REJECTION = 80;

/**
 * Converts a stream of samples between the line's rate and any other whole one, by a polyphase low-pass filter: a sinc
 * in a Kaiser window, its length by Kaiser's formula (Kaiser and Schafer, IEEE Trans. ASSP 28, 1980).
 *
 * The rates are to each other as `up` to `down`. Output `n` lies at input `n * down / up`, and comes {@linkcode delay}
 * later, which is about 2 ms.
 */
export class Resampler {
  /** How far the output is behind the input (s). */
  delay;
  #up;
  #down;
  /** For each place between two input samples, the weights of the latest inputs, the newest first. */
  #phases;
  /** The latest inputs twice over, so that they always lie in one piece. */
  #inputs;
  #at = 0;
  /** Where the next output lies behind the newest input, in parts of `up`. */
  #phase;

  /** @param from Samples a second that come in. @param to Samples a second that go out. */
  constructor(from, to) {
    const common = divisor(from, to);
    this.#up = to / common;
    this.#down = from / common;
    this.#phases = from === to ? [Float32Array.of(1)] : design(from, this.#up);
    const taps = this.#phases[0].length;
    this.delay = from === to ? 0 : (taps * this.#up - 1) / 2 / this.#up / from;
    this.#inputs = new Float32Array(2 * taps);
    this.#phase = this.#up;
  }

  /** Takes these samples, and gives each that comes out. */
  push(samples, give) {
    for (let i = 0; i < samples.length; i++) {
      this.#take(samples[i]);
      this.#phase -= this.#up;
      for (; this.#phase < this.#up; this.#phase += this.#down) give(this.#weigh());
    }
  }

  /** Fills `out`, and asks for each sample that goes in, with the place in `out` it is asked for. */
  pull(out, next) {
    for (let i = 0; i < out.length; i++) {
      for (; this.#phase >= this.#up; this.#phase -= this.#up) this.#take(next(i));
      out[i] = this.#weigh();
      this.#phase += this.#down;
    }
  }

  #take(sample) {
    const taps = this.#inputs.length / 2;
    this.#at = (this.#at === 0 ? taps : this.#at) - 1;
    this.#inputs[this.#at] = this.#inputs[this.#at + taps] = sample;
  }

  #weigh() {
    const taps = this.#phases[this.#phase];
    let sum = 0;
    for (let i = 0; i < taps.length; i++) sum += taps[i] * this.#inputs[this.#at + i];
    return sum;
  }
}

function design(from, up) {
  // The filter runs where both rates meet, at `from * up`.
  const rate = from * up;
  const beta = 0.1102 * (REJECTION - 8.7);
  const length = (REJECTION - 7.95) / (2.285 * 2 * Math.PI * (STOP - PASS) / rate);
  const taps = Math.ceil(length / up);
  const middle = (taps * up - 1) / 2;
  const cutoff = (PASS + STOP) / rate; // in half cycles a sample
  return Array.from({ length: up }, (_, phase) => {
    const weights = Float32Array.from({ length: taps }, (_, i) => {
      const x = phase + i * up - middle;
      return sinc(cutoff * x) * bessel0(beta * Math.sqrt(1 - (x / (middle + 1)) ** 2));
    });
    // Each place weighs a steady signal alike.
    const gain = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / gain);
  });
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of the first kind and order 0, by its power series. */
function bessel0(x) {
  let sum = 1;
  for (let term = 1, k = 1; term > 1e-12 * sum; k++) sum += term *= (x / 2 / k) ** 2;
  return sum;
}

function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}
