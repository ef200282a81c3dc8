import { aborted, pause } from "./pause.js";

/** @import { Clock } from "../../clock.ts" */
/** @import { GatherVerb } from "./twiml_reader.js" */

/** The keys of one `<Gather>` (https://www.twilio.com/docs/voice/twiml/gather). */
export class KeyGatherer {
  /** The keys pressed so far, without the finishing key. */
  digits = "";
  #verb;
  #clock;
  #hungUp;
  #firstKey = new AbortController();
  #finished = new AbortController();
  #timeouts = 0;

  /** @param {GatherVerb} verb @param {Clock} clock @param {AbortSignal} hungUp */
  constructor(verb, clock, hungUp) {
    this.#verb = verb;
    this.#clock = clock;
    this.#hungUp = hungUp;
  }

  /** Aborts at the first key, which cuts the prompts off, and when the caller hangs up. */
  get prompting() {
    return AbortSignal.any([this.#firstKey.signal, this.#hungUp]);
  }

  /** @param {string} key */
  press(key) {
    if (this.#finished.signal.aborted) return;
    this.#firstKey.abort();
    if (this.#verb.finishOnKey.includes(key)) return this.#finished.abort();
    this.digits += key;
    if (this.digits.length >= this.#verb.numDigits) this.#finished.abort();
    else this.#startTimeout();
  }

  /** Waits for the last key, the timeout or the hang-up. Call it after the prompts. */
  async finish() {
    if (this.digits === "") this.#startTimeout();
    await aborted(this.#ended);
    this.#finished.abort();
  }

  get #ended() {
    return AbortSignal.any([this.#finished.signal, this.#hungUp]);
  }

  /** Called for each key, which restarts the timeout. */
  async #startTimeout() {
    const timeout = ++this.#timeouts;
    await pause(this.#clock, this.#verb.timeoutSeconds * 1000, this.#ended);
    if (timeout === this.#timeouts) this.#finished.abort();
  }
}
