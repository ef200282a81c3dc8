import { BoundedMap } from "../../../bounded_map.ts";
import type { Clock } from "../../../clock.ts";
import { KEY_LIFETIME_MS } from "../../../records/placements.ts";
import type { RemoteCallStore } from "../../../records/remote_call_store.ts";

const MAX_KEYS = 10_000;

interface Entry<Answer> {
  readonly request: string;
  /** On the clock's `now` scale. */
  readonly startedAt: number;
  /** Undefined when the key was used for another request. */
  readonly response: Promise<Answer | undefined>;
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

/** Keeps keys across restarts. */
export type PlacementJournal = Pick<RemoteCallStore, "beginPlacement" | "endPlacement">;

export interface IdempotencyKeysOptions<Answer> {
  readonly clock: Clock;
  /**
   * Whether an answer is kept for its key. After an answer that is not, such as a refusal, the key may be
   * used again.
   */
  readonly isFinal: (answer: Answer) => boolean;
  /** Answer to a request that an earlier process did not finish. */
  readonly interrupted: Answer;
  /** Undefined: keys last as long as the process. */
  readonly journal: PlacementJournal | undefined;
}

/**
 * Runs requests with the same key once and gives all of them the same answer, also while the first one is
 * running.
 *
 * Source: https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
 */
export class IdempotencyKeys<Answer> {
  readonly #options: IdempotencyKeysOptions<Answer>;
  readonly #entries = new BoundedMap<string, Entry<Answer>>(MAX_KEYS);

  constructor(options: IdempotencyKeysOptions<Answer>) {
    this.#options = options;
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
    // A request that is being aborted cannot be joined.
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
    return entry && this.#options.clock.now() - entry.startedAt < KEY_LIFETIME_MS ? entry : undefined;
  }

  #start(key: string, request: string, work: (abandoned: AbortSignal) => Promise<Answer>): Entry<Answer> {
    const { clock, isFinal } = this.#options;
    const abandoned = new AbortController();
    const response = this.#runOnce(key, request, () => work(abandoned.signal));
    const entry = { request, startedAt: clock.now(), response, abandoned, waiting: 0 };
    const forget = () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    };
    response.then((answer) => (answer !== undefined && isFinal(answer)) || forget(), forget);
    this.#entries.set(key, entry);
    return entry;
  }

  /** Runs a request that this process does not know, unless an earlier process did. */
  async #runOnce(key: string, request: string, work: () => Promise<Answer>): Promise<Answer | undefined> {
    const { journal, isFinal, interrupted } = this.#options;
    const earlier = journal && await journal.beginPlacement(key, request);
    if (earlier?.sameRequest === false) return undefined;
    if (earlier) return earlier.answer === undefined ? interrupted : JSON.parse(earlier.answer);
    let finalAnswer: string | undefined;
    try {
      const answer = await work();
      if (isFinal(answer)) finalAnswer = JSON.stringify(answer);
      return answer;
    } finally {
      journal?.endPlacement(key, finalAnswer);
    }
  }

  async #join(entry: Entry<Answer>, signal: AbortSignal): Promise<Answer | undefined> {
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
