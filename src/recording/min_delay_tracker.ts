/** Length of a window (ms). Measurements are dropped after one to two windows, because clocks drift apart. */
const WINDOW_MS = 5_000;

/** The minimum of the delays measured in the last 5 to 10 s: the measurement with the least network jitter in it. */
export class MinDelayTracker {
  #previous = Infinity;
  #current = Infinity;
  #since = -Infinity;

  /**
   * @param delay In any unit.
   * @param time When it was measured (ms).
   */
  add(delay: number, time: number): void {
    if (time - this.#since >= WINDOW_MS) {
      this.#previous = this.#current;
      this.#current = Infinity;
      this.#since = time;
    }
    this.#current = Math.min(this.#current, delay);
  }

  /** Undefined without a measurement. */
  get min(): number | undefined {
    const min = Math.min(this.#previous, this.#current);
    return min === Infinity ? undefined : min;
  }

  reset(): void {
    this.#previous = this.#current = Infinity;
  }
}
