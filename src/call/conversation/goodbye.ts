import type { Cancel, Clock } from "../../clock.ts";
import type { Heard, ModelSession } from "../../model/session.ts";

/** A goodbye not heard by then is not waited for any longer (ms). */
export const GOODBYE_MS = 15_000;

/** What a goodbye needs of its call. */
export interface GoodbyeOptions {
  readonly clock: Clock;
  readonly session: ModelSession;
  /** Ends what is being played; says how much of it was heard. */
  readonly cut: () => readonly Heard[];
  /** Runs `then` when all that was said has been heard. */
  readonly whenHeard: (then: () => void) => void;
  /** What the model is told to say. */
  readonly instructions: string;
  /** Called once. */
  readonly over: (heard: boolean) => void;
}

/**
 * Has the assistant say goodbye, at once, and tells when the caller has heard it.
 *
 * Nothing interrupts it: the model no longer listens. `docs/design/admission-and-drain.md` has the races.
 */
export class Goodbye {
  readonly #cap: Cancel;
  readonly #over: (heard: boolean) => void;

  constructor({ clock, session, cut, whenHeard, instructions, over }: GoodbyeOptions) {
    this.#over = over;
    this.#cap = clock.after(GOODBYE_MS, () => this.#finish(false));
    session.stopListening();
    session.interrupted(cut());
    session.stopSpeech();
    session.requestSpeech({
      instructions,
      answered: ({ spoke }) => {
        if (spoke) whenHeard(() => this.#finish(true));
        else this.#finish(false);
      },
    });
  }

  /** The call is over anyway. */
  stop(): void {
    this.#cap();
  }

  #finish(heard: boolean): void {
    this.#cap();
    this.#over(heard);
  }
}
