/** What the tests of this folder measure sound with. */

/** The rounded sum of sines of one amplitude. */
export function sines(hertz: number[], rate: number, seconds: number, amplitude: number): Int16Array {
  return Int16Array.from({ length: Math.round(rate * seconds) }, (_, i) => {
    return Math.round(hertz.reduce((sum, hz) => sum + amplitude * Math.sin(2 * Math.PI * hz * i / rate), 0));
  });
}

/** The level of `samples` in dB, `edge` samples left out at each end: there the sound begins and ends. */
export function level(samples: ArrayLike<number>, edge = 0): number {
  let power = 0;
  for (let i = edge; i < samples.length - edge; i++) power += (samples[i] ?? 0) ** 2;
  return 10 * Math.log10(power / (samples.length - 2 * edge) + 1e-9);
}

/** The level of `wanted` above that of the difference to `got`, in dB, `edge` samples left out at each end. */
export function signalToNoise(wanted: ArrayLike<number>, got: ArrayLike<number>, edge = 0): number {
  const noise = Array.from({ length: wanted.length }, (_, i) => (wanted[i] ?? 0) - (got[i] ?? 0));
  return level(wanted, edge) - level(noise, edge);
}

/** A number in 0 … 1 at each call, always the same ones for the same seed (xorshift, Marsaglia 2003). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** The whole in pieces of 0 to `longest`, as `next` has it, with empty ones and ones of 1 among them. */
export function* pieces<T extends Int16Array | Uint8Array>(
  whole: T,
  longest: number,
  next: () => number,
): Generator<T> {
  for (let at = 0; at < whole.length;) {
    const length = next() < 0.2 ? 0 : next() < 0.2 ? 1 : Math.floor(next() * (longest + 1));
    yield whole.subarray(at, at + length) as T;
    at += length;
  }
}
