import type { Cancel, Clock } from "../../clock.ts";

/** Reports once that the model has been asked to speak and is silent for too long. */
export class AnswerWait {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #tooLong: () => void;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, limitMs: number, tooLong: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#tooLong = tooLong;
  }

  /** Whether an answer is missing. */
  get pending(): boolean {
    return this.#cancel !== undefined;
  }

  start(): void {
    this.#cancel ??= this.#clock.after(this.#limitMs, this.#tooLong);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
