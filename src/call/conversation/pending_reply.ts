import type { Clock } from "../../clock.ts";
import type { ModelSession, ResponseRequest } from "../../model/model_interface.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import type { Transcript } from "./transcript.ts";
import type { TurnTimer } from "./turn_timer.ts";

/** How long a request for speech waits for a session (ms). */
const REQUEST_MS = 10_000;

/** Input the model has not answered: the caller's last words, and results of functions it called. */
export class PendingReply {
  readonly #transcript: Transcript;
  readonly #turns: TurnTimer;
  /** The caller's items since the model's last answer, and whether each has ended. */
  readonly #callerItems = new Map<string, boolean>();
  /** IDs of function and MCP calls whose result the model does not have yet. */
  readonly #functionCalls = new Set<string>();
  readonly #clock: Clock;
  #mustSpeak = false;
  #request: { readonly request: ResponseRequest; readonly at: number } | undefined;

  constructor(transcript: Transcript, turns: TurnTimer, events: CallEventStream, clock: Clock) {
    this.#clock = clock;
    this.#transcript = transcript;
    this.#turns = turns;
    events.on("caller started speaking", ({ itemId }) => {
      if (itemId !== undefined) this.#callerItems.set(itemId, false);
    });
    events.on("caller stopped speaking", ({ itemId }) => {
      if (itemId !== undefined) this.#callerItems.set(itemId, true);
    });
    events.on("turn dismissed", ({ itemId }) => {
      if (itemId !== undefined) this.#callerItems.delete(itemId);
    });
    events.on("assistant started speaking", () => this.markTurnAnswered());
    events.on("function called", ({ call }) => {
      // Another session must not answer the same words: it would call the function again.
      this.markTurnAnswered();
      this.#functionCalls.add(call.callId);
    });
    events.on(["tools cancelled", "goodbye started", "call ending"], () => this.#functionCalls.clear());
    events.on("mcp call started", ({ call }) => this.#functionCalls.add(call.id));
    events.on("mcp call ended", ({ call }) => this.#functionCalls.delete(call.id));
  }

  /**
   * Whether the next session must speak without waiting for the caller. False while a function runs: its result makes the
   * model speak.
   */
  get mustSpeak(): boolean {
    return this.#mustSpeak && this.#functionCalls.size === 0;
  }

  /** Whether the caller said something that has no answer yet. */
  get hasCallerItems(): boolean {
    return this.#callerItems.size > 0;
  }

  /** Speech was requested while there was no session. The last request is kept. */
  speechRequested(request: ResponseRequest): void {
    // A request with instructions says more than one to answer.
    if (this.#request && !request.instructions && this.#keptRequest?.instructions) return;
    this.#request = { request, at: this.#clock.now() };
  }

  /** @returns the request that waits for a session, once. */
  takeRequest(): ResponseRequest | undefined {
    const request = this.#keptRequest;
    this.#request = undefined;
    return request;
  }

  get #keptRequest(): ResponseRequest | undefined {
    if (!this.#request || this.#clock.now() - this.#request.at > REQUEST_MS) return undefined;
    return this.#request.request;
  }

  markTurnAnswered(): void {
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
   * @returns whether the next session needs the audio of that turn. It gets either the text or the audio.
   */
  sessionLost(session: ModelSession | undefined, inTurn: boolean, retryDue: boolean): boolean {
    const items = [...this.#callerItems];
    this.#callerItems.clear();
    const hasText = items.length > 0 &&
      items.every(([itemId, ended]) => ended && this.#transcript.hasText(itemId));
    const interrupted = session?.hasPendingResponse || retryDue;
    this.#mustSpeak = hasText || !inTurn && interrupted === true;
    if (hasText) return false;
    for (const [itemId, ended] of items) {
      if (this.#transcript.revert(itemId) && ended) this.#turns.revertTurn();
    }
    return inTurn;
  }
}
