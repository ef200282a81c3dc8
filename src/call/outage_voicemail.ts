import type { Cancel, Clock } from "../clock.ts";
import type { CallerLevel } from "./conversation/caller_level.ts";

/** Maximum length (ms). */
const MAX_MS = 120_000;
/** Silence after speech that ends it (ms). */
const SILENCE_MS = 5_000;
/** Time for the caller to begin (ms). */
const BEGIN_MS = 10_000;

export interface VoicemailOptions {
  readonly level: CallerLevel;
  readonly clock: Clock;
  /** Called once, when the caller has finished, or has not begun. */
  readonly onEnd: () => void;
}

/** Listens to a message of the caller from now on, without a model, until it is over. */
export class Voicemail {
  readonly #options: VoicemailOptions;
  readonly #cancelLimit: Cancel;
  #cancelSilence: Cancel;
  #heard: boolean;
  #ended = false;

  constructor(options: VoicemailOptions) {
    const { clock, level } = this.#options = options;
    this.#heard = level.speaking;
    this.#cancelLimit = clock.after(MAX_MS, () => this.#end());
    this.#cancelSilence = this.#heard ? () => {} : clock.after(BEGIN_MS, () => this.#end());
    level.onEdge((speaking) => this.#changed(speaking));
  }

  /** Whether the caller has said something. */
  get heard(): boolean {
    return this.#heard;
  }

  /** Stops listening, without {@linkcode VoicemailOptions.onEnd}. */
  stop(): void {
    this.#ended = true;
    this.#cancelLimit();
    this.#cancelSilence();
  }

  #changed(speaking: boolean): void {
    if (this.#ended) return;
    const { clock, level } = this.#options;
    this.#cancelSilence();
    if (speaking) this.#heard = true;
    // The end of speech is noticed late.
    else this.#cancelSilence = clock.after(SILENCE_MS - level.silentForMs, () => this.#end());
  }

  #end(): void {
    this.stop();
    this.#options.onEnd();
  }
}
