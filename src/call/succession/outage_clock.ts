import type { Cancel, Clock } from "../../clock.ts";
import type { SuccessionReason } from "../../model/model_endpoint.ts";

export interface OutageObserver {
  /** @param afterMs How long the caller was without a session. */
  changed(lost: boolean, reason: SuccessionReason, afterMs: number): void;
  over(): void;
}

/** Counts the time that a connected caller is without a session, until a session has worked. */
export class OutageClock {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #observer: OutageObserver;
  /** Earlier times without a session (ms), since one has worked. */
  #usedMs = 0;
  #since: number | undefined;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, limitMs: number, observer: OutageObserver) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#observer = observer;
  }

  set(lost: boolean, reason: SuccessionReason): void {
    const now = this.#clock.now();
    if (lost && this.#since === undefined) {
      this.#since = now;
      this.#cancel = this.#clock.after(
        Math.max(0, this.#limitMs - this.#usedMs),
        () => this.#observer.over(),
      );
      this.#observer.changed(true, reason, 0);
    } else if (!lost && this.#since !== undefined) {
      const afterMs = now - this.#since;
      this.#usedMs += afterMs;
      this.stop();
      this.#observer.changed(false, reason, afterMs);
    }
  }

  /** A session has worked. */
  reset(): void {
    this.#usedMs = 0;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = this.#since = undefined;
  }
}
