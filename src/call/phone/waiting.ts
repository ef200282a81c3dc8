import { holdTone } from "../../audio/hold_tone.ts";
import type { Cancel, Clock } from "../../clock.ts";
import { Quiet } from "./quiet.ts";

/** Length of the tone (ms), played again and again: one swell. */
const LOOP_MS = 2_000;
const LOOP = holdTone(LOOP_MS);

/** How the caller is told to wait. */
export interface WaitingObserver {
  /** Has the model say so. */
  say(phrase: string): void;
  /** Plays µ-law audio after what is being played. */
  play(audio: Uint8Array): void;
  /** Ends what {@linkcode play} plays, at once. */
  stop(): void;
}

/**
 * Lets the caller hear that something is being done while tools run and nobody speaks: a phrase, once, or a tone until they
 * are done. Whoever speaks ends the tone.
 */
export class Waiting {
  readonly #clock: Clock;
  readonly #phrase: string | undefined;
  readonly #observer: WaitingObserver;
  readonly #quiet: Quiet;
  #running = false;
  #told = false;
  #tone: Cancel | undefined;

  /** @param options How long nothing may be heard (ms), and what is said then; without it, a tone is played. */
  constructor(
    clock: Clock,
    options: { readonly afterMs: number; readonly say?: string | undefined },
    observer: WaitingObserver,
  ) {
    this.#clock = clock;
    this.#phrase = options.say;
    this.#observer = observer;
    this.#quiet = new Quiet(clock, options.afterMs, () => this.#tell());
  }

  /** A tool runs; more may follow. */
  started(): void {
    if (this.#running) return;
    this.#running = true;
    this.#told = false;
    this.#quiet.watch();
  }

  /** No tool runs any longer, or the call is over. */
  done(): void {
    this.#running = false;
    this.#quiet.stop();
    this.#endTone();
  }

  callerSpeaks(): void {
    this.#endTone();
    this.#quiet.callerSpeaks();
  }

  callerStopped(): void {
    this.#quiet.callerStopped();
  }

  /** The model's audio is about to be queued: before that, for what the tone has queued would go first. */
  assistantSpeaks(): void {
    this.#endTone();
    this.#quiet.assistantSpeaks();
  }

  /** All of it has been heard. */
  assistantHeard(): void {
    this.#quiet.assistantHeard();
  }

  #tell(): void {
    if (!this.#phrase) return this.#playTone();
    if (this.#told) return;
    this.#told = true;
    this.#observer.say(this.#phrase);
  }

  // A timer that is late leaves a gap between two swells, where it is silent anyway.
  #playTone(): void {
    this.#tone = this.#clock.after(LOOP_MS, () => this.#playTone());
    this.#observer.play(LOOP);
  }

  #endTone(): void {
    if (!this.#tone) return;
    this.#tone();
    this.#tone = undefined;
    this.#observer.stop();
  }
}
