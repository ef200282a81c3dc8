/** A number is forgotten after this long (ms), and twice that at most: clocks drift apart. */
const KEPT_MS = 5_000;

/**
 * The least of the numbers of the last seconds: of delays that are measured again and again, the one with the least chance
 * in it.
 */
export class Quickest {
  #before = Infinity;
  #now = Infinity;
  #since = -Infinity;

  /** @param time When it was measured (ms). */
  add(delay: number, time: number): void {
    if (time - this.#since >= KEPT_MS) {
      this.#before = this.#now;
      this.#now = Infinity;
      this.#since = time;
    }
    this.#now = Math.min(this.#now, delay);
  }

  /** Undefined where nothing was measured. */
  get least(): number | undefined {
    const least = Math.min(this.#before, this.#now);
    return least === Infinity ? undefined : least;
  }

  forget(): void {
    this.#before = this.#now = Infinity;
  }
}
