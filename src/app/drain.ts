import type { Calls } from "../calls/calls.ts";
import { GOODBYE_MS } from "../call/conversation/goodbye.ts";
import type { Clock } from "../clock.ts";

/** Time for goodbyes, their last marks, and closing (ms). */
const PARTING_MS = GOODBYE_MS + 1_000;
/** How long Twilio may take to ask how to go on after a stream we closed (ms). */
const AFTERWORD_MS = 3_000;
/** How often is looked whether the wait is over (ms). */
const LOOK_MS = 20;

/**
 * Stops taking calls and waits for those there are: they end by themselves, then with a goodbye.
 *
 * `docs/design/admission-and-drain.md` has the steps.
 */
export class Drain {
  readonly #calls: Calls;
  readonly #clock: Clock;
  #hurried = false;

  constructor(calls: Calls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
  }

  /**
   * Returns when no call is left.
   *
   * @param drainMs How long calls may go on by themselves (ms).
   */
  async run(drainMs: number): Promise<void> {
    const calls = this.#calls;
    calls.drain();
    await this.#until(() => calls.count === 0, drainMs);
    calls.sayGoodbyes();
    await this.#until(() => calls.count === 0, PARTING_MS);
    calls.endAll("shutdown");
    await this.#until(() => calls.unasked === 0, AFTERWORD_MS);
  }

  /** Cuts what is still there, and waits for nothing any more. */
  hurry(): void {
    this.#hurried = true;
    this.#calls.endAll("shutdown");
  }

  async #until(done: () => boolean, ms: number): Promise<void> {
    const end = this.#clock.now() + ms;
    while (!done() && !this.#hurried && this.#clock.now() < end) {
      await new Promise<void>((resolve) => this.#clock.after(LOOK_MS, resolve));
    }
  }
}
