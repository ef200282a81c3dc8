import type { Cancel, Clock } from "../clock.ts";

const MINUTE_MS = 60_000;

/**
 * Callers whom a `<Dial>` connects to somebody else. Twilio bills both legs until the `<Dial>` ends, so each keeps
 * its place until then, or until its time limit when Twilio does not report the end.
 */
export class DialledCalls {
  readonly #clock: Clock;
  /** How to stop each one's timers, by CallSid. */
  readonly #timers = new Map<string, Cancel>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#timers.size;
  }

  callSids(): Iterable<string> {
    return this.#timers.keys();
  }

  has(callSid: string): boolean {
    return this.#timers.has(callSid);
  }

  /**
   * Adds a call, or starts the time of a known one again.
   *
   * @param maxMs Maximum duration of the `<Dial>`, ringing included (ms).
   * @param charge Charges one minute, every minute.
   */
  add(callSid: string, maxMs: number, charge?: (minutes: number) => void): void {
    this.remove(callSid);
    const cancelEnd = this.#clock.after(maxMs, () => this.remove(callSid));
    let cancelCharge: Cancel = () => {};
    const chargeLater = (charge: (minutes: number) => void) => {
      cancelCharge = this.#clock.after(MINUTE_MS, () => {
        charge(1);
        chargeLater(charge);
      });
    };
    if (charge) chargeLater(charge);
    this.#timers.set(callSid, () => {
      cancelEnd();
      cancelCharge();
    });
  }

  remove(callSid: string): void {
    this.#timers.get(callSid)?.();
    this.#timers.delete(callSid);
  }

  /** Removes all calls with their timers. */
  close(): void {
    for (const callSid of [...this.#timers.keys()]) this.remove(callSid);
  }
}
