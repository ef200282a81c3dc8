import type { Clock } from "../../clock.ts";
import type { ModelSession } from "../../model/model_interface.ts";
import type { AssistantSpeech } from "./assistant_speech.ts";
import { PlaybackDeadline } from "./playback_deadline.ts";

export interface GoodbyeOptions {
  readonly clock: Clock;
  readonly session: ModelSession;
  readonly speech: Pick<AssistantSpeech, "interrupt" | "whenPlayed" | "progress">;
  /** The model's instructions. */
  readonly instructions: string;
  /** Called once, with whether the caller heard the goodbye. */
  readonly onEnd: (heard: boolean) => void;
}

/**
 * Makes the assistant say goodbye now, and reports when the caller has heard it.
 *
 * Nothing interrupts it: the model stops listening. `docs/design/admission-and-drain.md` has the races.
 */
export class Goodbye {
  readonly #options: GoodbyeOptions;
  readonly #deadline: PlaybackDeadline;

  constructor(options: GoodbyeOptions) {
    this.#options = options;
    const { clock, session, speech, instructions } = options;
    session.stopListening();
    this.#breakOff();
    this.#deadline = new PlaybackDeadline(clock, () => speech.progress, () => this.#end(false));
    session.requestResponse({
      instructions,
      // A response to the caller that the model created in the meantime.
      onPostponed: () => this.#breakOff(),
      onDone: ({ hasAudio }) => {
        if (hasAudio) speech.whenPlayed(() => this.#end(true));
        else this.#end(false);
      },
    });
  }

  stop(): void {
    this.#deadline.cancel();
  }

  #breakOff(): void {
    const { session, speech } = this.#options;
    session.interrupt(speech.interrupt());
    session.cancelResponse();
  }

  #end(heard: boolean): void {
    this.stop();
    this.#options.onEnd(heard);
  }
}
