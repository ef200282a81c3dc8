/** Waits, for keys and for time. */

/** Waits so long (ms), and no longer than until it is cut off. */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

/** Resolves when it is cut off. */
export function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** The keys a `<Gather>` asks for. */
export class Gathering {
  /** What was pressed, without the key that ends it. */
  digits = "";
  #verb;
  #begun = new AbortController();
  #done = new AbortController();
  #over;
  #waits = 0;

  /** @param verb `{ digits, finishOnKey, seconds }`. @param over Cuts it off: the call is over. */
  constructor(verb, over) {
    this.#verb = verb;
    this.#over = over;
  }

  /** Cut off by the first key: what is said meanwhile is not listened to any more. */
  get prompting() {
    return AbortSignal.any([this.#begun.signal, this.#over]);
  }

  press(key) {
    if (this.#done.signal.aborted) return;
    this.#begun.abort();
    if (this.#verb.finishOnKey.includes(key)) return this.#done.abort();
    this.digits += key;
    if (this.digits.length >= this.#verb.digits) this.#done.abort();
    else this.#wait();
  }

  /** Waits for what is still to be pressed. */
  async end() {
    if (this.digits === "") this.#wait();
    await aborted(AbortSignal.any([this.#done.signal, this.#over]));
    this.#done.abort();
  }

  /** Each key starts the time anew. */
  async #wait() {
    const mine = ++this.#waits;
    await pause(this.#verb.seconds * 1000, AbortSignal.any([this.#done.signal, this.#over]));
    if (mine === this.#waits) this.#done.abort();
  }
}
