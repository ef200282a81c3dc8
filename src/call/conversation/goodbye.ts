import type { Clock } from "../../clock.ts";
import type { HeardItem, ModelSession } from "../../model/model_interface.ts";
import type { Playout } from "../../playout/playout.ts";
import { PlaybackDeadline } from "./playback_deadline.ts";

export interface GoodbyeOptions {
  readonly clock: Clock;
  readonly session: ModelSession;
  readonly speech: {
    interrupt(): readonly HeardItem[];
    readonly playout: Pick<Playout, "whenPlayed" | "progress">;
  };
  /** Instructions for the goodbye response. */
  readonly instructions: string;
  /** Called once, with whether the caller heard the goodbye. */
  readonly onEnd: (heard: boolean) => void;
}

/**
 * Makes the assistant say goodbye now, and reports when the caller has heard it.
 *
 * Nothing interrupts it: the model stops listening. `docs/design/admission-and-drain.md` describes the races.
 *
 * @returns a function that cancels the timeout.
 */
export function sayGoodbye({ clock, session, speech, instructions, onEnd }: GoodbyeOptions): () => void {
  const interrupt = () => {
    session.interrupt(speech.interrupt());
    session.cancelResponse();
  };
  const end = (heard: boolean) => {
    deadline.cancel();
    onEnd(heard);
  };
  session.stopListening();
  interrupt();
  const deadline = new PlaybackDeadline(clock, () => speech.playout.progress, () => end(false));
  session.requestResponse({
    instructions,
    // The model has created a response to the caller in the meantime: interrupt that one, too.
    onPostponed: interrupt,
    onDone: ({ hasAudio }) => {
      if (hasAudio) speech.playout.whenPlayed(() => end(true));
      else end(false);
    },
  });
  return () => deadline.cancel();
}
