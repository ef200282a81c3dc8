import type { ResponseRequest } from "../model_interface.ts";

/**
 * Sends `response.create`, one at a time.
 *
 * The vendor allows one response at a time, and its voice activity detection creates responses too. A request can
 * therefore lose a race the client cannot see: the server rejects it, and the queue sends it again after that response.
 * A request with `yieldsToCaller` is dropped instead if that response belongs to a caller turn that ended after it.
 */
export class ResponseQueue {
  readonly #send: (eventId: string, request: ResponseRequest) => void;
  #waiting: ResponseRequest[] = [];
  /** Sent, and neither created nor rejected yet. */
  #sent: { eventId: string; request: ResponseRequest } | undefined;
  #active: string | undefined;
  #open = false;
  #count = 0;
  #callerSpeaking = false;
  /** `yieldsToCaller` requests older than the end of the last caller turn. */
  readonly #stale = new WeakSet<ResponseRequest>();
  /** A request that was sent and then abandoned. */
  #abandoned: ResponseRequest | undefined;
  /** The waiting request of {@linkcode answerTurn}. */
  #turnAnswer: ResponseRequest | undefined;

  readonly #serverAnswers: boolean;

  /** @param serverAnswers Whether the server answers a caller's turn. Otherwise a request with `yieldsToCaller` does. */
  constructor(send: (eventId: string, request: ResponseRequest) => void, serverAnswers = true) {
    this.#send = send;
    this.#serverAnswers = serverAnswers;
  }

  /** Sends the requests made before the session was configured. */
  open(): void {
    this.#open = true;
    this.#flush();
  }

  /** ID of the response in progress. */
  get active(): string | undefined {
    return this.#active;
  }

  /** Whether a response is in progress or requested. */
  get hasPending(): boolean {
    return this.#active !== undefined || this.#sent !== undefined || this.#waiting.length > 0;
  }

  request(request: ResponseRequest): void {
    if (!this.#serverAnswers && request.yieldsToCaller) this.#dropStale();
    this.#waiting.push(request);
    this.#flush();
  }

  /**
   * Requests the response to the caller's turn, which is now in the conversation.
   *
   * @param serverMayAnswer Whether the server answers turns itself when it can: then the request is only for a turn that
   * ended while another response was in progress.
   */
  answerTurn(serverMayAnswer: boolean): void {
    if (serverMayAnswer && this.#active === undefined) return;
    const request: ResponseRequest = { yieldsToCaller: true };
    if (serverMayAnswer) this.#stale.add(request);
    this.#dropTurnAnswer();
    this.#turnAnswer = request;
    this.request(request);
  }

  /** Drops the requests that wait. A sent one is not repeated; its response does not count as requested. */
  abandon(): void {
    this.#waiting = [];
    this.#abandoned = this.#sent?.request;
  }

  /** Whether the response in progress was requested, and the request not abandoned. */
  get isActiveRequested(): boolean {
    return this.#sent !== undefined && this.#sent.request !== this.#abandoned;
  }

  created(responseId: string): void {
    this.#active = responseId;
    if (!this.#sent) this.#dropStale();
  }

  /** Holds back `yieldsToCaller` requests. */
  callerTurnStarted(): void {
    this.#callerSpeaking = true;
    // This turn's answer covers the one before.
    this.#dropTurnAnswer();
  }

  /** Marks waiting `yieldsToCaller` requests as stale: the response to this turn makes them unnecessary. */
  callerTurnEnded(): void {
    this.#callerSpeaking = false;
    for (const request of this.#waiting) if (request.yieldsToCaller) this.#stale.add(request);
    // Without the server's answers, the turn's own request may follow at its commit.
    if (this.#serverAnswers) this.#flush();
  }

  /** The caller's turn is in the conversation, and its answer was requested or is not due yet. */
  turnCommitted(): void {
    this.#flush();
  }

  /** @returns the request this response belongs to, or undefined if voice activity detection created it. */
  done(responseId: string): ResponseRequest | undefined {
    if (this.#active === responseId) this.#active = undefined;
    // A rejection arrives before the end of the response that caused it, so `#sent` was created.
    const request = this.#sent?.request;
    this.#sent = undefined;
    this.#flush();
    return request;
  }

  /**
   * Handles a server error.
   *
   * @returns whether it rejected a queued request because another response is in progress.
   */
  handleError(eventId: string | undefined, code: string | undefined): boolean {
    const sent = this.#sent;
    if (!sent || sent.eventId !== eventId) return false;
    this.#sent = undefined;
    if (code !== "conversation_already_has_active_response") {
      this.#flush();
      return false;
    }
    if (!this.#stale.has(sent.request) && sent.request !== this.#abandoned) {
      this.#waiting.unshift(sent.request);
      sent.request.onPostponed?.();
    }
    return true;
  }

  #dropStale(): void {
    this.#waiting = this.#waiting.filter((request) => !this.#stale.has(request));
  }

  #dropTurnAnswer(): void {
    this.#waiting = this.#waiting.filter((request) => request !== this.#turnAnswer);
  }

  #flush(): void {
    if (!this.#open || this.#active !== undefined || this.#sent) return;
    const next = this.#waiting.findIndex(({ yieldsToCaller }) => !yieldsToCaller || !this.#callerSpeaking);
    const [request] = next < 0 ? [] : this.#waiting.splice(next, 1);
    if (!request) return;
    this.#sent = { eventId: `parley_response_${++this.#count}`, request };
    this.#send(this.#sent.eventId, request);
  }
}
