import { BoundedMap } from "../bounded_map.ts";
import type { Clock } from "../clock.ts";

/** How long a key is remembered (ms): 24 h. */
const REMEMBERED_MS = 86_400_000;
const MAX_KEYS = 10_000;

interface Entry<Answer> {
  readonly request: string;
  /** On the clock's `now` scale. */
  readonly startedAt: number;
  readonly response: Promise<Answer>;
  /** Aborts when no client waits any more. */
  readonly abandoned: AbortController;
  waiting: number;
}

export interface KeyedRequest {
  /** `Idempotency-Key`. */
  readonly key: string;
  /** The request's content as text, to recognise a key that is used for another request. */
  readonly request: string;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

/**
 * Runs requests with the same key once and gives all of them the same answer, also while the first one is running.
 *
 * Source: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
 */
export class IdempotencyKeys<Answer> {
  readonly #clock: Clock;
  readonly #isFinal: (answer: Answer) => boolean;
  readonly #entries = new BoundedMap<string, Entry<Answer>>(MAX_KEYS);

  /** @param isFinal Whether an answer is kept. After another one, such as a refusal, the key may be used again. */
  constructor(clock: Clock, isFinal: (answer: Answer) => boolean) {
    this.#clock = clock;
    this.#isFinal = isFinal;
  }

  /**
   * @param work Produces the answer. Its signal aborts when all clients that sent this key have gone.
   * @returns undefined when the key was used for another request.
   */
  async run(
    { key, request, signal }: KeyedRequest,
    work: (abandoned: AbortSignal) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    let entry = this.#find(key);
    // A request that is being given up cannot be joined.
    for (; entry?.abandoned.signal.aborted && entry.waiting === 0; entry = this.#find(key)) {
      await entry.response.catch(() => {});
      if (this.#find(key) === entry) break;
    }
    entry ??= this.#start(key, request, work);
    if (entry.request !== request) return undefined;
    return await this.#join(entry, signal);
  }

  #find(key: string): Entry<Answer> | undefined {
    const entry = this.#entries.get(key);
    return entry && this.#clock.now() - entry.startedAt < REMEMBERED_MS ? entry : undefined;
  }

  #start(key: string, request: string, work: (abandoned: AbortSignal) => Promise<Answer>): Entry<Answer> {
    const abandoned = new AbortController();
    const response = work(abandoned.signal);
    const entry = { request, startedAt: this.#clock.now(), response, abandoned, waiting: 0 };
    const forget = () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    response.then((value) => this.#isFinal(value) || forget(), forget);
    this.#entries.set(key, entry);
    return entry;
  }

  async #join(entry: Entry<Answer>, signal: AbortSignal): Promise<Answer> {
    entry.waiting++;
    const leave = () => {
      if (--entry.waiting === 0) entry.abandoned.abort();
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    try {
      return await entry.response;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }
}
