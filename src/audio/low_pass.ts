/**
 * The low-pass filter between two sample rates, designed here from what is asked of it.
 *
 * Up and down use one filter, and it is half of a pair: passed through twice, the pass band and its mirror image at
 * the lower rate's Nyquist frequency add up to exactly one (a square-root Nyquist filter). So what goes up and comes
 * down again is what it was, up to the last hertz, although each way has a transition band.
 */

/** The pass band ends here, in parts of the lower rate: 3400 Hz of 8000. */
export const PASS_BAND_END = 3400 / 8000;
/** The stop band begins here, as far above the Nyquist frequency as the pass band ends below it: 4600 Hz of 8000. */
export const STOP_BAND_START = 1 - PASS_BAND_END;
/** Images and aliases stay at least this far below the signal, in dB. */
export const REJECTION = 80;
/** Half of the filter's length, in samples of the lower rate: 3.5 ms of 8000. With 26 the rejection is only just met. */
export const REACH = 28;

/** Points at which the transition band is integrated; four times as many change no tap by more than 3e-7. */
const POINTS = 1024;

/**
 * The filter's impulse response at `oversampling` times the lower rate: `2 * REACH * oversampling + 1` taps, symmetric,
 * their sum about `oversampling`.
 *
 * The transition band is a quarter of a cosine over the integral of a Kaiser window: the integral alone would be
 * half-way at the Nyquist frequency, where the cosine makes it the square root of that; the window keeps the response
 * short. Its shape is by Kaiser's formula (Kaiser and Schafer, IEEE Trans. ASSP 28, 1980) for {@linkcode REJECTION}.
 */
export function designLowPass(oversampling: number): Float64Array {
  const width = (STOP_BAND_START - PASS_BAND_END) / POINTS;
  const frequencies = Float64Array.from({ length: POINTS }, (_, i) => PASS_BAND_END + (i + 0.5) * width);
  const gains = fallingEdge(POINTS, kaiserBeta(REJECTION));
  const taps = new Float64Array(2 * REACH * oversampling + 1);
  const middle = REACH * oversampling;
  for (let i = 0; i <= middle; i++) {
    const time = i / oversampling;
    let transition = 0;
    for (let k = 0; k < POINTS; k++) {
      transition += (gains[k] as number) * Math.cos(2 * Math.PI * (frequencies[k] as number) * time);
    }
    // The inverse Fourier transform of an even spectrum: the pass band in closed form, the transition band in sum.
    const tap = 2 * PASS_BAND_END * sinc(2 * PASS_BAND_END * time) + 2 * width * transition;
    taps[middle - i] = taps[middle + i] = tap;
  }
  return taps;
}

function fallingEdge(points: number, beta: number): Float64Array {
  const window = Float64Array.from({ length: points }, (_, i) => kaiser((2 * i + 1) / points - 1, beta));
  const area = window.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  return window.map((weight) => {
    const part = (before + weight / 2) / area;
    before += weight;
    return Math.cos(Math.PI / 2 * part);
  });
}

/** The shape of the Kaiser window that a rejection of more than 50 dB asks for. */
export function kaiserBeta(rejection: number): number {
  return 0.1102 * (rejection - 8.7);
}

/** The Kaiser window over -1 … 1, not normalised; 1 at and beyond its ends. */
export function kaiser(x: number, beta: number): number {
  return bessel0(beta * Math.sqrt(Math.max(0, 1 - x * x)));
}

export function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of the first kind and order 0, by its power series. */
function bessel0(x: number): number {
  let sum = 1;
  for (let term = 1, k = 1; term > 1e-12 * sum; k++) sum += term *= (x / 2 / k) ** 2;
  return sum;
}
