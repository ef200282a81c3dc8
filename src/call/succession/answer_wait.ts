import type { Cancel, Clock } from "../../clock.ts";

/** An answer that takes longer is late (ms). */
const LATE_MS = 1_000;
/** Sessions that an endpoint gets in place of one that does not answer. */
const MAX_SAME_ENDPOINT = 2;

export interface AnswerWaitObserver {
  /** The caller hears nothing for longer than usual. */
  late(): void;
  tooLong(): void;
}

export interface AnswerLimits {
  /** An answer that takes longer is missing (ms). */
  readonly firstAudioMs: number;
  /** Missing answers make all models count as down when the waits for them add up to this (ms). */
  readonly outageMs: number;
}

/** Reports, once each, that the model has been asked to speak and is late, and that it is silent for too long. */
export class AnswerWait {
  readonly #clock: Clock;
  readonly #limits: AnswerLimits;
  readonly #observer: AnswerWaitObserver;
  #cancel: Cancel | undefined;
  /** Number of answers that were missing since a model last answered. */
  #missing = 0;

  constructor(clock: Clock, limits: AnswerLimits, observer: AnswerWaitObserver) {
    this.#clock = clock;
    this.#limits = limits;
    this.#observer = observer;
  }

  /** Whether another session of the endpoint that does not answer may be tried. */
  get mayTryAgain(): boolean {
    return this.#missing <= MAX_SAME_ENDPOINT;
  }

  start(): void {
    const { firstAudioMs } = this.#limits;
    this.#cancel ??= this.#clock.after(Math.min(LATE_MS, firstAudioMs), () => {
      this.#cancel = this.#clock.after(Math.max(0, firstAudioMs - LATE_MS), () => {
        this.#cancel = undefined;
        this.#observer.tooLong();
      });
      this.#observer.late();
    });
  }

  /** An answer is missing. Returns whether all models count as down: one missing answer is not enough. */
  countMissing(): boolean {
    const { firstAudioMs, outageMs } = this.#limits;
    this.#missing++;
    return this.#missing > 1 && this.#missing * firstAudioMs >= outageMs;
  }

  /** A model has answered. */
  answered(): void {
    this.#missing = 0;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
