import { PlaybackDeadline } from "../conversation/playback_deadline.ts";
import type { CallParts } from "../call_parts.ts";

const CANCELLED =
  "The caller spoke before that happened, so it was called off. Listen to them; do it again if they still want it.";

export type AfterPlaybackOptions = Pick<CallParts, "model" | "speech" | "events" | "clock" | "log">;

/** Hangs up or transfers once the caller has heard the assistant's last words. A caller who speaks first cancels it. */
export class AfterPlayback {
  readonly #options: AfterPlaybackOptions;
  #action: PendingAction | undefined;

  constructor(options: AfterPlaybackOptions) {
    this.#options = options;
    const { events } = options;
    events.on("response finished", ({ response }) => this.#action?.responseFinished(response.hasAudio));
    events.on("caller started speaking", () => this.#cancelForCaller());
    // Last words that were said are still heard, and the action still follows.
    events.on("session failed", () => {
      if (!this.#action?.announced) this.#cancel();
    });
    events.on(
      ["transfer started", "language switched", "goodbye started", "call ending"],
      () => this.#cancel(),
    );
  }

  /**
   * Runs `action` when the response in progress was heard or has failed. It replaces an action that waits. A
   * caller who speaks at this moment cancels it.
   *
   * @param instructions Used for another response if the first has no audio.
   */
  schedule(instructions: string, action: () => void): void {
    this.#cancel();
    this.#action = new PendingAction(this.#options, instructions, action);
    if (this.#options.speech.callerSpeaking) this.#cancelForCaller();
  }

  #cancelForCaller(): void {
    if (!this.#action) return;
    this.#cancel();
    this.#options.log.info("action cancelled");
    this.#options.model.note(CANCELLED);
  }

  #cancel(): void {
    this.#action?.cancel();
    this.#action = undefined;
  }
}

class PendingAction {
  readonly #options: AfterPlaybackOptions;
  readonly #instructions: string;
  readonly #run: () => void;
  readonly #deadline: PlaybackDeadline;
  #done = false;
  #responseFinished = false;
  #announced = false;

  constructor(options: AfterPlaybackOptions, instructions: string, run: () => void) {
    this.#options = options;
    this.#instructions = instructions;
    this.#run = run;
    const { clock, speech } = options;
    this.#deadline = new PlaybackDeadline(clock, () => speech.progress, () => this.#finish());
  }

  /** Whether the last words were received and only have to be played. */
  get announced(): boolean {
    return this.#announced;
  }

  /** The response in which the action was decided has finished. */
  responseFinished(hasAudio: boolean): void {
    if (this.#responseFinished || this.#done) return;
    this.#responseFinished = true;
    if (hasAudio) return this.#whenPlayed();
    this.#options.model.say({
      instructions: this.#instructions,
      yieldsToCaller: true,
      onDone: ({ hasAudio }) => hasAudio ? this.#whenPlayed() : this.#finish(),
    });
  }

  cancel(): void {
    this.#done = true;
    this.#deadline.cancel();
  }

  #whenPlayed(): void {
    this.#announced = true;
    if (!this.#done) this.#options.speech.whenPlayed(() => this.#finish());
  }

  #finish(): void {
    if (this.#done) return;
    this.cancel();
    this.#run();
  }
}
