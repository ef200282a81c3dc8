import type { Cancel, Clock } from "../clock.ts";
import type { Answer, SessionFailure } from "../model/session.ts";
import type { Tokens } from "../records/call_record.ts";
import type { Log } from "../telemetry/log.ts";

/** Pause before asking again for an answer that failed (ms): rate limits need a moment. */
const RETRY_MS = 1_000;

/** What a call does about an answer that did not come. */
export interface AnswersObserver {
  /** Asks the model to speak once more. */
  askAgain(instructions?: string): void;
  /** It failed again: the caller hears nothing. */
  failed(failure: SessionFailure): void;
}

/** Follows the model's answers: adds up what they cost, and asks once more for one that failed or broke off. */
export class Answers {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #observer: AnswersObserver;
  readonly #tokens = { input: 0, output: 0 };
  readonly #billed = { textIn: 0, textCached: 0, textOut: 0, audioIn: 0, audioCached: 0, audioOut: 0 };
  #retry: Cancel | undefined;
  /** Whether an answer has been asked for again since the last one that went well. */
  #retried = false;
  #asking = false;

  constructor(clock: Clock, log: Log, observer: AnswersObserver) {
    this.#clock = clock;
    this.#log = log;
    this.#observer = observer;
  }

  /** Tokens of all answers so far. */
  get tokens(): { readonly input: number; readonly output: number } {
    return this.#tokens;
  }

  /** The same by kind; cached ones are a part of those that went in. */
  get billed(): Tokens {
    return this.#billed;
  }

  take({ status, reason, spoke, usage }: Answer): void {
    this.#tokens.input += usage.inputTokens;
    this.#tokens.output += usage.outputTokens;
    const { text, audio } = usage;
    this.#billed.textIn += text.input;
    this.#billed.textCached += text.cached;
    this.#billed.textOut += text.output;
    this.#billed.audioIn += audio.input;
    this.#billed.audioCached += audio.cached;
    this.#billed.audioOut += audio.output;
    const wellDone = status === "completed" || status === "cancelled";
    this.#log[wellDone ? "info" : "warn"]("answer", {
      status,
      reason,
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
    });
    if (wellDone) {
      this.#retried = false;
      return;
    }
    if (!this.#asking) return;
    if (!this.#retried) return this.#askAgain(spoke);
    // Cut short twice is still an answer; failed twice is a caller who hears nothing.
    if (!spoke) {
      this.#observer.failed({ code: reason ?? status, message: "The model failed to answer twice" });
    }
  }

  /** There is a session to ask. */
  start(): void {
    this.#asking = true;
  }

  /** Asks for nothing more until it is started again. */
  stop(): void {
    this.#asking = false;
    this.#retry?.();
  }

  #askAgain(spoke: boolean): void {
    this.#retried = true;
    this.#retry = this.#clock.after(RETRY_MS, () => {
      this.#observer.askAgain(
        spoke
          ? "Your last answer was cut off. Finish what you were saying in one or two short sentences."
          : undefined,
      );
    });
  }
}
