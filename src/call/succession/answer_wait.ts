import type { Cancel, Clock } from "../../clock.ts";

/** An answer that takes longer is late (ms). */
const LATE_MS = 1_000;

export interface AnswerWaitObserver {
  /** The caller hears nothing for longer than usual. */
  late(): void;
  tooLong(): void;
}

/** Reports, once each, that the model has been asked to speak and is late, and that it is silent for too long. */
export class AnswerWait {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #observer: AnswerWaitObserver;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, limitMs: number, observer: AnswerWaitObserver) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#observer = observer;
  }

  start(): void {
    this.#cancel ??= this.#clock.after(Math.min(LATE_MS, this.#limitMs), () => {
      this.#cancel = this.#clock.after(Math.max(0, this.#limitMs - LATE_MS), () => {
        this.#cancel = undefined;
        this.#observer.tooLong();
      });
      this.#observer.late();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
