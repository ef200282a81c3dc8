import type { Answer } from "./session.ts";

/** What is asked of the model in one `response.create`. */
export interface ResponseRequest {
  readonly instructions?: string;
  /** Told how the response to this very request ended. */
  readonly answered?: ((answer: Answer) => void) | undefined;
}

/**
 * The one owner of `response.create`.
 *
 * The vendor allows one response at a time, and its voice activity detection creates responses by itself, so a request
 * can lose a race that cannot be seen from here: it is then refused, and asked again when that response is done.
 */
export class ResponseQueue {
  readonly #send: (eventId: string, request: ResponseRequest) => void;
  #waiting: ResponseRequest[] = [];
  /** Sent, and neither created nor refused as far as we know. */
  #sent: { eventId: string; request: ResponseRequest } | undefined;
  #active: string | undefined;
  #count = 0;

  constructor(send: (eventId: string, request: ResponseRequest) => void) {
    this.#send = send;
  }

  /** The response the model is working on. */
  get active(): string | undefined {
    return this.#active;
  }

  request(request: ResponseRequest): void {
    this.#waiting.push(request);
    this.#flush();
  }

  created(responseId: string): void {
    this.#active = responseId;
  }

  /** @returns the request this was the response to; nothing where voice activity detection had asked for it. */
  done(responseId: string): ResponseRequest | undefined {
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
    this.#waiting.unshift(sent.request);
    return true;
  }

  #flush(): void {
    if (this.#active !== undefined || this.#sent) return;
    const request = this.#waiting.shift();
    if (!request) return;
    this.#sent = { eventId: `parley_response_${++this.#count}`, request };
    this.#send(this.#sent.eventId, request);
  }
}
