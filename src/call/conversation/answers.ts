import type { Cancel, Clock } from "../../clock.ts";
import type { Answer, SessionFailure } from "../../model/session.ts";
import type { Tokens } from "../../records/call_record.ts";
import type { Log } from "../../telemetry/log.ts";

/** Pause before asking again for an answer that failed (ms): rate limits need a moment. */
const RETRY_MS = 1_000;

/** Follows the model's answers: adds up what they cost, and asks once more for one that failed or broke off. */
export class Answers {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #again: (instructions?: string) => void;
  readonly #tokens = { input: 0, output: 0 };
  readonly #billed = { textIn: 0, textCached: 0, textOut: 0, audioIn: 0, audioCached: 0, audioOut: 0 };
  #retry: Cancel | undefined;
  /** Whether an answer has been asked for again since the last one that went well. */
  #retried = false;
  #asking = false;

  /** @param again Asks the model to speak once more. */
  constructor(clock: Clock, log: Log, again: (instructions?: string) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#again = again;
  }

  /** Tokens of all answers so far. */
  get tokens(): { readonly input: number; readonly output: number } {
    return this.#tokens;
  }

  /** The same by kind; cached ones are a part of those that went in. */
  get billed(): Tokens {
    return this.#billed;
  }

  /** Whether one is to be asked for again in a moment. */
  get due(): boolean {
    return this.#retry !== undefined;
  }

  /**
   * An answer has ended.
   *
   * @returns what is wrong where it failed again, and the caller hears nothing.
   */
  take({ status, reason, spoke, usage }: Answer): SessionFailure | undefined {
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
      return undefined;
    }
    if (!this.#asking) return undefined;
    if (!this.#retried) {
      this.#askAgain(spoke);
      return undefined;
    }
    // Cut short twice is still an answer; failed twice is a caller who hears nothing.
    return spoke ? undefined : { code: reason ?? status, message: "The model failed to answer twice" };
  }

  /** There is a session to ask. */
  start(): void {
    this.#asking = true;
  }

  /** Asks for nothing more until it is started again. */
  stop(): void {
    this.#asking = false;
    this.#retry?.();
    this.#retry = undefined;
  }

  #askAgain(spoke: boolean): void {
    this.#retried = true;
    this.#retry = this.#clock.after(RETRY_MS, () => {
      this.#retry = undefined;
      this.#again(
        spoke
          ? "Your last answer was cut off. Finish what you were saying in one or two short sentences."
          : undefined,
      );
    });
  }
}
