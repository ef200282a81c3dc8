import type { Calls } from "../calls/calls.ts";
import { MAX_AFTER_STREAM_MS } from "../calls/ended_calls.ts";
import type { Clock } from "../clock.ts";
import type { Dialer } from "../dialer/dialer.ts";

/**
 * Maximum time for goodbyes and voicemail messages (ms). They have their own timeouts; this one is longer
 * than the longest voicemail message, 1,000 characters. The deployment files and docs state it.
 */
export const MAX_GOODBYE_MS = 120_000;
/** Polling interval (ms). */
const POLL_MS = 20;

/** The part of the dialer that a drain uses. */
export type RingingCalls = Pick<Dialer, "ringing" | "cancelRinging">;

/**
 * Refuses new calls and waits for those in progress: first for them to end, then for the assistant's
 * goodbyes.
 *
 * The steps: `docs/design/admission-and-drain.md`.
 */
export class Drain {
  readonly #calls: Calls;
  readonly #dialer: RingingCalls;
  readonly #clock: Clock;
  #isCutShort = false;

  constructor(calls: Calls, dialer: RingingCalls, clock: Clock) {
    this.#calls = calls;
    this.#dialer = dialer;
    this.#clock = clock;
  }

  /**
   * Resolves when no call is left.
   *
   * @param drainMs How long calls may continue before the assistant says goodbye (ms).
   */
  async run(drainMs: number): Promise<void> {
    const calls = this.#calls;
    const dialer = this.#dialer;
    calls.admission.drain();
    // Nobody could take a transferred caller back whose destination does not answer.
    // If a ringing call is answered after the stop, the called party would hear Twilio's error message.
    await this.#until(() => calls.places + dialer.ringing === 0, drainMs);
    const cancelled = dialer.cancelRinging();
    calls.sayGoodbyes();
    await this.#until(() => calls.count === 0, MAX_GOODBYE_MS);
    calls.endAll("shutdown");
    await cancelled;
    await this.#until(() => calls.awaitingAfterStream === 0, MAX_AFTER_STREAM_MS);
  }

  /** Ends all calls and the drain immediately. Resolves when Twilio has ended the ringing calls. */
  async cutShort(): Promise<void> {
    this.#isCutShort = true;
    this.#calls.endAll("shutdown");
    await this.#dialer.cancelRinging();
  }

  async #until(done: () => boolean, ms: number): Promise<void> {
    const end = this.#clock.now() + ms;
    while (!done() && !this.#isCutShort && this.#clock.now() < end) {
      await new Promise<void>((resolve) => this.#clock.after(POLL_MS, resolve));
    }
  }
}
