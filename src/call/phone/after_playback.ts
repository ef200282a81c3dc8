import type { Cancel, Clock } from "../../clock.ts";
import type { SpeechRequest } from "../../model/session.ts";
import { GOODBYE_MS } from "../conversation/goodbye.ts";

export interface AfterSpeechOptions {
  readonly clock: Clock;
  /** What the model is told to say where it said nothing by itself. */
  readonly instructions: string;
  readonly say: (request: SpeechRequest) => void;
  readonly whenHeard: (then: () => void) => void;
  readonly then: () => void;
}

/**
 * Something to do once the assistant's last words have been heard: to hang up, to pass the caller on.
 *
 * The last words are those of the answer in which it was decided; where there are none, the model is asked for some. A
 * caller who speaks up before calls it off.
 */
export class AfterSpeech {
  readonly #options: AfterSpeechOptions;
  readonly #cap: Cancel;
  #over = false;
  #answered = false;
  #said = false;

  constructor(options: AfterSpeechOptions) {
    this.#options = options;
    this.#cap = options.clock.after(GOODBYE_MS, () => this.#finish());
  }

  /** The answer in which it was decided has ended. */
  answered(spoke: boolean): void {
    if (this.#answered || this.#over) return;
    this.#answered = true;
    const { say, instructions } = this.#options;
    if (spoke) return this.#afterwards();
    say({ instructions, answered: ({ spoke }) => spoke ? this.#afterwards() : this.#finish() });
  }

  /** Whether the last words were said, and only have to be heard. */
  get said(): boolean {
    return this.#said;
  }

  callOff(): void {
    this.#over = true;
    this.#cap();
  }

  #afterwards(): void {
    this.#said = true;
    if (!this.#over) this.#options.whenHeard(() => this.#finish());
  }

  #finish(): void {
    if (this.#over) return;
    this.callOff();
    this.#options.then();
  }
}
