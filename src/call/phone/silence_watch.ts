import type { Clock } from "../../clock.ts";
import { Quiet } from "./quiet.ts";

/** Why silence means nothing for now: the caller is not on the line, tools run, or a secret is being entered. */
export type SilencePause = "away" | "tools" | "keypad";

/** What is done about silence. */
export interface SilenceObserver {
  /** Has the caller asked whether they are still there, for the `nth` time (from 1). */
  prompt(nth: number): void;
  /** They were asked often enough. Called once; nothing comes after it. */
  giveUp(): void;
}

/**
 * Asks a silent caller, and gives up on one who never answers. What the caller says or presses begins the count anew; what
 * the assistant says only begins the wait anew, its prompts included. It begins `away`.
 */
export class SilenceWatch {
  readonly #quiet: Quiet;
  readonly #prompts: number;
  readonly #observer: SilenceObserver;
  readonly #pauses = new Set<SilencePause>(["away"]);
  #prompted = 0;
  #over = false;

  /** @param options How long both sides may be silent (ms), and how often the caller is asked. */
  constructor(
    clock: Clock,
    options: { readonly afterMs: number; readonly prompts: number },
    observer: SilenceObserver,
  ) {
    this.#quiet = new Quiet(clock, options.afterMs, () => this.#silent());
    this.#prompts = options.prompts;
    this.#observer = observer;
  }

  callerSpeaks(): void {
    this.#prompted = 0;
    this.#quiet.callerSpeaks();
  }

  callerStopped(): void {
    this.#quiet.callerStopped();
  }

  /** Audio of the assistant's is about to be played. */
  assistantSpeaks(): void {
    this.#quiet.assistantSpeaks();
  }

  /** All of it has been heard. */
  assistantHeard(): void {
    this.#quiet.assistantHeard();
  }

  /** The caller pressed a key. */
  digit(): void {
    this.#prompted = 0;
    this.#watch();
  }

  /** Silence means nothing until each reason there was has gone. */
  pause(why: SilencePause): void {
    this.#pauses.add(why);
    this.#watch();
  }

  resume(why: SilencePause): void {
    if (this.#pauses.delete(why)) this.#watch();
  }

  /** For good. */
  stop(): void {
    this.#over = true;
    this.#watch();
  }

  #watch(): void {
    if (this.#over || this.#pauses.size > 0) this.#quiet.stop();
    else this.#quiet.watch();
  }

  #silent(): void {
    if (this.#prompted >= this.#prompts) {
      this.stop();
      return this.#observer.giveUp();
    }
    // A prompt that the model never speaks is followed by the next one.
    this.#watch();
    this.#observer.prompt(++this.#prompted);
  }
}
