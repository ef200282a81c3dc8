import type { SpeechRequest } from "../session.ts";

/**
 * The one owner of `response.create`.
 *
 * The vendor allows one response at a time, and its voice activity detection creates responses by itself, so a request
 * can lose a race that cannot be seen from here: it is then refused, and asked again when that response is done; unless it
 * lapses, and the response came of a turn that ended after it was asked for.
 */
export class ResponseQueue {
  readonly #send: (eventId: string, request: SpeechRequest) => void;
  #waiting: SpeechRequest[] = [];
  /** Sent, and neither created nor refused as far as we know. */
  #sent: { eventId: string; request: SpeechRequest } | undefined;
  #active: string | undefined;
  #open = false;
  #count = 0;
  #callerSpeaking = false;
  /** Lapsing requests from before the caller's last turn ended. */
  readonly #stale = new WeakSet<SpeechRequest>();

  constructor(send: (eventId: string, request: SpeechRequest) => void) {
    this.#send = send;
  }

  /** The session is configured: what has been asked for so far goes out. */
  open(): void {
    this.#open = true;
    this.#flush();
  }

  /** The response the model is working on. */
  get active(): string | undefined {
    return this.#active;
  }

  /** Whether a response is being made, or is to be. */
  get busy(): boolean {
    return this.#active !== undefined || this.#sent !== undefined || this.#waiting.length > 0;
  }

  request(request: SpeechRequest): void {
    this.#waiting.push(request);
    this.#flush();
  }

  created(responseId: string): void {
    this.#active = responseId;
    if (!this.#sent) this.#waiting = this.#waiting.filter((request) => !this.#stale.has(request));
  }

  /** The caller began to speak: what lapses waits. */
  turnTaken(): void {
    this.#callerSpeaking = true;
  }

  /** The caller's turn is over: its answer makes needless what lapses and was asked for before. */
  turnEnded(): void {
    this.#callerSpeaking = false;
    for (const request of this.#waiting) if (request.lapses) this.#stale.add(request);
    this.#flush();
  }

  /** @returns the request this was the response to; nothing where voice activity detection had asked for it. */
  done(responseId: string): SpeechRequest | undefined {
    if (this.#active === responseId) this.#active = undefined;
    // Refusals arrive before the response that caused them is done, so ours was created or made void by now.
    const request = this.#sent?.request;
    this.#sent = undefined;
    this.#flush();
    return request;
  }

  /**
   * Takes an error the server gave for one of our events.
   *
   * @returns whether it was about a response that could not be created now, and will be asked for again.
   */
  refused(eventId: string | undefined, code: string | undefined): boolean {
    const sent = this.#sent;
    if (!sent || sent.eventId !== eventId) return false;
    this.#sent = undefined;
    if (code !== "conversation_already_has_active_response") {
      this.#flush();
      return false;
    }
    if (!this.#stale.has(sent.request)) this.#waiting.unshift(sent.request);
    return true;
  }

  #flush(): void {
    if (!this.#open || this.#active !== undefined || this.#sent) return;
    const next = this.#waiting.findIndex(({ lapses }) => !lapses || !this.#callerSpeaking);
    const [request] = next < 0 ? [] : this.#waiting.splice(next, 1);
    if (!request) return;
    this.#sent = { eventId: `parley_response_${++this.#count}`, request };
    this.#send(this.#sent.eventId, request);
  }
}
