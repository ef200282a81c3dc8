import type { ModelSession } from "../../model/session.ts";
import type { Transcript } from "./transcript.ts";
import type { Turns } from "./turns.ts";

/** What the caller is owed: an answer to what they said, and what came of functions that were called for it. */
export class Owed {
  readonly #transcript: Transcript;
  readonly #turns: Turns;
  /** What the caller said since the model's last answer, and whether they had ceased to. */
  readonly #said = new Map<string, boolean>();
  /** Functions the model called, and was not told yet what came of it. */
  readonly #functions = new Set<string>();
  #owing = false;

  constructor(transcript: Transcript, turns: Turns) {
    this.#transcript = transcript;
    this.#turns = turns;
  }

  /** Whether something is to be said that no session was left to say, and that is no answer to the caller's last turn. */
  get owing(): boolean {
    return this.#owing;
  }

  /** Something is to be said, and there is no session to say it. */
  unsaid(): void {
    this.#owing = true;
  }

  callerSpeaks(itemId: string): void {
    this.#said.set(itemId, false);
  }

  callerStopped(itemId: string): void {
    this.#said.set(itemId, true);
  }

  /** The caller's turn has its answer. */
  answered(): void {
    this.#said.clear();
  }

  functionCalled(callId: string): void {
    this.#functions.add(callId);
  }

  functionAnswered(callId: string): void {
    this.#functions.delete(callId);
  }

  /** Nobody waits any more for what functions come to. */
  functionsStopped(): void {
    this.#functions.clear();
  }

  /**
   * The session was lost.
   *
   * @param inTurn Whether a turn of the caller's is said to the next one, which answers it.
   * @param answerDue Whether an answer that failed was to be asked for again.
   */
  sessionLost(session: ModelSession | undefined, inTurn: boolean, answerDue: boolean): void {
    this.#owing = !inTurn && (session?.busy || answerDue || this.#functions.size > 0);
    for (const [itemId, ceased] of this.#said) {
      if (this.#transcript.takeBack(itemId) && ceased) this.#turns.takenBack();
    }
    this.#said.clear();
  }
}
