const LOWEST_DB = -64;
const BINS_PER_DB = 2;
const BINS = -LOWEST_DB * BINS_PER_DB;

/** How often each level occurred, in steps of 0.5 dB from -64 to 0 dB. */
export class LevelHistogram {
  readonly #bins = new Float32Array(BINS);
  #count = 0;

  /** Number of levels; a fraction after older ones lost weight. */
  get count(): number {
    return this.#count;
  }

  add(levelDb: number): void {
    const bin = Math.max(0, Math.min(Math.floor((levelDb - LOWEST_DB) * BINS_PER_DB), BINS - 1));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#count++;
  }

  /** Adds the levels of `other`. The levels before them lose half of their weight when there are more than `memory`. */
  addAll(other: LevelHistogram, memory: number): void {
    const keep = this.#count > memory ? 0.5 : 1;
    for (let bin = 0; bin < BINS; bin++) {
      this.#bins[bin] = (this.#bins[bin] ?? 0) * keep + (other.#bins[bin] ?? 0);
    }
    this.#count = this.#count * keep + other.#count;
  }

  clear(): void {
    this.#bins.fill(0);
    this.#count = 0;
  }

  /** The level that this part of all levels (0 to 1) stays below, to 0.5 dB. -64 if there are none. */
  quantile(part: number): number {
    let left = part * this.#count;
    for (let bin = 0; bin < BINS; bin++) {
      left -= this.#bins[bin] ?? 0;
      if (left < 0) return LOWEST_DB + (bin + 0.5) / BINS_PER_DB;
    }
    return LOWEST_DB;
  }
}
