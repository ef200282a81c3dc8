/** Interval of the checks (ms). */
const CHECK_MS = 20;

/** Measures how late timers fire: a busy machine must not be taken for a fault of the service. */
export class LagMeter implements Disposable {
  /** The longest delay so far (ms). Set it to 0 to begin anew. */
  maxMs = 0;
  #dueAt = performance.now() + CHECK_MS;
  readonly #timer = setInterval(() => {
    const now = performance.now();
    this.maxMs = Math.max(this.maxMs, Math.round(now - this.#dueAt));
    this.#dueAt = now + CHECK_MS;
  }, CHECK_MS);

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
