import { PlaybackDeadline } from "../conversation/playback_deadline.ts";
import type { CallParts } from "../call_parts.ts";

const CANCELLED =
  "The caller spoke before that happened, so it was cancelled. Listen to them. Do it again if they still want it.";

export type AfterPlaybackOptions = Pick<CallParts, "model" | "speech" | "events" | "clock" | "log">;

/** An action that waits for the assistant's last words. */
interface PendingAction {
  /** Used for another response if the first has no audio. */
  readonly instructions: string;
  readonly run: () => void;
  readonly deadline: PlaybackDeadline;
  /** The response in which the action was decided has finished. */
  responseFinished: boolean;
  /** The last words were received and only have to be played. */
  announced: boolean;
}

/** Hangs up or transfers once the caller has heard the assistant's last words. A caller who speaks first cancels it. */
export class AfterPlayback {
  readonly #options: AfterPlaybackOptions;
  #pending: PendingAction | undefined;

  constructor(options: AfterPlaybackOptions) {
    this.#options = options;
    const { events } = options;
    events.on("response finished", ({ response }) => this.#responseFinished(response.hasAudio));
    events.on("turn confirmed", () => this.#cancelForCaller());
    // Last words that were received are still played, and the action follows.
    events.on("session failed", () => {
      if (!this.#pending?.announced) this.#cancel();
    });
    events.on(
      ["transfer started", "language switched", "goodbye started", "call ending"],
      () => this.#cancel(),
    );
  }

  /** Whether an action waits. */
  get waiting(): boolean {
    return this.#pending !== undefined;
  }

  /**
   * Runs `run` when the response in progress was heard or has failed. It replaces an action that waits. If the caller is
   * speaking, it is cancelled at once.
   *
   * @param instructions Used for another response if the first has no audio.
   */
  schedule(instructions: string, run: () => void): void {
    this.#cancel();
    const { clock, speech } = this.#options;
    const deadline = new PlaybackDeadline(clock, () => speech.playout.progress, () => this.#finish(action));
    const action = { instructions, run, deadline, responseFinished: false, announced: false };
    this.#pending = action;
    if (speech.callerInTurn) this.#cancelForCaller();
  }

  #responseFinished(hasAudio: boolean): void {
    const action = this.#pending;
    if (!action || action.responseFinished) return;
    action.responseFinished = true;
    if (hasAudio) return this.#finishWhenPlayed(action);
    this.#options.model.requestResponse({
      instructions: action.instructions,
      yieldsToCaller: true,
      onDone: ({ hasAudio }) => hasAudio ? this.#finishWhenPlayed(action) : this.#finish(action),
    });
  }

  #finishWhenPlayed(action: PendingAction): void {
    action.announced = true;
    this.#options.speech.playout.whenPlayed(() => this.#finish(action));
  }

  /** Runs an action that was not cancelled. */
  #finish(action: PendingAction): void {
    if (action !== this.#pending) return;
    this.#cancel();
    action.run();
  }

  #cancelForCaller(): void {
    if (!this.#pending) return;
    this.#cancel();
    this.#options.log.info("action cancelled");
    this.#options.model.addNote(CANCELLED);
  }

  #cancel(): void {
    this.#pending?.deadline.cancel();
    this.#pending = undefined;
  }
}
