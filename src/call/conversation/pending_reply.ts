import type { ModelSession } from "../../model/model_interface.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import type { Transcript } from "./transcript.ts";
import type { TurnTimer } from "./turn_timer.ts";

/** Input the model has not answered: the caller's last words, and results of functions it called. */
export class PendingReply {
  readonly #transcript: Transcript;
  readonly #turns: TurnTimer;
  /** The caller's items since the model's last answer, and whether each has ended. */
  readonly #callerItems = new Map<string, boolean>();
  /** Calls of functions and MCP tools whose result the model has not been given. */
  readonly #functionCalls = new Set<string>();
  #unspoken = false;

  constructor(transcript: Transcript, turns: TurnTimer, events: CallEventStream) {
    this.#transcript = transcript;
    this.#turns = turns;
    events.on("caller started speaking", ({ itemId }) => {
      if (itemId !== undefined) this.#callerItems.set(itemId, false);
    });
    events.on("caller stopped speaking", ({ itemId }) => {
      if (itemId !== undefined) this.#callerItems.set(itemId, true);
    });
    events.on("assistant started speaking", () => this.turnAnswered());
    events.on("function called", ({ call }) => {
      // Another session must not answer the same words: it would call the function again.
      this.turnAnswered();
      this.#functionCalls.add(call.callId);
    });
    events.on(["tools cancelled", "goodbye started", "call ending"], () => this.#functionCalls.clear());
    events.on("mcp call started", ({ call }) => this.#functionCalls.add(call.id));
    events.on("mcp call ended", ({ call }) => this.#functionCalls.delete(call.id));
  }

  /**
   * Whether the next session has to speak by itself, and not because it answers the caller's last turn. False while a
   * function runs: its result makes the model speak.
   */
  get unspoken(): boolean {
    return this.#unspoken && this.#functionCalls.size === 0;
  }

  /** Speech was requested while there was no session. */
  addUnspoken(): void {
    this.#unspoken = true;
  }

  turnAnswered(): void {
    this.#callerItems.clear();
  }

  functionAnswered(callId: string): void {
    this.#functionCalls.delete(callId);
  }

  /**
   * The session was lost.
   *
   * @param inTurn Whether the caller's last turn is not answered.
   * @param retryDue Whether a failed response was about to be requested again.
   * @returns whether the next session needs the audio of that turn. It is given either its text or its audio.
   */
  sessionLost(session: ModelSession | undefined, inTurn: boolean, retryDue: boolean): boolean {
    const items = [...this.#callerItems];
    this.#callerItems.clear();
    const written = items.length > 0 &&
      items.every(([itemId, ended]) => ended && this.#transcript.hasText(itemId));
    const interrupted = session?.hasPendingResponse || retryDue;
    this.#unspoken = written || !inTurn && interrupted === true;
    if (written) return false;
    for (const [itemId, ended] of items) {
      if (this.#transcript.revert(itemId) && ended) this.#turns.revertTurn();
    }
    return inTurn;
  }
}
