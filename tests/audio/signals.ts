/** Signals and measurements for tests. */

/** The sum of sines of equal amplitude, rounded to 16-bit samples. */
export function sines(hertz: number[], rate: number, seconds: number, amplitude: number): Int16Array {
  return Int16Array.from({ length: Math.round(rate * seconds) }, (_, i) => {
    return Math.round(hertz.reduce((sum, hz) => sum + amplitude * Math.sin(2 * Math.PI * hz * i / rate), 0));
  });
}

/** The level of `samples` in dB, without `edge` samples at each end, where filters ring. */
export function level(samples: ArrayLike<number>, edge = 0): number {
  let power = 0;
  for (let i = edge; i < samples.length - edge; i++) power += (samples[i] ?? 0) ** 2;
  return 10 * Math.log10(power / (samples.length - 2 * edge) + 1e-9);
}

/** The signal-to-noise ratio of `actual` against `expected` in dB, without `edge` samples at each end. */
export function signalToNoise(expected: ArrayLike<number>, actual: ArrayLike<number>, edge = 0): number {
  const noise = Array.from({ length: expected.length }, (_, i) => (expected[i] ?? 0) - (actual[i] ?? 0));
  return level(expected, edge) - level(noise, edge);
}

/** Cuts `whole` into random chunks of 0 to `maxLength` elements, some empty and some of length 1. */
export function* randomChunks<T extends Int16Array | Uint8Array>(
  whole: T,
  maxLength: number,
  random: () => number,
): Generator<T> {
  for (let at = 0; at < whole.length;) {
    const length = random() < 0.2 ? 0 : random() < 0.2 ? 1 : Math.floor(random() * (maxLength + 1));
    yield whole.subarray(at, at + length) as T;
    at += length;
  }
}
